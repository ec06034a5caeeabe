"""Evaluations and nightly figures in MLflow, against a real server."""

from pathlib import Path

import mlflow
import pytest

from core.errors import RegistryUnavailable
from core.params import load_params
from core.settings import Settings
from pipelines.context import Context
from pipelines.tracking import leaves, track
from tests.servers import free_port

ROOT = Path(__file__).parents[2]
FORM = {"range": "2026-11-20..2026-11-21", "overrides": {"evaluate.bootstrap": 200}}


def context(home, url):
    return Context(Settings(home=home, mlflow_url=url), load_params(ROOT / "params.yaml"))


def test_a_run_has_the_form_the_section_and_what_came_out(tmp_path, mlflow_url):
    ctx = context(tmp_path, mlflow_url)
    result = {
        "product": "profit",
        "seconds": None,
        "models": [{"model": "demand", "version": "3", "gain_low": 0.25, "files": {"a": "b"}}],
        "outcome": {"demand": "promote"},
    }
    track(ctx, "evaluate_profit", "evaluate", "2026-11-21", FORM, result)
    (run,) = mlflow.MlflowClient(mlflow_url).search_runs(
        [mlflow.get_experiment_by_name("evaluate_profit").experiment_id]
    )
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "evaluate_profit 2026-11-21"
    assert run.data.params["range"] == FORM["range"]
    assert run.data.params["overrides"] == str(FORM["overrides"])
    assert run.data.params["slice_min_rows"] == "30"
    assert run.data.metrics == {"demand.gain_low": 0.25}
    assert run.data.tags["outcome.demand"] == "promote"
    assert run.data.tags["key"] == "2026-11-21"
    assert "demand.files.a" not in run.data.tags


def test_a_server_that_is_away_is_named(tmp_path):
    free_url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(RegistryUnavailable, match=f"expected MLflow at {free_url}"):
        track(context(tmp_path, free_url), "profit_kpis", "profit_kpis", "2026-11-21", {}, {})


def test_leaves_have_dotted_names_and_lists_of_days_have_none():
    found = dict(leaves({"days": ["2026-11-20"], "last": {"margin": 0.2, "final": False}}))
    assert found == {"last.margin": 0.2, "last.final": False}
