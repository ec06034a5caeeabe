"""`tripo bench`: how good, beside whom."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from cli.show import Json, show
from pipelines.context import Context

if TYPE_CHECKING:
    from benchmarks.report import Row

app = typer.Typer(name="bench", help="Benchmarks, each beside its peers.", no_args_is_help=True)
SEEDS = [7, 8, 9]


@app.command()
def text(
    only: Annotated[
        list[str] | None,
        typer.Option(help="own, scifact, banking77, clinc150, airline; default: all, in turn"),
    ] = None,
    recipe: Annotated[
        Literal["quick", "full"],
        typer.Option(help="upper layers only (minutes a seed) or every layer (a quarter hour)"),
    ] = "quick",
    seed: Annotated[list[int] | None, typer.Option(help="may be repeated; default: 7 8 9")] = None,
    as_json: Json = False,
) -> None:
    """The language models: own held-out text, BANKING77, CLINC150, airline tweets, SciFact.

    Each set is added to reports/bench.json as soon as it is measured, so a run that was stopped
    goes on with --only. Public sets are read from the folder that TRIPO_DATA names.

    Example: TRIPO_DATA=../shared/data tripo bench text --only banking77 --recipe full --seed 7
    """
    from benchmarks.text import rows

    ctx = Context.load()
    say = Console(stderr=True, quiet=as_json).print
    _kept("text", rows(ctx, only or [], recipe, seed or SEEDS, say), ctx, as_json)


@app.command()
def serving(
    only: Annotated[
        list[str] | None,
        typer.Option(help="model, http, overload, sockets, decisions; default: all, in turn"),
    ] = None,
    as_json: Json = False,
) -> None:
    """How fast answers come, beside plain servers; overload; a thousand sockets.

    Needs a home in which `tripo run` has trained; measures on a copy of it. About ten minutes.

    Example: tripo bench serving --only http --only sockets
    """
    from benchmarks.serving import rows

    ctx = Context.load()
    say = Console(stderr=True, quiet=as_json).print
    _kept("serving", rows(ctx, only or [], say), ctx, as_json)


@app.command()
def qualification(
    only: Annotated[
        list[str] | None, typer.Option(help="fleet, tlc, ola; default: all, in turn")
    ] = None,
    as_json: Json = False,
) -> None:
    """Who qualifies: 100,000 drivers with reasons; the method on real applications and drivers.

    The last two are read from the folder that TRIPO_DATA names. About six minutes.

    Example: TRIPO_DATA=../shared/data tripo bench qualification --only ola
    """
    from benchmarks.qualification import rows

    ctx = Context.load()
    say = Console(stderr=True, quiet=as_json).print
    _kept("qualification", rows(ctx, only or [], say), ctx, as_json)


def _kept(bench: str, rows: Iterator["list[Row]"], ctx: Context, as_json: bool) -> None:
    """Add each set to reports/bench.json as soon as it is measured, and show all of them."""
    from benchmarks.report import keep

    path = Path(ctx.settings.reports, "bench.json")
    found = keep(path, bench, [])
    for measured in rows:
        found = keep(path, bench, measured)
    if as_json:
        show(found, as_json)
    else:
        _print(found)


def _print(found: dict[str, Any]) -> None:
    """A line a figure: bar met or not, peers, remarks."""
    table = Table("figure", "value", "bar", "met", "beside", "remarks")
    for row in found["rows"]:
        spread = f" ± {row['spread'] / 2:.4f}" if row["repeats"] > 1 else ""
        beside = "\n".join(f"{name} {value:.4f}" for name, value in row["peers"].items())
        bar = "" if row["bar"] is None else f"{row['bar']:g}"
        met = {True: "yes", False: "no", None: ""}[row["met"]]
        value = f"{row['value']:.4f}{spread} {row['unit']}"
        table.add_row(row["name"], value, bar, met, beside, row["note"])
    Console().print(table)
    Console().print(found["machine"])
