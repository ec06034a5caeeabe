"""`tripo backfill`: one keyed run for each day of a range, on the platform that is up.

Airflow's own backfill refuses DAGs that assets start; keys posted one by one work for all of them.
"""

from datetime import UTC, datetime
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.progress import Progress

from cli.airflow_api import AirflowApi, DagRun
from cli.processes import ADMIN
from cli.show import Json, show
from cli.supervisor import running_in
from core.errors import ProcessFailed
from core.partition import days_of
from pipelines.context import Context

PREFIX = "days__"
"""Of the runs' ids; Airflow keeps `backfill__` for its own."""


def backfill(
    dag: Annotated[str, typer.Argument(help="a DAG that works on days, like profit_kpis")],
    days: Annotated[str, typer.Argument(help="first..last, or one day", metavar="A..B")],
    wait: Annotated[bool, typer.Option(help="wait until all runs have ended")] = True,
    as_json: Json = False,
) -> None:
    """Run a DAG once for each day of a range, oldest first; needs `tripo up` beside.

    A day may be run again: what it writes is replaced whole. Exit code 1 when a run failed.
    Example: tripo backfill profit_kpis 2026-11-01..2026-11-21
    """
    ctx = Context.load()
    password = ctx.settings.admin_password.get_secret_value()
    if "platform" not in running_in(ctx.home):
        raise ProcessFailed(
            f"expected the platform of TRIPO_HOME={ctx.home} to run; start it with `tripo up`. "
            "An Airflow of another home would run the days there."
        )
    try:
        httpx.get(ctx.settings.airflow_url, timeout=5)
    except httpx.TransportError:
        raise ProcessFailed(
            f"expected Airflow at {ctx.settings.airflow_url}, nothing answers; start `tripo up`"
        ) from None
    with AirflowApi(ctx.settings.airflow_url, ADMIN, password) as api:
        runs = post(api, dag, days, datetime.now(UTC))
        ended = follow(api, runs, Console(stderr=True), as_json) if wait else runs
        failed = [api.failure(run) for run in ended if run.state == "failed"]
    rows: list[dict[str, Any]] = [
        {"key": run.key, "state": run.state, "seconds": run.seconds} for run in ended
    ]
    show({"dag": dag, "runs": rows}, as_json)
    if failed:
        Console(stderr=True).print("\n".join(failed), style="red", markup=False)
        raise typer.Exit(1)


def post(api: AirflowApi, dag: str, days: str, now: datetime) -> list[DagRun]:
    """One run for each day, oldest first; the DAG is switched on if it was off."""
    wanted = [day.isoformat() for day in days_of(days)]
    api.pause(dag, False)
    return [api.trigger(dag, f"{PREFIX}{now:%Y%m%dT%H%M%S}__{key}", key) for key in wanted]


def follow(api: AirflowApi, runs: list[DagRun], console: Console, quiet: bool) -> list[DagRun]:
    """Every run once it has ended, with a bar that says how many have."""
    ended = []
    with Progress(console=console, disable=quiet) as bar:
        task = bar.add_task(runs[0].dag_id, total=len(runs))
        for run in runs:
            ended.append(api.wait(run))
            bar.advance(task)
    return ended
