"""`tripo run`: the whole platform once, for real. Airflow executes every DAG, serving answers."""

import json
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from cli import processes, run_report
from cli.airflow_api import AirflowApi
from cli.flow import Flow, first_run
from cli.samples import call_all
from cli.screen import Screen, summary
from cli.show import Json
from cli.supervisor import Supervisor, require_free
from core.errors import BadInput, TripoError
from core.settings import Settings
from models.catalog import PRODUCTS
from pipelines.context import Context

BOOT_S = 300.0
PARSE_S = 60.0
SERVING_S = 120.0
HEAVY = ("heavy", 2, "training and embedding, two at a time")


@dataclass
class Platform:
    """The processes that are up, and what is needed to talk to them."""

    ctx: Context
    supervisor: Supervisor
    note: Callable[[str], None]
    dags: Path = field(default_factory=processes.dags_folder)

    @property
    def settings(self) -> Settings:
        return self.ctx.settings

    def boot(self, triggerer: bool = False) -> None:
        """Start Airflow and MLflow, bring the store's tables up to date meanwhile."""
        from store.db import migrate
        from store.seeds import seed

        processes.prepare_airflow(self.settings)
        for port, variable in processes.serving(self.settings).ports.items():
            # it starts last: what is in its way should be known first
            require_free(self.settings.host, port, variable)
        self.supervisor.start(processes.platform(self.settings, self.dags, triggerer))
        migrate(self.ctx.engine)
        seed(self.ctx.engine, datetime.now(UTC))
        self.supervisor.wait_healthy(["platform"], BOOT_S)
        processes.remember_migration(self.settings)
        with self.api() as api:
            # a killed platform leaves runs that would wait minutes for the heartbeats of dead tasks
            for run in api.runs("~", states=("queued", "running")):
                api.give_up(run, "the platform was ended during this run")
        self.note("Airflow and MLflow are up")

    def api(self) -> AirflowApi:
        password = self.settings.admin_password.get_secret_value()
        return AirflowApi(self.settings.airflow_url, processes.ADMIN, password)

    def flow(self, api: AirflowApi, began: datetime, screen: Screen) -> Flow:
        """The stages of a first run, once Airflow has read every DAG."""
        stages = first_run(self.ctx.params)
        api.wait_parsed(sorted({s.dag for s in stages}), began, PARSE_S)
        api.add_pool(*HEAVY)
        return Flow(api, stages, began, screen.stage, self.supervisor.check)

    def start_serving(self) -> None:
        self.supervisor.start(processes.serving(self.settings))
        self.note("serving is starting")

    def calls(self) -> list[dict[str, Any]]:
        """Every endpoint called once, as soon as serving answers."""
        from store import releases

        self.supervisor.wait_healthy(["serving"], SERVING_S)
        token = self.settings.service_token.get_secret_value()
        unreleased = [p for p in PRODUCTS if releases.pointer(self.ctx.engine, p) is None]
        return call_all(self.settings.serving_url, token, unreleased)


def end_on_signals() -> None:
    """Turn SIGTERM and SIGHUP into an ordinary end, so that every process is ended with us."""

    def leave(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    for wanted in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(wanted, leave)


def execute(platform: Platform, screen: Screen, began: datetime) -> dict[str, Any]:
    """Run every stage and the sample calls on a platform that is up; what run.json says."""
    error = None
    calls: list[dict[str, Any]] = []
    with platform.api() as api:
        flow = platform.flow(api, began, screen)
        try:
            # while the city is simulated one core has nothing to do
            flow.run({"evaluate support": platform.start_serving})
            calls = platform.calls()
        except TripoError as failed:
            error = str(failed)
        ended = datetime.now(UTC)
        content = run_report.report(platform.ctx, flow, began, ended, calls, error)
    run_report.save(platform.ctx, content)
    return content


def context(clock: bool) -> Context:
    """The context as the environment has it, with the clock of the schedules on or off."""
    os.environ["TRIPO_CLOCK"] = str(clock)
    ctx = Context.load()
    ctx.settings.require_safe()
    os.environ.update(processes.quiet(ctx.settings))
    return Context.load()


def run(as_json: Json = False) -> None:
    """Run everything once: Airflow executes every DAG, serving starts and answers sample calls.

    Prints a summary and writes reports/run.json. Exit 0 only if every DAG run succeeded and every
    sample call was answered.
    """
    console = Console(stderr=as_json)
    began = datetime.now(UTC)
    ctx = context(clock=False)
    require_data(ctx)
    end_on_signals()
    with Supervisor(ctx.home) as supervisor, Screen(first_run(ctx.params), console) as screen:
        platform = Platform(ctx, supervisor, screen.note)
        platform.boot()
        content = execute(platform, screen, began)
    if as_json:
        typer.echo(json.dumps(content, default=str))
    else:
        summary(content, console)
    verdict(content, ctx, console)
    if not run_report.succeeded(content):
        raise typer.Exit(1)


def require_data(ctx: Context) -> None:
    """BadInput, before anything starts, if TRIPO_DATA names no folder."""
    data = ctx.settings.data
    if data is not None and not Path(data).is_dir():
        raise BadInput(f"expected TRIPO_DATA to name a folder of public data, got {data}")


def verdict(content: dict[str, Any], ctx: Context, console: Console) -> None:
    """One line at the end, and the reason when something failed."""
    if content["error"]:
        console.print(content["error"], style="red", markup=False, soft_wrap=True)
    word = "succeeded" if run_report.succeeded(content) else "failed"
    path = ctx.settings.reports / "run.json"
    console.print(f"The run {word} after {content['seconds']:.0f} s; see {path}", soft_wrap=True)
