"""Money adds up to the cent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from core.money import Money, largest_remainder


@given(
    st.integers(-(10**9), 10**9),
    st.lists(st.floats(0, 1e6, allow_subnormal=False), min_size=1, max_size=30),
)
def test_parts_always_sum_to_the_total(total, weights):
    assert sum(largest_remainder(total, weights)) == total


def test_the_largest_remainders_get_the_odd_cents():
    assert largest_remainder(100, [1, 1, 1]) == [34, 33, 33]
    assert largest_remainder(10, [0.15, 0.25, 0.6]) == [2, 2, 6]


def test_a_negative_weight_is_refused():
    with pytest.raises(BadInput, match="weights >= 0"):
        largest_remainder(5, [1, -1])


def test_two_currencies_never_add():
    with pytest.raises(BadInput, match="expected USD, got EUR"):
        Money(100) + Money(100, "EUR")


def test_money_reads_as_an_amount():
    assert str(Money(-1205)) == "-12.05 USD"
