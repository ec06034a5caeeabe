"""The order of a run: which DAG starts once which others are done; Airflow does the rest."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cli.airflow_api import AirflowApi, DagRun
from core.errors import TripoError
from core.params import Params
from core.partition import range_key, window
from models.catalog import dag_members

POLL_S, SLOW_POLL_S = 0.4, 1.0
PATIENCE = 0.05
"""Of the time since the last change: how long to wait before looking again, within the limits."""
APPEAR_S = 5.0
SUCCESS, FAILED = "success", "failed"


class StageFailed(TripoError):
    """A DAG run ended in failure; the message holds the end of its tasks' logs."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One DAG run: its key, its form, and what must be done before.

    A need is the name of a stage, or ``stage.task`` where one of its tasks is enough. An
    ``announced`` run is made by Airflow from an asset event; it is only waited for.
    """

    name: str
    dag: str
    key: str
    needs: tuple[str, ...] = ()
    conf: Mapping[str, Any] = field(default_factory=dict)
    announced: bool = False


def fitted(dag: str) -> tuple[str, ...]:
    """The needs that are met once every model of a training DAG is there."""
    return tuple(f"{dag}.{model}" for model in dag_members(dag))


def first_run(params: Params) -> list[Stage]:
    """Everything, once, for the simulated city's days; independent DAGs run side by side."""
    city = params.simulator
    days = window(city.last_day, city.days)
    key = city.last_day.isoformat()
    span = {"range": range_key(days[0], days[-1])}
    history = {"range": range_key(window(city.last_day, city.history_days)[0], days[-1])}
    quiet = {"announce": False}

    def judged(product: str, *needs: str) -> Stage:
        form = {"products": [product], "attended": False}
        return Stage(f"evaluate {product}", "evaluate", key, needs, form)

    def trained(dag: str, *needs: str, **form: Any) -> Stage:
        return Stage(dag, dag, key, needs, {**quiet, **form})

    heads = ("train_intent", "train_sentiment")
    indexed = "knowledge_base.build"
    judged_all = ("evaluate premium", "evaluate profit")
    return [
        trained("train_encoder"),
        *(trained(dag, *fitted("train_encoder")) for dag in heads),
        trained("knowledge_base", *fitted("train_intent")),
        judged("support", indexed, *fitted("train_sentiment")),
        Stage("simulate", "simulate", key, ("evaluate support",), history),
        Stage("ingest", "ingest", key, ("simulate",), history),
        trained("train_driver_qualification", "ingest.load", **span),
        trained("train_profit", "ingest.load", **span),
        judged("premium", *fitted("train_driver_qualification")),
        judged("profit", *fitted("train_profit")),
        Stage("ai_performance", "ai_performance", key, ("ingest.load",), announced=True),
        Stage("profit_kpis", "profit_kpis", key, ("ingest.load",), announced=True),
        Stage("driver_tiers", "driver_tiers", key, ("evaluate premium",)),
        Stage("premium_metrics", "premium_metrics", key, ("driver_tiers",), announced=True),
        Stage("monitoring", "monitoring", key, judged_all, {"retrain": False}),
        # a backup holds the day's figures and champions
        Stage(
            "upkeep",
            "upkeep",
            key,
            ("profit_kpis", "ai_performance", "premium_metrics", *judged_all),
        ),
    ]


Watcher = Callable[[Stage, str, float], None]
"""Called with a stage, its state and its seconds so far, at every change."""


class Flow:
    """Runs stages through Airflow until all have succeeded or one has failed."""

    def __init__(
        self,
        api: AirflowApi,
        stages: Sequence[Stage],
        began: datetime,
        watch: Watcher,
        alive: Callable[[], None],
    ) -> None:
        self.api, self.stages, self.began = api, stages, began
        self.watch, self.alive = watch, alive
        self.runs: dict[str, DagRun] = {}
        self._ready_at: dict[str, float] = {}
        self._tasks_done: set[str] = set()
        self._shown: dict[str, str] = {}
        self._changed = time.monotonic()

    def run(self, hooks: Mapping[str, Callable[[], None]] | None = None) -> None:
        """Start, wait, repeat. ``hooks`` maps a need to what is called once it is met.

        Raises
        ------
        StageFailed
            With the logs of the failed tasks; nothing further is started.
        """
        hooks = dict(hooks or {})
        announced = {s.dag for s in self.stages if s.announced}
        for dag in announced:
            self.api.pause(dag, False)
        while any(not self._met(stage.name) for stage in self.stages):
            self.alive()
            found = {run.run_id: run for run in self.api.runs("~", self.began)}
            for stage in self.stages:
                self._look(stage, found)
            for need in [need for need in hooks if self._met(need)]:
                hooks.pop(need)()
            quiet = time.monotonic() - self._changed
            time.sleep(min(max(POLL_S, PATIENCE * quiet), SLOW_POLL_S))

    def _look(self, stage: Stage, found: Mapping[str, DagRun]) -> None:
        run = self.runs.get(stage.name)
        if run is None:
            if all(self._met(need) for need in stage.needs):
                self._launch(stage, found)
            return
        if run.done:
            return
        run = self.runs[stage.name] = found.get(run.run_id, run)
        if run.state == "running" and self._early(stage) - self._tasks_done:
            before = len(self._tasks_done)
            self._tasks_done |= {
                f"{stage.name}.{task['task_id']}"
                for task in self.api.tasks(run)
                if task["state"] == SUCCESS
            }
            if len(self._tasks_done) > before:
                self._changed = time.monotonic()
        self._show(stage, run)
        if run.state == FAILED:
            raise StageFailed(self.api.failure(run) or f"{stage.dag} failed for {stage.key}")

    def _launch(self, stage: Stage, found: Mapping[str, DagRun]) -> None:
        since = self._ready_at.setdefault(stage.name, time.monotonic())
        if stage.announced:
            taken = {run.run_id for run in self.runs.values()}
            for run in found.values():
                same = run.dag_id == stage.dag and run.key == stage.key
                if same and run.run_id not in taken:
                    self.runs[stage.name] = run
                    return
            if time.monotonic() - since < APPEAR_S:
                return
        self.api.pause(stage.dag, False)
        run_id = f"run__{self.began:%Y%m%dT%H%M%S}__{stage.name.replace(' ', '_')}"
        run = self.api.trigger(stage.dag, run_id, stage.key, dict(stage.conf))
        self.runs[stage.name] = run
        self._show(stage, run)

    def _early(self, stage: Stage) -> set[str]:
        """The tasks of a stage that others wait for."""
        needs = {need for other in self.stages for need in other.needs}
        return {need for need in needs if need.startswith(f"{stage.name}.")}

    def _met(self, need: str) -> bool:
        if need in self._tasks_done:
            return True
        run = self.runs.get(need.partition(".")[0])
        return run is not None and run.state == SUCCESS

    def _show(self, stage: Stage, run: DagRun) -> None:
        if self._shown.get(stage.name) != run.state:
            self._shown[stage.name] = run.state
            self._changed = time.monotonic()
            self.watch(stage, run.state, run.seconds or 0.0)
