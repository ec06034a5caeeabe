"""Every driver is evaluated every night, by the champion or by the rule, and told why."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import sqlalchemy as sa

from core.enums import Role
from core.params import load_params
from core.settings import Settings
from models import registry
from models.premium import qualification
from pipelines import artefacts, training
from pipelines.context import Context
from pipelines.datasets import driver_qualification
from pipelines.driver_tiers import evaluate
from store import appeals, releases
from store.db import migrate, write
from store.tables import Decision, DriverQualification, FeatureValue, PremiumDriver
from tests.driver_frames import LAST, driver_days, drivers, vehicles

PARAMS = Path(__file__).parents[2] / "params.yaml"
PEOPLE = 90
KEY = LAST.isoformat()


@pytest.fixture(scope="module")
def ctx(tmp_path_factory):
    made = Context(Settings(home=tmp_path_factory.mktemp("tiers")), load_params(PARAMS, "tiny"))
    migrate(made.engine)
    for day, rows in driver_days(PEOPLE, 150).groupby("day"):
        made.lake.write("driver_days", day, pa.Table.from_pandas(rows, preserve_index=False))
    made.lake.write("drivers", LAST, pa.Table.from_pandas(drivers(PEOPLE), preserve_index=False))
    cars = pa.Table.from_pandas(vehicles(PEOPLE), preserve_index=False)
    made.lake.write("vehicles", LAST, cars)
    return made


def stored(ctx, table):
    with ctx.engine.connect() as connection:
        return [dict(r._mapping) for r in connection.execute(sa.select(table.__table__))]


@pytest.fixture(scope="module")
def by_rule(ctx):
    return evaluate(KEY, ctx)


def test_without_a_champion_the_rule_decides_and_says_so(ctx, by_rule):
    assert by_rule["decided_by"] == "rule"
    assert 0 < by_rule["share_qualified"] < 1
    assert all(row["probability"] is None for row in stored(ctx, DriverQualification))


def test_every_driver_has_one_row_and_stands_somewhere(ctx, by_rule):
    assert len(stored(ctx, DriverQualification)) == PEOPLE == by_rule["drivers"]
    standing = stored(ctx, PremiumDriver)
    assert len(standing) == PEOPLE
    assert sum(row["status"] == "QUALIFIED" for row in standing) == by_rule["qualified"]


def test_who_is_not_qualified_is_told_why(ctx, by_rule):
    for row in stored(ctx, DriverQualification):
        assert row["qualified"] or row["reasons"], row["driver_id"]
        failed = [r["name"] for r in row["reasons"] if r["kind"] == "gate"]
        assert row["gates_passed"] == (not failed)


def test_only_drivers_of_a_vehicle_that_premium_rides_use_qualify(ctx, by_rule):
    cars = vehicles(PEOPLE)
    kind = dict(zip(cars["vehicle_id"].str.replace("V", "D"), cars["type"], strict=True))
    rows = stored(ctx, DriverQualification)
    assert {kind[row["driver_id"]] for row in rows} == {"SUV", "SEDAN", "LUXURY_SEDAN", "MOTO"}
    assert {kind[r["driver_id"]] for r in rows if r["qualified"]} <= {"SUV", "LUXURY_SEDAN"}
    told = {
        (kind[row["driver_id"]], reason["change"])
        for row in rows
        for reason in row["reasons"]
        if reason["name"] == "vehicle_class"
    }
    assert told == {("SEDAN", "SUV"), ("MOTO", "SUV")}


def test_measures_are_there_for_online_readers(ctx, by_rule):
    found = stored(ctx, FeatureValue)
    assert {row["feature"] for row in found} >= {"driver_rating", "driver_acceptance"}


@pytest.fixture(scope="module")
def by_model(ctx, by_rule):
    """The night's result and rows once a model serves, and that model."""
    data = driver_qualification.build(KEY, ctx, {})
    params = ctx.params.driver_qualification
    artefact = qualification.fit(data.train, data.validate, params)
    files = artefacts.keep(ctx, artefact)
    manifest = {"members": {"driver_qualification": {"version": "3", "files": files}}}
    release = releases.write_manifest(ctx.releases, manifest)
    at = datetime(2026, 11, 22, tzinfo=UTC)
    releases.move_pointer(ctx.engine, "premium", release, manifest, "test", "first", at)
    return evaluate(KEY, ctx), stored(ctx, DriverQualification), qualification.load(artefact)


def test_the_champion_decides_once_there_is_one_and_twice_is_the_same(ctx, by_model):
    first, rows, _ = by_model
    assert first["decided_by"] == "model"
    assert {row["model_version"] for row in rows} == {"3"}
    assert all(row["probability"] >= row["threshold"] for row in rows if row["qualified"])
    assert evaluate(KEY, ctx) == first
    assert stored(ctx, DriverQualification) == rows


def test_whoever_does_not_pass_the_model_is_told_the_smallest_change(ctx, by_model):
    _, rows, model = by_model
    lowest = ctx.params.driver_qualification.tiers["BRONZE"].rating
    told = []
    for row in rows:
        active = row["probability"] is not None
        likely = active and row["probability"] >= model.threshold.value
        changes = [reason for reason in row["reasons"] if reason["kind"] == "change"]
        assert len(changes) == (active and not (likely and row["rating"] >= lowest))
        told += changes
    assert any(change["changes"] for change in told)
    assert all(0 <= change["probability"] <= 1 for change in told)


