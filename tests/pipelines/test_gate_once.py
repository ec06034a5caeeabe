"""Keys that come again on a later day."""

from datetime import date, timedelta

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from core.schema import asset_schema
from pipelines.gate import Delivery, split_all
from pipelines.gate_once import days_before, keys_before
from store.lake import Lake, arrow_schema
from tests.gate_rows import FOUND, rules, table


def trips(day: str, *ids: str, **change) -> Delivery:
    return Delivery(day, FOUND, table("trips", *[{"trip_id": i, **change} for i in ids]))


def judged(*days: Delivery, earlier=None):
    return split_all(days, asset_schema("trips"), rules("trips"), earlier=earlier)


def kept(parts):
    return {part.key: part.good.column("trip_id").to_pylist() for part in parts}


def test_a_key_that_the_day_before_brought_goes_to_quarantine_with_its_reason():
    parts = judged(trips("2026-11-20", "T1", "T2"), trips("2026-11-21", "T2", "T3"))
    assert kept(parts) == {"2026-11-20": ["T1", "T2"], "2026-11-21": ["T3"]}
    (row,) = parts[1].bad.to_pylist()
    assert (row["rule"], row["column"], row["key"]) == ("once", "trip_id", "2026-11-21")
    assert row["reason"] == "once: expected a key that the 7 days before have not brought"


def test_a_key_is_looked_for_seven_days_back_and_no_further():
    near = judged(trips("2026-11-14", "T1"), trips("2026-11-21", "T1"))
    assert kept(near)["2026-11-21"] == []
    far = judged(trips("2026-11-13", "T1"), trips("2026-11-21", "T1"))
    assert kept(far)["2026-11-21"] == ["T1"]


def test_a_row_that_was_refused_may_be_delivered_again_mended():
    parts = judged(trips("2026-11-20", "T1", tips=-1), trips("2026-11-21", "T1"))
    assert kept(parts) == {"2026-11-20": [], "2026-11-21": ["T1"]}


def test_a_key_twice_in_one_day_is_told_from_one_of_two_days():
    parts = judged(trips("2026-11-20", "T1", "T1"), trips("2026-11-21", "T1"))
    reasons = [part.bad.column("reason").to_pylist() for part in parts]
    assert reasons == [
        ["unique: expected a key that was not there before"],
        ["once: expected a key that the 7 days before have not brought"],
    ]


def test_days_that_are_written_already_count_like_days_of_the_same_run(tmp_path):
    lake = Lake(tmp_path)
    for day in ("2026-11-12", "2026-11-13", "2026-11-20", "2026-11-22"):
        lake.write("trips", day, trips(day, f"of-{day}").table)
    keys = ["2026-11-20", "2026-11-21", "undated-1f"]
    before = days_before(lake, "trips", keys, rules("trips"))
    assert before == ["2026-11-13"]
    earlier = keys_before(lake, "trips", before, rules("trips"))
    parts = judged(
        trips("2026-11-20", "of-2026-11-13", "a"), trips("undated-1f", "a"), earlier=earlier
    )
    assert kept(parts) == {"2026-11-20": ["a"], "undated-1f": ["a"]}
    assert days_before(lake, "drivers", keys, rules("drivers")) == []


def test_what_the_lake_has_twice_from_before_this_rule_is_no_bad_row_of_today():
    earlier = {day: trips(day, "T1").table for day in ("2026-11-19", "2026-11-20")}
    today, none = [trips("2026-11-21", "T2")], 0.0
    (part,) = split_all(today, asset_schema("trips"), rules("trips"), none, earlier=earlier)
    assert part.counts == {"rows_in": 1, "rows_out": 1, "quarantined": 0}


def test_snapshots_say_the_same_again_each_day():
    row = {
        "driver_id": "D1",
        "joined_on": date(2020, 1, 1),
        "city": "Tripo City",
        "tier": "NONE",
        "background_check": "CLEAR",
        "accepts_women_only": False,
        "corporate_eligible": False,
    }
    drivers = asset_schema("drivers")
    rows = pa.Table.from_pylist([row], schema=arrow_schema(drivers))
    days = [Delivery(day, FOUND, rows) for day in ("2026-11-20", "2026-11-21")]
    parts = split_all(days, drivers, rules("drivers"))
    assert [part.good.num_rows for part in parts] == [1, 1], parts[0].bad.to_pylist()


FIRST = date(2026, 11, 1)
ROWS = st.lists(st.tuples(st.integers(0, 19), st.sampled_from("abc"), st.booleans()), min_size=1)


@settings(max_examples=25, deadline=None)
@given(ROWS)
def test_a_range_keeps_what_its_days_keep_one_after_the_other(rows):
    by_day: dict[int, list[tuple[str, bool]]] = {}
    for day, key, fine in rows:
        by_day.setdefault(day, []).append((key, fine))
    names = {day: str(FIRST + timedelta(days=day)) for day in sorted(by_day)}
    expected: dict[str, list[str]] = {}
    for day, name in names.items():
        fine = {key for key, good in by_day[day] if good}
        before = {
            key
            for d, n in names.items()
            if 0 < day - d <= 7 and n in expected
            for key in expected[n]
        }
        expected[name] = sorted(fine - before)
    deliveries = [
        Delivery(
            name,
            FOUND,
            table("trips", *[{"trip_id": k, "tips": 0 if good else -1} for k, good in by_day[day]]),
        )
        for day, name in names.items()
    ]
    assert {name: sorted(keys) for name, keys in kept(judged(*deliveries)).items()} == expected
