"""Daily premium KPIs: literal orders, drivers and payments in, one row a day out."""

from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.params import load_params
from core.settings import Settings
from pipelines.context import Context
from pipelines.premium_metrics import recompute
from store.db import migrate
from store.tables import PremiumMetrics
from tests.kpi_frames import at, rows

PARAMS = Path(__file__).parents[2] / "params.yaml"
DAY = date(2026, 11, 20)
# 5 km and 14 min: 5 x 50 + 14 x 15 + 150 = 610 cents in STANDARD
PREMIUM = {"service_class": "PREMIUM", "quoted_fare": 915}


def context(home: Path) -> Context:
    ctx = Context(Settings(home=home), load_params(PARAMS, "tiny"))
    migrate(ctx.engine)
    return ctx


def deliver(ctx: Context, day: date, orders=(), trips=(), payments=(), shifts=(), tiers=()) -> None:
    ctx.lake.write("orders", day, rows("orders", *orders))
    ctx.lake.write("trips", day, rows("trips", *trips))
    ctx.lake.write("payments", day, rows("payments", *payments))
    ctx.lake.write("driver_days", day, rows("driver_days", *({"day": day, **s} for s in shifts)))
    staff = ({"driver_id": name, "tier": tier} for name, tier in tiers)
    ctx.lake.write("drivers", day, rows("drivers", *staff))


def stored(ctx: Context) -> dict[date, dict]:
    with ctx.engine.connect() as connection:
        return {
            row.day: dict(row._mapping) for row in connection.execute(sa.select(PremiumMetrics))
        }


@pytest.fixture(scope="module")
def row(tmp_path_factory):
    ctx = context(tmp_path_factory.mktemp("lake"))
    deliver(
        ctx,
        DAY,
        orders=[
            {"order_id": "A", "eta_actual_minutes": 4.0, **PREMIUM},
            {"order_id": "B", "eta_actual_minutes": 8.0, **PREMIUM},
            {"order_id": "C", "status": "EXPIRED", "completed_at": None, **PREMIUM},
            {"order_id": "D"},
            {"order_id": "E", "vertical": "FOOD"},
        ],
        trips=[
            {"trip_id": "TA", "order_id": "A", "driver_id": "gold", "gross_fare": 915, "rating": 5},
            {"trip_id": "TB", "order_id": "B", "driver_id": "none", "gross_fare": 915, "rating": 4,
             "taxes": 80, "tips": 20},
            {"trip_id": "TD", "order_id": "D"},
        ],
        payments=[
            {"payment_id": "1", "order_id": "A", "kind": "BONUS", "amount": 61},
            {"payment_id": "2", "order_id": "B", "kind": "REFUND", "status": "REFUNDED",
             "amount": 200},
            {"payment_id": "3", "order_id": "B", "status": "CHARGED_BACK", "amount": 500},
            {"payment_id": "4", "order_id": "A", "kind": "PAYOUT", "status": "CHARGED_BACK",
             "amount": 700},
        ],
        shifts=[
            {"driver_id": "gold", "online_minutes": 300.0, "engaged_minutes": 150.0,
             "earnings": 3000},
            {"driver_id": "bronze", "online_minutes": 100.0, "engaged_minutes": 50.0,
             "earnings": 1000},
            {"driver_id": "none", "online_minutes": 600.0, "engaged_minutes": 0.0},
        ],
        tiers=[("gold", "GOLD"), ("bronze", "BRONZE"), ("none", "NONE")],
    )  # fmt: skip
    recompute("2026-11-20", ctx)
    return stored(ctx)[DAY]


def test_revenue_is_the_fee_above_standard_less_bonus_and_refunds(row):
    assert row["average_fee_cents"] == 305.0
    # of the 500 cents that the bank took back, 100 were tax and tip
    assert row["premium_revenue_cents"] == 2 * 305 - 61 - 200 - (500 - 100)


def test_a_driver_below_the_floor_of_the_class_is_a_fallback(row):
    assert (row["match_rate"], row["fallback_rate"]) == (1 / 3, 1 / 3)


def test_shares_of_completed_rides(row):
    assert (row["ride_completed"], row["premium_requests"], row["premium_completed"]) == (3, 3, 2)
    assert row["adoption"] == 2 / 3
    assert row["refund_rate"] == 0.5
    assert row["mean_ride_rating"] == 4.5
    assert (row["mean_pickup_minutes"], row["p90_pickup_minutes"]) == (6.0, pytest.approx(7.6))


def test_time_and_earnings_are_those_of_premium_drivers(row):
    assert row["utilisation"] == 0.5
    assert row["earnings_gini"] == 0.25  # of 1000 and 3000: |1000 - 3000| / (2 x 4000)


def test_what_the_lake_cannot_tell_is_null(row):
    assert row["nearest_mean_pickup_minutes"] is None
    assert row["repeat_rate"] is None and row["retention"] is None


def test_repeats_and_retention_look_thirty_days_back(tmp_path):
    ctx = context(tmp_path)
    before = DAY - timedelta(days=30)
    then = at("20 08:00") - timedelta(days=30)
    tiers = [("gold", "GOLD"), ("gone", "SILVER")]
    online = [{"driver_id": "gold"}, {"driver_id": "gone"}]
    old = {"order_id": "old", "requested_at": then, "completed_at": then + timedelta(hours=13)}
    deliver(ctx, before, orders=[{**old, **PREMIUM}], shifts=online, tiers=tiers)
    new = [{"order_id": "A", **PREMIUM}, {"order_id": "B", "rider_id": "R2", **PREMIUM}]
    deliver(ctx, DAY, orders=new, shifts=online[:1], tiers=tiers)
    recompute("2026-11-20", ctx)
    row = stored(ctx)[DAY]
    assert (row["repeat_rate"], row["retention"]) == (0.5, 0.5)
    assert stored(ctx)[before]["repeat_rate"] is None


def test_running_again_leaves_the_same_rows(tmp_path):
    ctx = context(tmp_path)
    deliver(ctx, DAY, orders=[PREMIUM], trips=[{}])
    recompute("2026-11-20", ctx)
    once = stored(ctx)
    recompute("2026-11-20", ctx)
    assert stored(ctx) == once