def test_a_suspension_outlives_the_night_and_an_upheld_appeal_ends_it(ctx, by_rule):
    driver = next(row["driver_id"] for row in stored(ctx, DriverQualification) if row["qualified"])
    proposed = {"status": "SUSPENSION_PROPOSED"}
    mine = appeals.DRIVER.c.driver_id == driver
    write(ctx.engine, lambda c: c.execute(appeals.DRIVER.update().where(mine).values(**proposed)))
    morning = datetime(2026, 11, 22, 9, tzinfo=UTC)
    done = (Decision.SUSPEND, "too many complaints", "R1", Role.ADMIN, morning)
    write(ctx.engine, lambda c: appeals.review(c, driver, LAST, *done))

    def tonight(day):
        rows = driver_days(PEOPLE, 150)
        same = rows[rows["day"] == LAST].assign(day=day)
        ctx.lake.write("driver_days", day, pa.Table.from_pandas(same, preserve_index=False))
        evaluate(day.isoformat(), ctx)
        where = {"driver_id": driver, "evaluated_on": day}
        [row] = [r for r in stored(ctx, DriverQualification) if where.items() <= r.items()]
        [stands] = [r for r in stored(ctx, PremiumDriver) if r["driver_id"] == driver]
        return row, str(stands["status"])

    row, status = tonight(LAST)  # the same night again: the decision came after it
    assert row["qualified"] and status == "SUSPENDED"
    row, status = tonight(LAST + timedelta(days=1))
    [gate] = [r for r in row["reasons"] if r["kind"] == "gate"]
    assert (gate["name"], gate["value"], status) == ("suspension", "IN_FORCE", "SUSPENDED")
    night, later = row["evaluated_on"], morning + timedelta(days=1)
    filed = (driver, night, "mistaken", driver, Role.USER, later, 30)
    appeal = write(ctx.engine, lambda c: appeals.file(c, *filed))
    verdict = (True, "they were another's", "R2", Role.ADMIN, later)
    write(ctx.engine, lambda c: appeals.decide(c, appeal, *verdict))
    row, status = tonight(LAST + timedelta(days=2))
    assert not any(r["name"] == "suspension" for r in row["reasons"])
    assert status == "QUALIFIED"


def test_a_split_never_sees_a_label_that_was_not_ripe(ctx):
    data = driver_qualification.build(KEY, ctx, {})
    parts = {"train": data.train, "validate": data.validate, "test": data.test}
    cuts = {name: rows["as_of"].max().date() for name, rows in parts.items()}
    assert cuts == {
        "train": LAST - timedelta(days=90),
        "validate": LAST - timedelta(days=60),
        "test": LAST - timedelta(days=30),
    }


def test_groups_are_known_of_the_rows_that_are_judged_and_of_no_others(ctx):
    before = driver_qualification.inputs(KEY, ctx, {})
    path = ctx.home / "truth" / KEY / "drivers.parquet"
    path.parent.mkdir(parents=True)
    names = [f"D{i:04d}" for i in range(PEOPLE)]
    woman = [i % 2 == 0 for i in range(PEOPLE)]
    told = {"driver_id": names, "woman": woman, "age_group": "30-39", "home_zone": "Z01"}
    pd.DataFrame(told).to_parquet(path)
    data = driver_qualification.build(KEY, ctx, {})
    assert not set(qualification.GROUPS) & {*data.train.columns, *data.validate.columns}
    expected = dict(zip(names, np.where(woman, "woman", "man"), strict=True))
    assert data.test["gender"].tolist() == [expected[d] for d in data.test["driver_id"]]
    assert set(data.test["home_zone"]) == {"Z01"}
    assert driver_qualification.inputs(KEY, ctx, {}) != before
    path.unlink()


def test_a_training_run_keeps_how_groups_fare(ctx, mlflow_url):
    path = ctx.home / "truth" / KEY / "drivers.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    told = {"driver_id": [f"D{i:04d}" for i in range(PEOPLE)], "age_group": "30-39"}
    told |= {"woman": [i % 2 == 0 for i in range(PEOPLE)], "home_zone": "Z01"}
    pd.DataFrame(told).to_parquet(path)
    there = replace(
        ctx,
        settings=ctx.settings.model_copy(update={"mlflow_url": mlflow_url, "reports": ctx.home}),
    )
    trained = training.train("driver_qualification", KEY, there)
    assert trained["metrics"]["gap_selected_gender"] >= 0
    assert "proxies" in trained["metrics"]
    client = registry.connect(mlflow_url)
    [version] = registry.versions(client, "driver_qualification")
    run = client.get_run(version.run_id)
    assert "## Fairness" in run.data.tags["mlflow.note.content"]
    assert "gap_selected_gender" in run.data.metrics
    files = {f.path for f in client.list_artifacts(version.run_id, "plots")}
    assert "plots/fairness.png" in files
    path.unlink()


def test_inputs_change_with_the_lake_and_only_then(ctx):
    first = driver_qualification.inputs(KEY, ctx, {})
    assert first == driver_qualification.inputs(KEY, ctx, {})
    earlier = LAST - timedelta(days=1)
    ctx.lake.write("drivers", earlier, pa.Table.from_pandas(drivers(5), preserve_index=False))
    assert first != driver_qualification.inputs(earlier.isoformat(), ctx, {})
