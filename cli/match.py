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
def solve(file: Problem, as_json: Json = False) -> None:
    """The exact best assignment of a problem, with an explanation for every row."""
    from engines.premium.problem import solve as solve_problem

    result = solve_problem(read(file), Context.load().params.matching)
    show(result, as_json)


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
