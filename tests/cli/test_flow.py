"""The order of a run, against an Airflow that is a dictionary with a clock of its own."""

from datetime import UTC, datetime, timedelta

import pytest

from cli.airflow_api import DagRun
from cli.flow import Flow, Stage, StageFailed, first_run
from core.params import load_params
from core.settings import settings
from models.catalog import PRODUCTS

BEGAN = datetime(2026, 11, 22, 8, tzinfo=UTC)
KEY = "2026-11-21"


class ScriptedAirflow:
    """Runs succeed at their second look; ``announces`` maps a DAG to the one it starts."""

    def __init__(self, fails=(), announces=None):
        self.fails, self.announces = set(fails), announces or {}
        self.started, self.unpaused, self.looks = [], [], {}
        self.found = {}

    def pause(self, dag_id, paused):
        assert not paused
        self.unpaused.append(dag_id)

    def trigger(self, dag_id, run_id, key, conf):
        self.started.append((dag_id, conf))
        return self._make(dag_id, run_id, key)

    def runs(self, dag_id, since):
        for run_id, run in list(self.found.items()):
            self.looks[run_id] = self.looks.get(run_id, 0) + 1
            if not run.done and self.looks[run_id] > 1:
                state = "failed" if run.dag_id in self.fails else "success"
                self.found[run_id] = DagRun(
                    run.dag_id, run_id, run.key, state, BEGAN, BEGAN, BEGAN + timedelta(seconds=2)
                )
                for other in self.announces.pop(run.dag_id, ()):
                    if other in self.unpaused:
                        self._make(other, f"asset_triggered__{other}", run.key)
        return list(self.found.values())

    def tasks(self, run):
        return [{"task_id": "load", "state": "success"}, {"task_id": "docs", "state": "running"}]

    def failure(self, run):
        return f"{run.dag_id}: the log says why"

    def _make(self, dag_id, run_id, key):
        self.found[run_id] = DagRun(dag_id, run_id, key, "running", BEGAN, BEGAN, None)
        return self.found[run_id]


def flow(api, stages, monkeypatch, watch=lambda stage, state, seconds: None):
    monkeypatch.setattr("cli.flow.POLL_S", 0.0)
    monkeypatch.setattr("cli.flow.APPEAR_S", 0.05)
    return Flow(api, stages, BEGAN, watch, lambda: None)


def test_a_stage_starts_when_all_it_needs_has_succeeded(monkeypatch):
    api = ScriptedAirflow()
    stages = [
        Stage("a", "a", KEY),
        Stage("b", "b", KEY),
        Stage("c", "c", KEY, ("a", "b"), {"range": "x"}),
    ]
    running = flow(api, stages, monkeypatch)
    running.run()
    assert [dag for dag, _ in api.started] == ["a", "b", "c"]
    assert api.started[2] == ("c", {"range": "x"})
    assert {name: run.state for name, run in running.runs.items()} == dict.fromkeys(
        "abc", "success"
    )


def test_one_task_of_a_stage_can_be_enough(monkeypatch):
    api = ScriptedAirflow()
    seen = []
    stages = [Stage("ingest", "ingest", KEY), Stage("train", "train", KEY, ("ingest.load",))]
    flow(api, stages, monkeypatch, lambda s, state, _: seen.append((s.name, state))).run()
    assert seen.index(("train", "running")) < seen.index(("ingest", "success"))


def test_an_announced_run_is_waited_for_and_not_started_again(monkeypatch):
    api = ScriptedAirflow(announces={"ingest": ["kpis"]})
    stages = [
        Stage("ingest", "ingest", KEY),
        Stage("kpis", "kpis", KEY, ("ingest",), announced=True),
    ]
    running = flow(api, stages, monkeypatch)
    running.run()
    assert [dag for dag, _ in api.started] == ["ingest"]
    assert running.runs["kpis"].run_id == "asset_triggered__kpis"


def test_a_run_that_nobody_announces_is_started_after_a_while(monkeypatch):
    api = ScriptedAirflow()
    stages = [
        Stage("ingest", "ingest", KEY),
        Stage("kpis", "kpis", KEY, ("ingest",), announced=True),
    ]
    flow(api, stages, monkeypatch).run()
    assert [dag for dag, _ in api.started] == ["ingest", "kpis"]


def test_a_failed_run_stops_the_flow_with_the_log_of_its_tasks(monkeypatch):
    api = ScriptedAirflow(fails=["a"])
    stages = [Stage("a", "a", KEY), Stage("b", "b", KEY, ("a",))]
    with pytest.raises(StageFailed, match="a: the log says why"):
        flow(api, stages, monkeypatch).run()
    assert [dag for dag, _ in api.started] == ["a"]


def test_a_hook_is_called_once_when_its_need_is_met(monkeypatch):
    calls = []
    stages = [Stage("a", "a", KEY), Stage("b", "b", KEY, ("a",))]
    flow(ScriptedAirflow(), stages, monkeypatch).run({"a": lambda: calls.append("a is done")})
    assert calls == ["a is done"]


def test_the_same_dag_can_be_two_stages(monkeypatch):
    api = ScriptedAirflow()
    stages = [
        Stage("evaluate x", "evaluate", KEY, conf={"products": ["x"]}),
        Stage("evaluate y", "evaluate", KEY, conf={"products": ["y"]}),
    ]
    running = flow(api, stages, monkeypatch)
    running.run()
    assert running.runs["evaluate x"].run_id != running.runs["evaluate y"].run_id


def test_the_backup_of_a_day_holds_its_verdicts():
    stages = {stage.name: stage for stage in first_run(load_params(settings().params, "tiny"))}

    def before(name):
        needs = {need.partition(".")[0] for need in stages[name].needs}
        return needs.union(*(before(need) for need in needs))

    assert {f"evaluate {product}" for product in PRODUCTS} <= before("upkeep")
