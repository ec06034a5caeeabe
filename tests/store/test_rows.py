"""Whole-row writes: repeatable, all or nothing, and clear about what they refuse."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from core.errors import RowRefused, SchemaMismatch
from store.db import read
from store.rows import replace_rows, upsert_rows
from store.tables import FeatureValue, ProfitMetrics, ProfitSlice

DAY = date(2026, 11, 21)
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def slice_row(zone: str, fare: int = 1000, pay: int = 800) -> dict[str, Any]:
    return {
        "zone_id": zone,
        "vertical": "RIDE",
        "service_class": "STANDARD",
        "gross_fare_cents": fare,
        "net_bookings_cents": fare,
        "driver_pay_cents": pay,
        "net_revenue_cents": fare - pay,
        "contribution_cents": fare - pay,
    }


def slices(engine: Engine) -> list[tuple[date, str, int]]:
    table = ProfitSlice
    query = sa.select(table.day, table.zone_id, table.gross_fare_cents)
    ordered = query.order_by(table.day, table.zone_id)
    return read(engine, lambda c: [(r[0], r[1], r[2]) for r in c.execute(ordered)])


def test_a_day_is_replaced_whole_and_other_days_are_left_alone(store: Engine) -> None:
    before = date(2026, 11, 20)
    replace_rows(store, ProfitSlice, {"day": before}, [slice_row("z9")])
    replace_rows(store, ProfitSlice, {"day": DAY}, [slice_row("z1"), slice_row("z2")])
    assert replace_rows(store, ProfitSlice, {"day": DAY}, [slice_row("z1", 500, 400)]) == 1
    assert slices(store) == [(before, "z9", 1000), (DAY, "z1", 500)]


def test_replacing_by_the_same_rows_changes_nothing(store: Engine) -> None:
    rows = [slice_row(f"z{n:04d}") for n in range(2500)]  # more than one statement
    replace_rows(store, ProfitSlice, {"day": DAY}, rows)
    once = slices(store)
    replace_rows(store, ProfitSlice, {"day": DAY}, rows)
    assert slices(store) == once
    assert len(once) == 2500


def test_replacing_by_no_rows_empties_the_day(store: Engine) -> None:
    replace_rows(store, ProfitSlice, {"day": DAY}, [slice_row("z1")])
    assert replace_rows(store, ProfitSlice, {"day": DAY}, []) == 0
    assert slices(store) == []


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"contribution_cents": 199}, RowRefused, "contribution_adds_up"),
        ({"net_revenue_cents": 0}, RowRefused, "adds_up"),
        ({"vertical": "BUS"}, RowRefused, "BUS|vertical"),
        ({"acceptance_rate": 1.2}, RowRefused, "acceptance_rate"),
        ({"take_rate": float("nan")}, RowRefused, r"NaN or infinity in \['take_rate'\]"),
        ({"take_rate": float("inf")}, RowRefused, "NaN or infinity"),
        ({"zone": "z1"}, SchemaMismatch, r"unknown columns \['zone'\]"),
        ({"day": date(2026, 11, 1)}, RowRefused, "1 of 2 are not"),
        ({"zone_id": "z1"}, RowRefused, "breaks a constraint"),
        ({"zone_id": None}, RowRefused, "breaks a constraint"),
    ],
)
def test_a_bad_row_is_named_and_the_day_stays_as_it_was(
    store: Engine, change: dict[str, Any], error: type[Exception], said: str
) -> None:
    replace_rows(store, ProfitSlice, {"day": DAY}, [slice_row("z0")])
    with pytest.raises(error, match=said):
        rows = [slice_row("z1"), {**slice_row("z2"), **change}]
        replace_rows(store, ProfitSlice, {"day": DAY}, rows)
    assert slices(store) == [(DAY, "z0", 1000)]


def test_a_missing_column_is_named(store: Engine) -> None:
    with pytest.raises(SchemaMismatch, match=r"missing columns \['vertical'\]"):
        row = slice_row("z1")
        del row["vertical"]
        replace_rows(store, ProfitSlice, {"day": DAY}, [slice_row("z0"), row])


def test_rows_may_leave_out_different_nullable_columns(store: Engine) -> None:
    rows = [{**slice_row("z1"), "take_rate": 0.2}, {**slice_row("z2"), "eta_known": 7}]
    replace_rows(store, ProfitSlice, {"day": DAY}, rows)
    table = ProfitSlice
    query = sa.select(table.take_rate, table.eta_known).order_by(table.zone_id)
    assert read(store, lambda c: c.execute(query).fetchall()) == [(0.2, 0), (None, 7)]


def test_money_beyond_32_bits_is_kept_to_the_cent(store: Engine) -> None:
    fare = 9_007_199_254_740_993  # one more than a float can hold
    row = {k: v for k, v in slice_row("z1", fare, fare).items() if k.endswith("_cents")}
    replace_rows(store, ProfitMetrics, {"day": DAY}, [row])
    query = sa.select(ProfitMetrics.driver_pay_cents)
    assert read(store, lambda connection: connection.scalar(query)) == fare


def test_upserting_overwrites_the_same_key_and_keeps_the_rest(store: Engine) -> None:
    rows = [
        {"feature": "rating", "entity": f"d{n:04d}", "as_of": NOON, "value": float(n)}
        for n in range(2100)
    ]
    upsert_rows(store, FeatureValue, rows)
    assert upsert_rows(store, FeatureValue, [{**rows[7], "value": 99.0}]) == 1
    query = sa.select(sa.func.count(), sa.func.max(FeatureValue.value)).select_from(FeatureValue)
    seventh = sa.select(FeatureValue.value).where(FeatureValue.entity == "d0007")
    assert read(store, lambda c: tuple(c.execute(query).one())) == (2100, 2099.0)
    assert read(store, lambda connection: connection.scalar(seventh)) == 99.0


def test_upserting_nothing_is_nothing(store: Engine) -> None:
    assert upsert_rows(store, FeatureValue, []) == 0
