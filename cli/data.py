"""`tripo data` and `tripo validate`: bring data in, simulate the city, ask the gate."""

from contextlib import nullcontext
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from cli.show import Json, show
from core.errors import DataRejected
from core.partition import day_of, range_key, window
from core.schema import ASSETS
from pipelines.context import Context

app = typer.Typer(
    name="data",
    help="Data in: public sets and own files through the gate; the simulated city.",
    no_args_is_help=True,
)
KINDS_HELP = (
    "nyc_green, nyc_hvfhv, chicago_taxi, tlc_driver_applications, ola_driver_months, clinc150, "
    "banking77, sgd_user_turns, airline_tweets; or an asset for a file in canonical columns: "
    + ", ".join(ASSETS)
)


def _busy(text: str, as_json: bool) -> Any:
    """A spinner for people; nothing where a program reads."""
    return nullcontext() if as_json else Console(stderr=True).status(text)


@app.command("import")
def import_(
    kind: Annotated[str, typer.Argument(help=KINDS_HELP)],
    path: Annotated[
        Path | None, typer.Argument(help="the file, or the folder of files", show_default=False)
    ] = None,
    day: Annotated[
        str, typer.Option(help="the day a snapshot describes: drivers, vehicles, riders ...")
    ] = "",
    about: Annotated[
        bool, typer.Option("--about", help="say what is mapped, derived and left NULL")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="own files: put its days in the place of earlier ones")
    ] = False,
    as_json: Json = False,
) -> None:
    """Import a file through the gate into the lake; a file that is refused leaves nothing.

    Bad rows go to quarantine with rule, column and reason. An own file with other rows of a day
    that is there is refused without --replace. Example:
    tripo data import nyc_green ../shared/data/trips/nyc_green
    """
    from pipelines.real_data import about as text_of
    from pipelines.real_data import import_file

    if about:
        typer.echo(text_of(kind))
        return
    if path is None:
        raise typer.BadParameter("expected the path of a file or folder", param_hint="PATH")
    described = day_of(day) if day else None
    with _busy(f"importing {kind}", as_json):
        counts = import_file(kind, path, Context.load(), described, replace=replace)
    show(_listed(counts, as_json), as_json)


@app.command()
def remove(
    asset: Annotated[str, typer.Argument(help=f"one of {', '.join(ASSETS)}")],
    key: Annotated[str, typer.Argument(help="a day like 2026-11-21, or first..last")],
    as_json: Json = False,
) -> None:
    """Take days that an own file brought out of the lake again, with their quarantine.

    For a file with wrong times or columns: remove its days, import the right one, then compute
    their figures anew (`tripo kpi`). Example: tripo data remove orders 2026-11-20
    """
    from pipelines.real_data import take_back

    show({"asset": asset, "key": key, "files": take_back(asset, key, Context.load())}, as_json)


@app.command()
def simulate(
    days: Annotated[int | None, typer.Option(help="days of orders, up to last_day", min=1)] = None,
    trips_per_day: Annotated[
        int | None, typer.Option(help="orders a day, on average", min=1)
    ] = None,
    seed: Annotated[int | None, typer.Option(help="of the city and its days")] = None,
    as_json: Json = False,
) -> None:
    """Simulate the city and deliver its days to landing; what is delivered is never changed.

    Defaults are params.yaml's. Example: tripo data simulate --days 7 --trips-per-day 2000
    """
    given = {"days": days, "orders_per_day": trips_per_day, "seed": seed}
    named = {f"simulator.{name}": value for name, value in given.items() if value is not None}
    ctx = Context.load(named)
    key = _city_days(ctx.params.simulator.last_day, ctx.params.simulator.days)
    from pipelines.simulated_day import simulate as deliver

    with _busy(f"simulating {key}", as_json):
        counts = deliver(key, ctx)
    show({"key": key, "landing": str(ctx.landing.root), **counts}, as_json)


def validate(
    asset: Annotated[str, typer.Argument(help=f"one of {', '.join(ASSETS)}")],
    key: Annotated[str, typer.Argument(help="a day like 2026-11-21, or first..last")],
    as_json: Json = False,
) -> None:
    """Ask the gate about delivered rows of an asset; writes nothing.

    Exit code 3 when the delivery would be rejected. Example: tripo validate orders 2026-11-21
    """
    from pipelines.ingest import validate as judge

    result = judge(asset, key, Context.load())
    show(result, as_json)
    if not result["accepted"]:
        raise typer.Exit(DataRejected.exit_code)


def _city_days(last: date, days: int) -> str:
    return range_key(window(last, days)[0], last)


def _listed(counts: dict[str, dict[str, Any]], as_json: bool) -> dict[str, Any]:
    """For people a table with one row for each asset."""
    if as_json:
        return {"assets": counts}
    return {"assets": [{"asset": name, **its} for name, its in counts.items()]}
