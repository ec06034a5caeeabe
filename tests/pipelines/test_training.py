"""What training says when there is nothing real to learn from."""

from pathlib import Path

import pyarrow as pa
import pytest

from core.errors import PartitionMissing
from core.params import load_params
from core.settings import Settings
from pipelines import training
from pipelines.context import Context
from pipelines.datasets.real_months import ORDERS

ROOT = Path(__file__).parents[2]
KEY = "2026-11-21"


def context(home, data=None):
    return Context(Settings(home=home, data=data), load_params(ROOT / "params.yaml"))


@pytest.mark.parametrize("name", ["fare", "duration"])
def test_models_of_real_trips_are_skipped_and_say_why(name, tmp_path):
    said = training.train(name, KEY, context(tmp_path))
    assert said == {"model": name, "skipped": "needs real trips; TRIPO_DATA is not set"}
    said = training.train(name, KEY, context(tmp_path, tmp_path / "public"))
    assert said["skipped"].endswith("public had no New York green taxis")


def test_a_month_that_is_missing_among_real_trips_is_an_error(tmp_path):
    ctx = context(tmp_path, tmp_path)
    ctx.lake.write_free(ORDERS, KEY, pa.table({"order_id": ["a"]}))
    with pytest.raises(PartitionMissing, match="2021-01-01"):
        training.train("fare", KEY, ctx)


def test_without_git_the_revision_says_so(monkeypatch):
    assert len(training.provenance()["git_revision"]) >= 12
    monkeypatch.setenv("PATH", "")
    assert training.provenance()["git_revision"] == "not a git checkout"
