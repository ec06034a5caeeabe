"""`tripo bench`: how good, beside whom."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from cli.show import Json, show
from pipelines.context import Context

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
    from benchmarks.report import keep
    from benchmarks.text import rows

    ctx = Context.load()
    screen = Console(stderr=True, quiet=as_json)
    path = Path(ctx.settings.reports, "bench.json")
    found = keep(path, "text", [])
    for measured in rows(ctx, only or [], recipe, seed or SEEDS, screen.print):
        found = keep(path, "text", measured)
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
