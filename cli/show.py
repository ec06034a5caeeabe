"""How commands show a result: JSON for programs, a table for people."""

from collections.abc import Mapping
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table

LINE = 100
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


def show(result: Mapping[str, Any], as_json: bool) -> None:
    """The result as one JSON object, or its fields as tables."""
    if as_json:
        # NaN, which JSON does not have, becomes null
        typer.echo(orjson.dumps(result, default=str, option=orjson.OPT_NON_STR_KEYS).decode())
        return
    console = Console()
    fields = Table(show_header=False)
    for name, value in result.items():
        if isinstance(value, list) and value and isinstance(value[0], Mapping):
            console.print(_rows(name, value))
        else:
            fields.add_row(name, _text(value))
    if fields.row_count:
        console.print(fields)


def _rows(title: str, rows: list[Mapping[str, Any]]) -> Table:
    table = Table(*rows[0], title=title)
    for row in rows:
        table.add_row(*(_text(value) for value in row.values()))
    return table


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    if isinstance(value, Mapping):
        return "\n".join(f"{name}: {_text(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        parts = [_text(inner) for inner in value]
        return ("\n" if sum(map(len, parts)) > LINE else ", ").join(parts)
    return "" if value is None else str(value)
