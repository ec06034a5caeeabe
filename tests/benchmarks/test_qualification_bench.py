"""`tripo bench qualification` on little: the fleet, and point-in-time rows of the public sets."""

import json
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score
from typer.testing import CliRunner

from benchmarks import ola_drivers, qualification, tlc_applications
from benchmarks.real_drivers import interval
from cli.main import app
from core.errors import BadInput
from pipelines.context import Context
from tests.real_data import real_data

QUIET = lambda _: None  # noqa: E731


@pytest.fixture
def public():
    """Asked for before `ctx`, which takes TRIPO_DATA away."""
    return real_data()


@pytest.fixture
def ctx(tmp_path, monkeypatch):
    monkeypatch.setenv("TRIPO_PROFILE", "tiny")
    monkeypatch.setenv("TRIPO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TRIPO_REPORTS", str(tmp_path / "reports"))
    monkeypatch.delenv("TRIPO_DATA", raising=False)
    return Context.load()


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(qualification, "LEARNED_FROM", 150)
    monkeypatch.setattr(qualification, "REPEATS", 1)


def test_every_driver_of_the_fleet_is_judged_with_reasons(ctx, small):
    [found] = qualification.rows(ctx, ["fleet"], QUIET, drivers=120)
    told, whole = (row.shown() for row in found)
    assert told["name"] == "120 drivers qualified with reasons, from features"
    assert told["bar"] == whole["bar"] == 20.0 and told["met"]
    assert whole["value"] >= told["value"] > 0
    assert "120 active" in told["note"]


def test_an_unknown_set_and_missing_data_are_refused(ctx):
    with pytest.raises(BadInput, match="fleet, tlc, ola"):
        list(qualification.rows(ctx, ["uber"], QUIET))
    with pytest.raises(BadInput, match="expected TRIPO_DATA"):
        list(qualification.rows(ctx, ["ola"], QUIET))


def months():
    return pd.read_parquet(real_data() / "drivers" / "ola_driver_months.parquet")


def test_no_later_month_moves_a_feature_and_every_label_is_of_the_next_quarter():
    table = months()
    end = pd.Period("2020-03", "M")
    month = pd.to_datetime(table["MMM-YY"], format="%m-%d-%Y").dt.to_period("M")
    known = list(ola_drivers.OLA)
    whole = ola_drivers._quarters(table)
    mine = whole[whole["end"] == end].set_index("who")
    changed = table.assign(
        **{"Quarterly Rating": table["Quarterly Rating"].mask(month > end, 1)},
        **{"Total Business Value": table["Total Business Value"].mask(month > end, -1)},
        LastWorkingDate=table["LastWorkingDate"].mask(month > end, "01-01-2021"),
    )
    later = ola_drivers._quarters(changed)
    after = later[later["end"] == end].set_index("who")
    pd.testing.assert_frame_equal(mine[known], after[known])
    assert mine["rated"].any() and not after["rated"].any()
    there = set(table.loc[month == end + 3, "Driver_ID"])
    assert mine["gone"].tolist() == [driver not in there for driver in mine.index]


def test_protected_columns_are_no_features():
    assert not {"age", "gender", "city"} & set(ola_drivers.OLA)


def test_splits_follow_time_and_labels_ripen_before_the_next_begins():
    rows = ola_drivers._quarters(months())
    task = ola_drivers._ola(rows, "gone")
    assert task.train["end"].max() + 3 <= task.validate["end"].min()
    assert task.validate["end"].max() + 3 <= task.test["end"].min()


def applications():
    path = real_data() / "drivers" / "tlc_driver_applications.parquet"
    table = pd.read_parquet(path)
    return table.assign(snapshot=pd.to_datetime(table["snapshot"]))


def test_what_is_known_on_the_day_of_application_has_no_step_and_nothing_later():
    table = applications()
    task = tlc_applications._on_the_day(table)
    assert not set(task.features) & set(tlc_applications.STEPS)
    assert task.train["snapshot"].max() < task.validate["snapshot"].min()
    assert task.validate["snapshot"].max() < task.test["snapshot"].min()
    row = task.test.iloc[0]
    listed = table[table["snapshot"] == row["snapshot"]]
    ahead = (row["App Date"] - listed["App Date"]).dt.days
    assert row["lately"] == ahead.between(1, 7).sum()


def test_steps_of_the_earlier_snapshot_are_held_against_the_later_outcome():
    task = tlc_applications._from_steps(applications(), leaking=False)
    parts = [task.train, task.validate, task.test]
    assert len({str(d) for part in parts for d in part["snapshot"].unique()}) == 1
    for early, late in pairwise(parts):
        assert early["App Date"].max() <= late["App Date"].min()
    assert sum(part["label"].sum() for part in parts) == 29


def test_an_interval_draws_whole_drivers():
    rng = np.random.default_rng(1)
    y = rng.random(200) < 0.5
    score = y + rng.normal(0, 1, 200)
    alone = interval(roc_auc_score, y, score, None, np.arange(200), 300)
    four = [np.tile(x, 4) for x in (y, score, np.arange(200))]
    same = interval(roc_auc_score, four[0], four[1], None, four[2], 300)
    pretending = interval(roc_auc_score, four[0], four[1], None, np.arange(800), 300)
    assert same == pytest.approx(alone)
    assert pretending[1] - pretending[0] < 0.7 * (alone[1] - alone[0])
    equal = interval(roc_auc_score, y, score, score, np.arange(200), 50)
    assert equal == (0.0, 0.0)


def test_the_command_measures_real_drivers_and_keeps_the_rows(public, ctx, tmp_path, monkeypatch):
    monkeypatch.setenv("TRIPO_DATA", str(public))
    result = CliRunner().invoke(app, ["bench", "qualification", "--json", "--only", "ola"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    kept = json.loads((tmp_path / "reports" / "bench.json").read_text())
    assert found == kept["qualification"]
    rows = {row["name"]: row for row in found["rows"]}
    gone = rows["Ola, gone next quarter: AUC"]
    assert gone["value"] > max(gone["peers"].values()) > 0.6
    assert "above rule by" in gone["note"]
    assert rows["Ola: features that tell a group"]["value"] > 0
