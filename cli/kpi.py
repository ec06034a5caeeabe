"""`tripo kpi`: the nightly KPI rows of the store, day by day."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cli.show import Json
from core.partition import day_of, days_of, range_key
from pipelines.context import Context

if TYPE_CHECKING:
    from store.tables import Base

app = typer.Typer(name="kpi", help="Nightly KPIs out of the store.", no_args_is_help=True)
From = Annotated[str, typer.Option("--from", help="First day, like 2026-11-15.")]
To = Annotated[str | None, typer.Option("--to", help="Last day; default: the first.")]


@app.command()
def ai(first: From, last: To = None, as_json: Json = False) -> None:
    """AIPerformanceMetrics: how support conversations went."""
    from store.tables import AiPerformance

    _print("AI performance", AiPerformance, first, last, as_json)


@app.command()
def profit(first: From, last: To = None, as_json: Json = False) -> None:
    """The waterfall and the profit KPIs; money in cents."""
    from store.tables import ProfitMetrics

    _print("Profit", ProfitMetrics, first, last, as_json)


def _print(title: str, table: "type[Base]", first: str, last: str | None, as_json: bool) -> None:
    days = days_of(range_key(day_of(first), day_of(last or first)))
    rows = rows_of(Context.load(), table, days)
    missing = sorted(str(day) for day in set(days) - {row["day"] for row in rows})
    if as_json:
        typer.echo(json.dumps({"rows": rows, "missing": missing}, default=str))
        return
    console = Console()
    if rows:
        console.print(_by_day(title, rows))
    if missing:
        console.print(f"no row yet for {', '.join(missing)}", soft_wrap=True)


def rows_of(ctx: Context, table: "type[Base]", days: Sequence[date]) -> list[dict[str, Any]]:
    """The stored rows of ``days``, oldest first."""
    import sqlalchemy as sa

    from store.db import answering

    columns = table.__table__
    query = sa.select(columns).where(columns.c.day.between(days[0], days[-1]))
    with answering(ctx.engine), ctx.engine.connect() as connection:
        return [dict(row._mapping) for row in connection.execute(query.order_by(columns.c.day))]


def _by_day(title: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    """A line per figure and a column per day: there are more figures than a line is wide."""
    table = Table("figure", *(str(row["day"]) for row in rows), title=title, title_justify="left")
    for name in rows[0]:
        if name != "day":
            table.add_row(name, *(_text(row[name]) for row in rows))
    return table


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.4g}"
    return "" if value is None else f"{value:,}"
