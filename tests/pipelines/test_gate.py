import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import DataRejected, SchemaMismatch
from core.schema import asset_schema
from pipelines.gate import Delivery, split, split_all
from pipelines.gate_rules import Rule, schema_rules
from pipelines.importers.base import schema as free_schema
from tests.gate_rows import DAY, FOUND, TRIP, at, dirty, rules, table


def judged(asset, rows, **more):
    return split(rows, asset_schema(asset), DAY, FOUND, rules(asset), **more)


def ids(rows, column="trip_id"):
    return rows.column(column).to_pylist()


def test_good_rows_pass_unchanged():
    rows = table("trips", {}, {"rating": None, "vehicle_id": None}, {"gross_fare": 0})
    good, bad = judged("trips", rows)
    assert good.equals(rows.cast(good.schema))
    assert bad.num_rows == 0


BROKEN = {
    "negative fare": ({"gross_fare": -1}, "between:gross_fare"),
    "fare above the limit": ({"gross_fare": 100_001}, "between:gross_fare"),
    "drop-off before pick-up": ({"ended_at": at(7)}, "order:ended_at,started_at"),
    "no distance": ({"distance_km": 0.0}, "between:distance_km"),
    "distance that is not a number": ({"distance_km": float("nan")}, "type:distance_km"),
    "endless distance": ({"distance_km": float("inf")}, "type:distance_km"),
    "waiting that is not a number": ({"wait_minutes": float("nan")}, "type:wait_minutes"),
    "status nobody knows": ({"status": "DONE"}, "in_set:status"),
    "rating of six": ({"rating": 6}, "between:rating"),
    "empty key": ({"trip_id": ""}, "length:trip_id"),
}


@pytest.mark.parametrize("change, rule", BROKEN.values(), ids=BROKEN)
def test_a_broken_trip_goes_to_quarantine_with_its_rule(change, rule):
    good, bad = judged("trips", table("trips", {}, change, {}))
    assert good.num_rows == 2
    (row,) = bad.to_pylist()
    assert (row["asset"], row["key"], row["found_at"]) == ("trips", DAY, FOUND)
    assert row["rule"] == rule
    assert row["column"] == rule.partition(":")[2]


ORDERS = {
    "pick-up before the request": ({"picked_up_at": at(7)}, "order:picked_up_at,requested_at"),
    "unknown zone": ({"zone_id": "Z99"}, "in_set:zone_id"),
    "unknown zone of the drop-off": ({"dropoff_zone_id": "Z99"}, "in_set:dropoff_zone_id"),
    "completed, nobody knows when": ({"completed_at": None}, "present:completed_at"),
    "cancelled by nobody": (
        {"status": "CANCELLED", "cancelled_at": at(8)},
        "present:cancelled_by",
    ),
    "latitude beyond the pole": ({"pickup_lat": 91.0}, "between:pickup_lat"),
    "currency in words": ({"currency": "dollars"}, "matches:currency"),
}


@pytest.mark.parametrize("change, rule", ORDERS.values(), ids=ORDERS)
def test_a_broken_order_goes_to_quarantine_with_its_rule(change, rule):
    rows = table("orders", {}, change)
    good, bad = judged("orders", rows, known={"known_zones": ["Z01", "Z02"]})
    assert good.num_rows == 1
    assert bad.column("rule").to_pylist() == [rule]


def test_any_zone_is_right_when_nobody_said_which_there_are():
    good, _ = judged("orders", table("orders", {"zone_id": "Z99"}))
    assert good.num_rows == 1


def test_a_row_that_breaks_several_rules_appears_once_with_all_of_them():
    _, bad = judged("trips", table("trips", {"gross_fare": -5, "tips": -1, "rating": 9}))
    (row,) = bad.to_pylist()
    assert row["rule"] == "between:gross_fare"
    assert row["reason"] == (
        "between:gross_fare: expected >= 0 and <= 100000; "
        "between:tips: expected >= 0 and <= 100000; between:rating: expected >= 1 and <= 5"
    )


def test_the_row_in_quarantine_is_the_row_as_it_came():
    _, bad = judged("trips", table("trips", {"gross_fare": -5, "wait_minutes": float("nan")}))
    row = json.loads(bad.column("row_json")[0].as_py())
    assert row["gross_fare"] == -5
    assert row["wait_minutes"] == "nan"
    assert row["order_id"] == TRIP["order_id"]
    assert set(row) == set(asset_schema("trips").names)


def test_of_a_repeated_key_the_first_row_stays():
    rows = table("trips", {"tips": 1}, {"tips": 2}, {"tips": 3}, key="order_id")
    good, bad = judged("trips", rows)
    assert good.column("tips").to_pylist() == [1]
    assert bad.column("rule").to_pylist() == ["unique", "unique"]
    assert [json.loads(r)["tips"] for r in bad.column("row_json").to_pylist()] == [2, 3]


def test_a_good_row_is_not_lost_to_a_broken_one_of_the_same_key():
    good, bad = judged("trips", table("trips", {"gross_fare": -1}, {}, key="order_id"))
    assert good.column("gross_fare").to_pylist() == [1200]
    assert bad.column("rule").to_pylist() == ["between:gross_fare"]


def test_many_days_at_once_are_judged_like_each_alone():
    # further apart than a key is looked for: the broken rows share some keys
    days = [Delivery(f"2026-11-{d}", FOUND, dirty("trips", 40, seed=d)) for d in (10, 18, 26)]
    together = split_all(days, asset_schema("trips"), rules("trips"))
    for day, part in zip(days, together, strict=True):
        good, bad = split(day.table, asset_schema("trips"), day.key, FOUND, rules("trips"))
        assert part.good.equals(good)
        assert part.bad.equals(bad)


