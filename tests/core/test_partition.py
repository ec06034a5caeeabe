"""Partition keys."""

from datetime import date

import pytest

from core.errors import NotAPartition
from core.partition import day_of, days_of, last_day, range_key, window


@pytest.mark.parametrize("key", [None, "", "latest", "2026-13-01", "2026-1-5", "2026-11-21T00"])
def test_what_is_not_a_day_is_refused_with_what_came(key):
    with pytest.raises(NotAPartition, match=r"expected a day like .* got"):
        day_of(key)


def test_a_range_holds_both_of_its_ends():
    assert days_of("2026-11-20..2026-11-22") == [
        date(2026, 11, 20),
        date(2026, 11, 21),
        date(2026, 11, 22),
    ]


def test_a_range_that_runs_backwards_is_refused():
    with pytest.raises(NotAPartition, match="forward in time"):
        days_of("2026-11-22..2026-11-20")


def test_a_range_of_one_day_is_that_day():
    assert range_key(date(2026, 11, 21), date(2026, 11, 21)) == "2026-11-21"


def test_a_result_is_known_at_the_last_day_of_its_key():
    assert last_day("2026-10-18..2026-11-21") == date(2026, 11, 21)


def test_a_window_ends_with_its_last_day():
    assert window(date(2026, 3, 1), 2) == [date(2026, 2, 28), date(2026, 3, 1)]
