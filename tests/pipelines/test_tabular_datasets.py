"""Datasets of tabular models out of a real small lake: splits, digests, the whole of training."""

from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from core.errors import BadInput, PartitionMissing
from core.params import load_params
from core.settings import Settings
from models.catalog import spec_of
from pipelines import travel_speeds
from pipelines.context import Context
from pipelines.datasets import acceptance, contribution, demand, duration, fare
from pipelines.datasets.lake_rows import by_day, days_until
from pipelines.importers.base import Options
from pipelines.importers.nyc_green import read as read_green
from pipelines.simulated_day import simulate, whole_key
from pipelines.training import learn
from tests.kpi_frames import at, rows
from tests.real_data import real_data
from tests.small_city import MESSAGES, POLICIES, ROOT, SMALL

KEY = "2026-11-21"
LAST = date(2026, 11, 21)
ASSETS = ("market_hours", "exposures", "orders", "trips", "payments")
ONE_DAY = {f"{model}.holdout_days": 1 for model in ("demand", "acceptance", "contribution")}


def context(home: Path, **overrides: object) -> Context:
    over = {**SMALL, **ONE_DAY, **overrides}
    return Context(Settings(home=home), load_params(ROOT / "params.yaml", "tiny", over))


@pytest.fixture(scope="module")
def ctx(tmp_path_factory):
    made = context(tmp_path_factory.mktemp("lake"), **{"simulator.dirty_share": 0.0})
    simulate(whole_key(made), made, POLICIES, MESSAGES)
    for asset in ASSETS:
        for day in made.landing.days(asset):
            made.lake.write(asset, day, made.landing.read(day, asset))
    return made


@pytest.mark.parametrize("name", ["demand", "acceptance", "contribution"])
def test_a_model_is_learned_and_judged_from_the_lake(ctx, name):
    _, data, artefact, judged, _ = learn(spec_of(name), KEY, ctx, {})
    assert {"model.ubj", "meta.json", "selftest.json"} == set(artefact)
    assert min(len(data.train), len(data.validate), len(data.test)) > 0
    assert set(judged.baseline_metrics) <= set(judged.metrics)


@pytest.mark.parametrize(
    ("module", "column"), [(demand, "hour"), (acceptance, "at"), (contribution, "at")]
)
def test_no_split_reaches_into_the_next_one(ctx, module, column):
    data = module.build(KEY, ctx, {})
    parts = [pd.to_datetime(p[column], utc=True) for p in (data.train, data.validate, data.test)]
    assert parts[0].max() < parts[1].min()
    assert parts[1].max() < parts[2].min()
    assert parts[2].min() == parts[2].min().normalize() or parts[2].min().date() == LAST
    assert parts[2].max().date() <= LAST


@pytest.mark.parametrize("module", [demand, acceptance, contribution])
def test_a_later_day_changes_nothing_of_an_earlier_key(ctx, module):
    before = module.inputs(KEY, ctx, {})
    tomorrow = LAST + timedelta(days=1)
    for asset in ASSETS:
        ctx.lake.write(asset, tomorrow, ctx.lake.read(asset, [LAST]))
    after = module.inputs(KEY, ctx, {})
    for asset in ASSETS:
        ctx.lake.path(asset, tomorrow).unlink()
    assert before == after


def test_the_same_lake_gives_the_same_rows_twice(ctx):
    one, two = (acceptance.build(KEY, ctx, {}) for _ in "ab")
    assert one.digest == two.digest
    pd.testing.assert_frame_equal(one.train, two.train)


def test_a_contribution_is_what_the_books_say_to_the_cent(tmp_path):
    ctx = context(tmp_path, **{"contribution.holdout_days": 1})
    for n, day in enumerate(["18", "19", "20"]):
        name, then = f"O{n}", {"requested_at": at(f"{day} 08:00")}
        ended = {"completed_at": at(f"{day} 08:20")}
        key = f"2026-11-{day}"
        ctx.lake.write("orders", key, rows("orders", {"order_id": name, **then, **ended}))
        trip = {"trip_id": f"T{n}", "order_id": name, "promotion": 100}
        ctx.lake.write("trips", key, rows("trips", trip))
        paid = [
            {"payment_id": f"P{n}", "order_id": name, "amount": 980},
            {"payment_id": f"R{n}", "order_id": name, "kind": "REFUND", "amount": 200},
        ]
        ctx.lake.write("payments", key, rows("payments", *paid))
    data = contribution.build("2026-11-20", ctx, {})
    p = ctx.params.profit_kpis
    card = int(980 * p.card_share + 0.5) + p.card_fixed_cents
    insurance = int(5.0 * p.insurance_cents_per_km + 0.5)
    left = 1000 - 100 - 200 - 800 - card - insurance - p.infrastructure_cents_per_order
    assert data.test["contribution_cents"].tolist() == [left]


def test_a_missing_day_is_named(tmp_path):
    ctx = context(tmp_path)
    with pytest.raises(PartitionMissing, match="market_hours"):
        demand.build(KEY, ctx, {})
    for day in ("2026-11-19", "2026-11-21"):
        ctx.lake.write_free("orders", day, pa.table({"a": [1]}))
    with pytest.raises(PartitionMissing, match="2026-11-20"):
        days_until("orders", KEY, 30, ctx)


def test_too_few_days_to_split_are_refused():
    frame = pd.DataFrame({"at": pd.to_datetime(["2026-11-20", "2026-11-21"], utc=True)})
    with pytest.raises(BadInput, match="at least 3 days"):
        by_day(frame, "at", [LAST - timedelta(days=1), LAST], 1)


@pytest.fixture(scope="module")
def green(tmp_path_factory):
    """The real trips of two months."""
    made = context(tmp_path_factory.mktemp("green"), **{"real_trips.trees": 60})
    for month in ("2021-01", "2021-02"):
        file = real_data() / "trips" / "nyc_green" / f"green_{month}.parquet"
        for batch in read_green(file, Options(driver_share=0.8)):
            if not batch.asset.startswith("payments"):
                made.lake.write_free(batch.asset, batch.key, batch.table)
    return made


@pytest.mark.real_data
def test_real_durations_meet_the_bars(green):
    _, data, _, judged, _ = learn(spec_of("duration"), KEY, green, {})
    assert len(data.test) > 60_000
    assert judged.metrics["rmse"] <= 7.9
    assert judged.metrics["rmse_with_realised_distance"] <= 5.3
    assert judged.beats_baseline


@pytest.mark.real_data
def test_speeds_by_zone_and_hour_beat_one_speed_on_the_next_month(green):
    assert travel_speeds.fitted(green) is None
    told = travel_speeds.build(green)
    assert told["mae_minutes"] < 0.95 * told["mae_one_speed"] < told["mae_params"]
    assert travel_speeds.fitted(green).pace.shape[1] == 24


@pytest.mark.real_data
def test_real_trips_are_on_the_local_clock_and_fares_plausible(green):
    data = fare.build(KEY, green, {})
    assert data.test["gross_fare"].between(250, 20_000).all()
    assert str(data.train["local"].min()).startswith("2021-01-01 00")
    assert set(duration.inputs(KEY, green, {})) == {"orders_nyc_green", "trips_nyc_green"}
