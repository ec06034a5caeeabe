"""reports/run.json says what ran, what came of it, and whether all of it went well."""

from datetime import UTC, datetime, timedelta

from cli.airflow_api import DagRun
from cli.flow import Flow, Stage
from cli.run_report import report, save, succeeded
from core.params import load_params
from core.settings import Settings
from pipelines.context import Context
from pipelines.results import record
from store.db import migrate

BEGAN = datetime(2026, 11, 22, 8, tzinfo=UTC)
KEY, SPAN = "2026-11-21", "2026-11-19..2026-11-21"
STAGES = [
    Stage("ingest", "ingest", KEY, conf={"range": SPAN}),
    Stage("upkeep", "upkeep", KEY, ("ingest",)),
]


def context(tmp_path):
    settings = Settings(home=tmp_path / "home", reports=tmp_path / "reports", profile="tiny")
    ctx = Context(settings, load_params(settings.params, "tiny"))
    ctx.home.mkdir()
    migrate(ctx.engine)
    return ctx


def flow_of(**states):
    flow = Flow(None, STAGES, BEGAN, lambda *_: None, lambda: None)
    for name, state in states.items():
        ended = BEGAN + timedelta(seconds=3.5)
        flow.runs[name] = DagRun(name, f"run__{name}", KEY, state, BEGAN, BEGAN, ended)
    return flow


def test_a_run_that_went_well_says_what_it_did(tmp_path):
    ctx = context(tmp_path)
    counts = {"orders": {"rows_in": 5, "rows_out": 4, "quarantined": 1}}
    record(ctx, "ingest", SPAN, {"assets": counts, "missing": ["nyc_green"]})
    flow = flow_of(ingest="success", upkeep="success")
    calls = [{"call": "GET /readyz", "status": 200, "ms": 1.0}]
    content = report(ctx, flow, BEGAN, BEGAN + timedelta(seconds=60), calls)
    assert content["data"] == counts
    assert content["missing_real_data"] == ["nyc_green"]
    assert content["dags"] == [
        {"dag_id": "ingest", "key": SPAN, "state": "success", "seconds": 3.5},
        {"dag_id": "upkeep", "key": KEY, "state": "success", "seconds": 3.5},
    ]
    assert content["seconds"] == 60.0
    assert content["kpis"] == {"date": KEY, "ai_performance": {}, "profit": {}}
    assert succeeded(content)
    assert save(ctx, content) == tmp_path / "reports" / "run.json"


def test_a_dag_that_never_started_is_listed_and_the_run_failed(tmp_path):
    content = report(context(tmp_path), flow_of(ingest="failed"), BEGAN, BEGAN, [], "no disk")
    assert [d["state"] for d in content["dags"]] == ["failed", "not started"]
    assert content["error"] == "no disk"
    assert not succeeded(content)


def test_a_call_that_was_refused_makes_the_run_fail(tmp_path):
    flow = flow_of(ingest="success", upkeep="success")
    calls = [{"call": "POST /price", "status": 503, "ms": 1.0}]
    assert not succeeded(report(context(tmp_path), flow, BEGAN, BEGAN, calls))


def test_a_run_without_a_single_call_did_not_succeed(tmp_path):
    flow = flow_of(ingest="success", upkeep="success")
    assert not succeeded(report(context(tmp_path), flow, BEGAN, BEGAN, []))
