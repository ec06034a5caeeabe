"""How much of a delivery, and of each of its days, may be broken."""

import pytest

from core.errors import DataRejected
from core.schema import asset_schema
from pipelines.gate import Delivery, split, split_all
from pipelines.gate_rules import compile_rule
from tests.gate_rows import DAY, FOUND, rules, table


def test_too_many_bad_rows_reject_the_delivery_with_rules_and_counts():
    trips = asset_schema("trips")
    rows = table("trips", *[{}] * 8, {"gross_fare": -1}, {"gross_fare": -1, "tips": -1})
    with pytest.raises(DataRejected) as error:
        split(rows, trips, DAY, FOUND, rules("trips"), tolerated=0.19)
    assert "expected at most 19.0% bad rows, got 2 of 10 (20.0%)" in str(error.value)
    assert "rule between:gross_fare (column gross_fare" in str(error.value)
    assert "2 rows" in str(error.value)
    assert split(rows, trips, DAY, FOUND, rules("trips"), tolerated=0.2)[1].num_rows == 2


def two_days(*bad):
    """Twenty good rows on one day, four rows on the next, some of them bad."""
    changes = [{"trip_id": f"next-{i}", "tips": -1 if i in bad else 0} for i in range(4)]
    return [
        Delivery("2026-11-20", FOUND, table("trips", *[{}] * 20)),
        Delivery("2026-11-21", FOUND, table("trips", *changes)),
    ]


def test_a_range_does_not_hide_a_day_that_is_broken_beyond_its_own_share():
    trips, shares = asset_schema("trips"), {"tolerated": 0.2, "tolerated_day": 0.5}
    with pytest.raises(DataRejected) as error:
        split_all(two_days(0, 1, 3), trips, rules("trips"), **shares)
    assert "at most 50.0% bad rows in any one day, got 2026-11-21: 3 of 4 (75.0%)" in str(
        error.value
    )
    assert "rule between:tips" in str(error.value)
    kept = split_all(two_days(0, 1), trips, rules("trips"), **shares)
    assert [part.counts["quarantined"] for part in kept] == [0, 2]


def test_a_partition_whose_key_is_no_day_has_no_share_of_its_own():
    undated = Delivery("undated-1f", FOUND, table("trips", {"trip_id": "u", "tips": -1}))
    parts = [*two_days(), undated]
    kept = split_all(parts, asset_schema("trips"), rules("trips"), 0.2, tolerated_day=0.5)
    assert [part.counts["quarantined"] for part in kept] == [0, 0, 1]


def share_rule(mostly):
    kind = "expect_column_values_to_not_be_null"
    rule = compile_rule(kind, {"column": "driver_id", "mostly": mostly})
    assert rule is not None
    return [rule]


def test_a_rule_about_a_share_of_rows_refuses_the_table_and_no_single_row():
    rows = table("trips", {}, {}, {}, {"driver_id": None})
    trips = asset_schema("trips")
    good, _ = split(rows, trips, DAY, FOUND, share_rule(0.75))
    assert good.num_rows == 4
    with pytest.raises(DataRejected, match=r"present:driver_id.*80\.0% of rows; 1 of 4 break it"):
        split(rows, trips, DAY, FOUND, share_rule(0.8))