def test_columns_that_do_not_fit_are_all_named():
    rows = table("trips", {}).drop_columns(["tips"]).append_column("colour", [["red"]])
    rows = rows.set_column(rows.column_names.index("rating"), "rating", [[True]])
    with pytest.raises(SchemaMismatch) as error:
        judged("trips", rows)
    assert "missing columns ['tips']" in str(error.value)
    assert "unknown columns ['colour']" in str(error.value)
    assert "rating: expected int64, got bool" in str(error.value)


def test_a_column_that_comes_twice_is_refused():
    rows = table("trips", {})
    with pytest.raises(SchemaMismatch, match=r"repeated columns \['tips'\]"):
        judged("trips", rows.append_column("tips", rows.column("tips")))


def test_a_single_value_of_another_type_refuses_its_row_only():
    text = pa.Table.from_pylist(
        [
            {k: None if v is None else str(v) for k, v in {**TRIP, **change}.items()}
            for change in (
                {"trip_id": "a"},
                {"trip_id": "b", "gross_fare": "twelve"},
                {"trip_id": "c", "gross_fare": "12.5"},
                {"trip_id": "d", "started_at": "yesterday"},
                {"trip_id": "e", "driver_pay_derived": "perhaps"},
            )
        ]
    )
    good, bad = judged("trips", text)
    assert ids(good) == ["a"]
    assert good.column("started_at")[0].as_py() == TRIP["started_at"]
    assert good.column("driver_pay_derived")[0].as_py() is False
    assert bad.column("rule").to_pylist() == [
        "type:gross_fare",
        "type:gross_fare",
        "type:started_at",
        "type:driver_pay_derived",
    ]
    assert json.loads(bad.column("row_json")[0].as_py())["gross_fare"] == "twelve"


def test_a_column_that_nothing_can_read_refuses_the_delivery_and_says_its_type():
    rows = table("trips", {})
    halves = pa.array([0.5], pa.float32()).cast(pa.float16())
    rows = rows.set_column(rows.column_names.index("tips"), "tips", halves)
    with pytest.raises(SchemaMismatch, match="read as int64, got halffloat"):
        judged("trips", rows)


def test_smaller_number_types_and_naive_times_are_read_without_loss():
    rows = table("trips", {})
    for name, kind in (
        ("gross_fare", pa.int32()),
        ("tips", pa.float64()),
        ("distance_km", pa.float32()),
        ("started_at", pa.timestamp("ms")),
        ("status", pa.dictionary(pa.int32(), pa.string())),
    ):
        at_place = rows.column_names.index(name)
        rows = rows.set_column(at_place, name, rows.column(name).cast(kind))
    good, bad = judged("trips", rows)
    assert bad.num_rows == 0
    assert good.schema.names == asset_schema("trips").names
    assert good.column("started_at")[0].as_py() == TRIP["started_at"]


def test_an_empty_partition_is_rejected_and_says_what_was_expected():
    with pytest.raises(DataRejected, match=r"trips 2026-11-21: expected 1\.\. rows, got 0"):
        judged("trips", table("trips", {}).slice(0, 0))


def test_feedback_may_be_empty():
    empty = pa.table({n: pa.array([], pa.string()) for n in asset_schema("feedback").names})
    good, bad = judged("feedback", empty)
    assert good.num_rows == bad.num_rows == 0


def test_rows_an_importer_refuses_carry_its_reason():
    rule = Rule("pickup_month", "started_at", "a pick-up in 2026-10", "row")
    mask = np.array([False, True])
    delivery = Delivery(DAY, FOUND, table("trips", {}, {}), {rule: mask})
    (part,) = split_all([delivery], asset_schema("trips"), rules("trips"))
    assert part.bad.column("reason").to_pylist() == ["pickup_month: expected a pick-up in 2026-10"]


def test_a_table_without_a_suite_is_judged_by_its_schema():
    texts = free_schema("text_x", "text_id:s text:s label:s?", key="text_id")
    rows = pa.table(
        {"text_id": ["1", "1", "2"], "text": ["a", "b", None], "label": ["x", None, "y"]}
    )
    good, bad = split(rows, texts, "all", FOUND, schema_rules(texts))
    assert good.column("text").to_pylist() == ["a"]
    assert bad.column("rule").to_pylist() == ["unique", "present:text"]


@settings(max_examples=25, deadline=None)
@given(n=st.integers(10, 80), seed=st.integers(0, 10_000))
def test_no_row_is_lost_or_doubled(n, seed):
    rows = dirty("trips", n, seed)
    good, bad = judged("trips", rows)
    assert good.num_rows + bad.num_rows == n
    kept = ids(good)
    assert len(kept) == len(set(kept))
    came = sorted(map(str, ids(rows)))
    refused = [str(json.loads(text)["trip_id"]) for text in bad.column("row_json").to_pylist()]
    assert sorted(kept + refused) == came
    again, nothing = judged("trips", good)
    assert nothing.num_rows == 0
    assert again.equals(good)


def test_few_bad_rows_among_many_leave_the_others_in_their_order():
    n = 3000
    rows = table("trips", *[{} for _ in range(n)])
    fares = np.full(n, 1200)
    fares[[0, 1500, n - 1]] = -1
    rows = rows.set_column(rows.column_names.index("gross_fare"), "gross_fare", [fares])
    good, bad = judged("trips", rows)
    assert ids(good) == [x for i, x in enumerate(ids(rows)) if i not in (0, 1500, n - 1)]
    assert pc.min(good.column("gross_fare")).as_py() == 1200
    assert bad.num_rows == 3
