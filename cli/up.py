"""`tripo up` and `tripo status`: the platform left running, and how it is."""

import time
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from cli import processes, run_report
from cli.airflow_api import AirflowApi
from cli.flow import first_run
from cli.run import SERVING_S, Platform, context, end_on_signals, execute, verdict
from cli.screen import Screen, summary
from cli.show import Json, show
from cli.supervisor import Supervisor, running_in
from core.settings import Settings
from pipelines.context import Context
from pipelines.step import read_json

WATCH_S = 1.0


def up() -> None:
    """Start the platform and leave it running; Ctrl-C ends all of it.

    Runs everything once first when nothing was run yet, or the last run failed. DAGs then start by
    the clock and by what others announce.
    """
    console = Console()
    ctx = context(clock=True)
    end_on_signals()
    with Supervisor(ctx.home) as supervisor:
        with Screen(first_run(ctx.params), console) as screen:
            began = datetime.now(UTC)
            platform = Platform(ctx, supervisor, screen.note)
            platform.boot(triggerer=True)
            content = None if _ran_well(ctx) else execute(platform, screen, began)
            with platform.api() as api:
                _switch_on(api, ctx, began)
            if "serving" not in supervisor.running():
                platform.start_serving()
            supervisor.start(processes.data_docs(ctx.settings))
            supervisor.wait_healthy(["serving", "data-docs"], SERVING_S)
        if content is not None:
            summary(content, console)
            verdict(content, ctx, console)
        console.print(_addresses(ctx.settings))
        _until_interrupted(supervisor, console)


def serve() -> None:
    """Start serving alone, on the releases that are there; Ctrl-C ends it."""
    console = Console()
    ctx = context(clock=False)
    end_on_signals()
    with Supervisor(ctx.home) as supervisor:
        supervisor.start(processes.serving(ctx.settings))
        supervisor.wait_healthy(["serving"], SERVING_S)
        console.print(f"serving: {ctx.settings.serving_url}", soft_wrap=True)
        _until_interrupted(supervisor, console)


def _until_interrupted(supervisor: Supervisor, console: Console) -> None:
    console.print("Ctrl-C ends all of it.")
    try:
        while True:
            supervisor.check()
            time.sleep(WATCH_S)
    except KeyboardInterrupt:
        console.print("Ending ...")


def status(as_json: Json = False) -> None:
    """Which processes run, where they listen, and how the last run ended."""
    ctx = Context.load()
    last = _last_run(ctx)
    result: dict[str, Any] = {
        "home": str(ctx.home),
        "processes": running_in(ctx.home),
        "addresses": addresses(ctx.settings),
        "last_run": last
        and {
            "finished": last["finished"],
            "succeeded": run_report.succeeded(last),
            "seconds": last["seconds"],
            "models": {m["name"]: f"{m['version']} {m['alias']}" for m in last["models"]},
        },
    }
    show(result, as_json)


def addresses(settings: Settings) -> dict[str, str]:
    """Where each part of the platform is seen."""
    return {
        "Airflow": settings.airflow_url,
        "MLflow": f"{settings.tracking_uri}/#/models",
        "Serving": settings.serving_url,
        "Data Docs": f"http://{settings.host}:{settings.docs_port}",
    }


def _addresses(settings: Settings) -> Table:
    table = Table("", "address", "how", title="Tripo04OS ML platform", title_justify="left")
    how = {"Airflow": f"user {processes.ADMIN}, password from TRIPO_ADMIN_PASSWORD"}
    for name, address in addresses(settings).items():
        table.add_row(name, address, how.get(name, ""))
    return table


def _switch_on(api: AirflowApi, ctx: Context, began: datetime) -> None:
    """Unpause every DAG, once Airflow has read its file again."""
    names = sorted({stage.dag for stage in first_run(ctx.params)})
    api.wait_parsed(names, began, SERVING_S)
    for name in names:
        api.pause(name, False)


def _last_run(ctx: Context) -> dict[str, Any] | None:
    return read_json(ctx.settings.reports / "run.json")


def _ran_well(ctx: Context) -> bool:
    last = _last_run(ctx)
    return last is not None and (ctx.home / "store.db").exists() and run_report.succeeded(last)
