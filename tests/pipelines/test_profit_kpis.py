"""Profit KPIs end to end: lake partitions in, store rows out, whatever the order of the runs."""

from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
import sqlalchemy as sa

from core.errors import BadInput, PartitionMissing
from core.params import load_params
from core.settings import Settings
from pipelines.context import Context
from pipelines.profit_kpis import recompute
from store.db import migrate
from store.tables import ProfitMetrics, ProfitSlice
from tests.kpi_frames import at, rows

PARAMS = Path(__file__).parents[2] / "params.yaml"
DAYS = [date(2026, 11, 19), date(2026, 11, 20), date(2026, 11, 21)]


def context(home: Path) -> Context:
    ctx = Context(Settings(home=home), load_params(PARAMS, "tiny"))
    migrate(ctx.engine)
    return ctx


def order_on(day: date, number: int, **changes):
    asked = at(f"{day.day} 08:{number:02d}")
    times = {"requested_at": asked, "matched_at": asked, "picked_up_at": asked}
    name = f"O{day.day}-{number}"
    return {
        "order_id": name, "rider_id": f"R{number}", "zone_id": f"Z{number % 3}",
        "vertical": "RIDE" if number % 2 else "FOOD", **times,
        "completed_at": asked + timedelta(minutes=20), **changes,
    }  # fmt: skip


def deliver(ctx: Context, day: date, orders: int = 6, refunds: list[dict] | None = None) -> None:
    made = [order_on(day, n) for n in range(orders)]
    ids = [order["order_id"] for order in made]
    ctx.lake.write("orders", day, rows("orders", *made))
    trips = [{"trip_id": f"T{i}", "order_id": i, "gross_fare": 1000 + n} for n, i in enumerate(ids)]
    ctx.lake.write("trips", day, rows("trips", *trips))
    paid = [{"payment_id": f"P{i}", "order_id": i, "at": at(f"{day.day} 09:00")} for i in ids]
    ctx.lake.write("payments", day, rows("payments", *paid, *(refunds or [])))
    asked = [{"id": f"K{day.day}", "created_at": at(f"{day.day} 10:00")}]
    ctx.lake.write("conversations", day, rows("conversations", *asked))
    ctx.lake.write("driver_days", day, rows("driver_days", {"day": day}))


def stored(ctx: Context, table=ProfitMetrics) -> list[dict]:
    with ctx.engine.connect() as connection:
        found = connection.execute(sa.select(table).order_by(*table.__table__.primary_key))
        return [dict(row._mapping) for row in found]


@pytest.fixture
def ctx(tmp_path):
    made = context(tmp_path)
    for day in DAYS:
        deliver(made, day)
    return made


def test_a_day_s_row_is_the_sum_of_its_orders(ctx):
    report = recompute("2026-11-21", ctx)
    last = stored(ctx)[-1]
    assert (last["day"], last["requested_orders"], last["completed_orders"]) == (DAYS[-1], 6, 6)
    assert last["gross_fare_cents"] == sum(1000 + n for n in range(6))
    assert last["driver_pay_cents"] == 6 * 800
    assert last["payment_fees_cents"] == 6 * 61  # 2.9 % of 1080 is 31.32, and 30 cents
    assert last["insurance_cents"] == 6 * 30
    assert last["support_cost_cents"] == 50
    assert last["optimization_value_cents"] is None
    assert report["last"]["contribution_cents"] == last["contribution_cents"]


def test_slices_add_up_to_the_day_to_the_cent(ctx):
    recompute("2026-11-19..2026-11-21", ctx)
    whole, parts = stored(ctx), stored(ctx, ProfitSlice)
    additive = [c for c in whole[0] if c.endswith(("_cents", "_orders", "_shown", "_known"))]
    additive = [c for c in additive if c in parts[0] and not c.startswith(("cost_per", "average"))]
    for row in whole:
        of_day = [part for part in parts if part["day"] == row["day"]]
        assert {c: row[c] for c in additive} == {c: sum(p[c] for p in of_day) for c in additive}
        assert sum(p["online_minutes"] for p in of_day) == pytest.approx(row["online_minutes"])


def test_any_order_of_days_and_any_repetition_ends_in_the_same_rows(tmp_path):
    seen = []
    first, second, third = DAYS
    for number, order in enumerate([(third, first), (second, third, third)]):
        ctx = context(tmp_path / str(number))
        for day in DAYS:
            deliver(ctx, day)
        for day in order:
            recompute(day.isoformat(), ctx)
        seen.append((stored(ctx), stored(ctx, ProfitSlice)))
    assert all(rows_of == seen[0] for rows_of in seen)


def test_days_that_arrive_one_by_one_end_in_the_rows_of_one_pass(ctx, tmp_path):
    recompute("2026-11-19..2026-11-21", ctx)
    nightly = context(tmp_path / "nightly")
    for day in DAYS:
        deliver(nightly, day)
        recompute(day.isoformat(), nightly)
    assert stored(nightly) == stored(ctx)


def test_a_refund_delivered_later_restates_its_day_however_old(tmp_path):
    old, new = date(2026, 11, 1), date(2026, 11, 21)
    ctx = context(tmp_path)
    deliver(ctx, old)
    deliver(ctx, date(2026, 11, 20))
    recompute("2026-11-01..2026-11-01", ctx)
    recompute("2026-11-20", ctx)
    assert [row["refunds_cents"] for row in stored(ctx)] == [0, 0]
    back = {"payment_id": "back", "order_id": "O1-2", "kind": "REFUND", "amount": 400}
    deliver(ctx, new, refunds=[{**back, "at": at("21 12:00")}])
    report = recompute("2026-11-21", ctx)
    assert "2026-11-01" in report["days"]
    assert [row["refunds_cents"] for row in stored(ctx)] == [400, 0, 0]


def test_an_untouched_old_day_is_left_alone(tmp_path):
    ctx = context(tmp_path)
    for day in (date(2026, 11, 1), *DAYS):
        deliver(ctx, day)
    recompute("2026-11-21", ctx)
    assert recompute("2026-11-21", ctx)["days"] == [str(day) for day in DAYS]


def test_growth_compares_with_the_same_weekday(tmp_path):
    ctx = context(tmp_path)
    deliver(ctx, date(2026, 11, 13), orders=3)
    deliver(ctx, date(2026, 11, 20), orders=6)
    recompute("2026-11-20", ctx)
    before, now = stored(ctx)
    assert before["profit_growth"] is None
    assert now["profit_growth"] == now["contribution_cents"] / before["contribution_cents"] - 1


def test_a_day_that_was_not_delivered_is_named(ctx):
    with pytest.raises(PartitionMissing, match="2026-11-22"):
        recompute("2026-11-22", ctx)


def test_a_trip_without_its_order_is_counted_and_not_booked(ctx):
    day = DAYS[-1]
    table = ctx.lake.read("trips", [day])
    lost = rows("trips", {"trip_id": "lost", "order_id": "nowhere", "ended_at": at("21 11:00")})
    ctx.lake.write("trips", day, pa.concat_tables([table, lost]))
    assert recompute("2026-11-21", ctx)["unattached"]["trips"] == 1


def test_two_currencies_are_refused(ctx):
    ctx.lake.write("orders", DAYS[-1], rows("orders", order_on(DAYS[-1], 0, currency="EUR")))
    with pytest.raises(BadInput, match="EUR, USD"):
        recompute("2026-11-19..2026-11-21", ctx)
