"""Monitoring: late assets, drifting columns, and which models ask to be retrained."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from core.errors import NotAPartition
from core.params import load_params
from core.schema import asset_schema
from core.settings import Settings
from models.catalog import CATALOG
from pipelines.context import Context
from pipelines.monitoring import MAIN_COLUMNS, SAID, check
from store.db import migrate
from store.rows import replace_rows
from store.tables import MonitoringResult, PremiumMetrics
from tests.kpi_frames import rows

PARAMS = Path(__file__).parents[2] / "params.yaml"
DAY = date(2026, 11, 21)


@pytest.fixture
def ctx(tmp_path):
    made = Context(Settings(home=tmp_path), load_params(PARAMS))
    migrate(made.engine)
    return made


def orders_of(day: date, n: int, longer_km: float = 0.0):
    km = np.random.default_rng(day.day).lognormal(1.2, 0.5, n) + longer_km
    changes = ({"order_id": f"{day.day}-{i}", "distance_km": float(v)} for i, v in enumerate(km))
    return rows("orders", *changes)


def deliver(ctx, n: int, longer_km: float = 0.0) -> None:
    for back in (3, 2, 1):
        day = DAY - timedelta(days=back)
        ctx.lake.write("orders", day, orders_of(day, n))
    ctx.lake.write("orders", DAY, orders_of(DAY, n, longer_km))


def result(ctx, name: str, subject: str = "orders"):
    table = MonitoringResult.__table__
    with ctx.engine.connect() as connection:
        query = sa.select(table).where(table.c.name == name, table.c.subject == subject)
        return connection.execute(query).one()


def messages_of(day: date, texts: list[str]):
    return rows(
        "messages",
        *({"id": f"{day.day}-{n}", "sender": "USER", "content": t} for n, t in enumerate(texts)),
    )


def test_messages_in_words_that_nothing_learned_ask_for_the_text_models(ctx):
    usual = ["where is my driver", "i want my money back please", "card declined again"] * 60
    for back in (2, 1):
        day = DAY - timedelta(days=back)
        ctx.lake.write("messages", day, messages_of(day, usual))
    strange = ["qvorp is my zandle", "i want my frobnitz back please", "blarg glorp again"] * 60
    ctx.lake.write("messages", DAY, messages_of(DAY, strange))
    assert check("2026-11-21", ctx)["retrain"] == ["intent", "sentiment"]
    assert result(ctx, "new_words", "messages").status == "ALERT"
    assert result(ctx, "words", "messages").status == "OK"


def test_a_column_that_moved_asks_for_its_models(ctx):
    deliver(ctx, 300, longer_km=3.0)
    report = check("2026-11-19..2026-11-21", ctx)
    assert report["retrain"] == ["acceptance", "contribution"]
    assert "drift orders.distance_km" in report["not_ok"]
    assert result(ctx, "distance_km").status == "ALERT"
    assert result(ctx, "surge").status == "OK"


def test_the_same_city_as_before_asks_for_nothing(ctx):
    deliver(ctx, 300)
    assert check("2026-11-21", ctx)["retrain"] == []


def test_few_rows_are_shown_and_not_judged(ctx):
    deliver(ctx, 40, longer_km=3.0)
    assert check("2026-11-21", ctx)["retrain"] == []
    row = result(ctx, "distance_km")
    assert row.value > 0.25 and row.detail["judged"] is False


def test_freshness_is_the_hours_to_the_end_of_the_key(ctx):
    deliver(ctx, 5)
    replace_rows(ctx.engine, PremiumMetrics, {"day": DAY - timedelta(days=2)}, [_premium_row()])
    check("2026-11-22", ctx)
    assert (result(ctx, "age_hours").value, result(ctx, "age_hours").status) == (24.0, "OK")
    late = result(ctx, "age_hours", "premium_metrics")
    assert (late.value, late.status) == (72.0, "ALERT")
    never = result(ctx, "age_hours", "trips")
    assert (never.value, never.status) == (None, "ALERT")


def test_running_again_leaves_the_same_rows(ctx):
    deliver(ctx, 50)
    first, second = check("2026-11-21", ctx), check("2026-11-21", ctx)
    with ctx.engine.connect() as connection:
        stood = connection.scalar(sa.select(sa.func.count()).select_from(MonitoringResult))
    assert first == second and stood == first["checks"]


def test_a_key_that_is_no_day_is_refused(ctx):
    with pytest.raises(NotAPartition):
        check("yesterday", ctx)


def test_every_watched_column_and_model_exists():
    for asset, columns in MAIN_COLUMNS.items():
        assert set(columns) - SAID <= set(asset_schema(asset).names)
        assert {model for models in columns.values() for model in models} <= set(CATALOG)


def _premium_row() -> dict:
    counts = ("ride_completed", "premium_requests", "premium_completed", "premium_revenue_cents")
    return {
        column.name: 0 if column.name in counts else None
        for column in PremiumMetrics.__table__.columns
        if column.name != "day"
    }
