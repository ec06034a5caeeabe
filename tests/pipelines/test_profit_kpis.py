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
NOT_ADDED = ("cost_per", "average", "identified_value_per")
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


def city(home: Path) -> Context:
    ctx = context(home)
    for day in DAYS:
        deliver(ctx, day)
    lost = rows("trips", {"trip_id": "lost", "order_id": "nowhere", "ended_at": at("21 11:00")})
    there = ctx.lake.read("trips", [DAYS[-1]])
    ctx.lake.write("trips", DAYS[-1], pa.concat_tables([there, lost]))
    return ctx


@pytest.fixture(scope="module")
def one_pass(tmp_path_factory) -> tuple[Context, dict]:
    """A city of three days, and what one run over all of them reports."""
    ctx = city(tmp_path_factory.mktemp("city"))
    return ctx, recompute("2026-11-19..2026-11-21", ctx)


def test_a_day_s_row_is_the_sum_of_its_orders(one_pass):
    ctx, report = one_pass
    last = stored(ctx)[-1]
    assert (last["day"], last["requested_orders"], last["completed_orders"]) == (DAYS[-1], 6, 6)
    assert last["gross_fare_cents"] == sum(1000 + n for n in range(6))
    assert last["driver_pay_cents"] == 6 * 800
    assert last["payment_fees_cents"] == 6 * 61  # 2.9 % of 1080 is 31.32, and 30 cents
    assert last["insurance_cents"] == 6 * 30
    assert last["support_cost_cents"] == 50
    assert last["optimization_value_cents"] is None
    assert last["identified_value_per_1000_orders_cents"] == (6000 + 15) * 1000 / 6
    assert report["last"]["contribution_cents"] == last["contribution_cents"]


def test_slices_add_up_to_the_day_to_the_cent(one_pass):
    ctx, _ = one_pass
    whole, parts = stored(ctx), stored(ctx, ProfitSlice)
    additive = [c for c in whole[0] if c.endswith(("_cents", "_orders", "_shown", "_known"))]
    additive = [c for c in additive if c in parts[0] and not c.startswith(NOT_ADDED)]
    for row in whole:
        of_day = [part for part in parts if part["day"] == row["day"]]
        assert {c: row[c] for c in additive} == {c: sum(p[c] for p in of_day) for c in additive}
        assert sum(p["online_minutes"] for p in of_day) == pytest.approx(row["online_minutes"])


def test_a_trip_without_its_order_is_counted_and_not_booked(one_pass):
    assert one_pass[1]["unattached"] == {"trips": 1, "payments": 0}


def test_any_order_of_days_and_any_repetition_ends_in_the_same_rows(one_pass, tmp_path):
    ctx = city(tmp_path)
    for day in (DAYS[2], DAYS[0], DAYS[2]):
        recompute(day.isoformat(), ctx)
    assert stored(ctx) == stored(one_pass[0])
    assert stored(ctx, ProfitSlice) == stored(one_pass[0], ProfitSlice)


def test_days_that_arrive_one_by_one_end_in_the_rows_of_one_pass(one_pass, tmp_path):
    ctx = context(tmp_path)
    for day in DAYS:
        deliver(ctx, day)
        recompute(day.isoformat(), ctx)
    assert stored(ctx) == stored(one_pass[0])


def test_a_refund_delivered_later_restates_its_day_once_however_old(tmp_path):
    old, new = date(2026, 11, 1), date(2026, 11, 21)
    ctx = context(tmp_path)
    deliver(ctx, old)
    deliver(ctx, date(2026, 11, 20))
    recompute("2026-11-20", ctx)
    assert [row["refunds_cents"] for row in stored(ctx)] == [0, 0]
    back = {"payment_id": "back", "order_id": "O1-2", "kind": "REFUND", "amount": 400}
    deliver(ctx, new, refunds=[{**back, "at": at("21 12:00")}])
    assert recompute("2026-11-21", ctx)["days"] == ["2026-11-01", "2026-11-20", "2026-11-21"]
    assert [row["refunds_cents"] for row in stored(ctx)] == [400, 0, 0]
    assert recompute("2026-11-21", ctx)["days"] == ["2026-11-20", "2026-11-21"]


def test_growth_compares_with_the_same_weekday(tmp_path):
    ctx = context(tmp_path)
    deliver(ctx, date(2026, 11, 13), orders=3)
    deliver(ctx, date(2026, 11, 20), orders=6)
    recompute("2026-11-20", ctx)
    before, now = stored(ctx)
    assert before["profit_growth"] is None
    assert now["profit_growth"] == now["contribution_cents"] / before["contribution_cents"] - 1


def test_a_day_that_was_not_delivered_is_named(one_pass):
    with pytest.raises(PartitionMissing, match="2026-11-22"):
        recompute("2026-11-22", one_pass[0])


def test_two_currencies_are_refused(tmp_path):
    ctx = context(tmp_path)
    paid = [order_on(DAYS[0], 0), order_on(DAYS[0], 1, currency="EUR")]
    ctx.lake.write("orders", DAYS[0], rows("orders", *paid))
    with pytest.raises(BadInput, match="EUR, USD"):
        recompute("2026-11-19", ctx)
    assert stored(ctx) == []
