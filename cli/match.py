"""`tripo match`: solve a matching problem from a file."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.show import Json, show
from core.errors import BadInput
from pipelines.context import Context

app = typer.Typer(name="match", help="Premium matching.", no_args_is_help=True)
Problem = Annotated[Path, typer.Argument(help="JSON: cost, score, or requests and drivers.")]


@app.callback()
def match() -> None:
    """Premium matching."""


@app.command()
def solve(
    file: Problem,
    log: Annotated[Path | None, typer.Option(help="write what `replay` needs there")] = None,
    as_json: Json = False,
) -> None:
    """The exact best assignment of a problem, with an explanation for every row."""
    from engines.premium.problem import solve_and_log
    from pipelines.step import write_json
    from pipelines.travel_speeds import fitted

    ctx = Context.load()
    result, snapshot = solve_and_log(read(file), ctx.params.matching, fitted(ctx))
    if log is not None:
        if snapshot is None:
            raise BadInput("expected requests and drivers to log; a matrix is its own log")
        write_json(log, snapshot)
    show(result, as_json)


@app.command()
def replay(file: Problem, as_json: Json = False) -> None:
    """Solve a logged batch again: does the same come out, and if not, for whom?"""
    from engines.premium.replay import replay as replay_batch

    show(replay_batch(read(file)), as_json)


@app.command()
def speeds(as_json: Json = False) -> None:
    """Learn driving speeds by zone and hour from the real trips in the lake."""
    from pipelines.travel_speeds import build

    show(build(Context.load()), as_json)


def read(file: Path) -> Any:
    """The JSON of a file; BadInput says where it is broken."""
    try:
        return json.loads(file.read_text(encoding="utf-8"), parse_constant=_no_number)
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"expected a readable JSON file at {file}: {error}") from None
    except json.JSONDecodeError as error:
        raise BadInput(f"{file} is not valid JSON: {error}") from None
    except RecursionError:
        raise BadInput(
            f"expected a problem in {file}, got JSON that is nested too deeply"
        ) from None


def _no_number(name: str) -> float:
    raise BadInput(f"expected JSON, which has no {name}; null says that a pair is not possible")
