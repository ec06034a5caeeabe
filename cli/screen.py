"""What a person sees of a run: a live table on a terminal, plain lines anywhere else."""

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table

from cli.flow import Stage

COLOURS = {"success": "green", "failed": "red", "running": "yellow", "queued": "cyan"}


class Screen:
    """The state of every stage, and what is going on beside."""

    def __init__(self, stages: Sequence[Stage], console: Console) -> None:
        self._console = console
        self._rows = {stage.name: ("waiting", 0.0, 0.0) for stage in stages}
        self._notes: list[str] = []
        self._began = time.monotonic()
        self._live = Live(console=console, get_renderable=self._render, refresh_per_second=4)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def note(self, text: str) -> None:
        """Say what happens beside the DAGs."""
        self._notes.append(f"{self._seconds():6.1f} s  {text}")
        if not self._console.is_terminal:
            self._console.print(self._notes[-1], highlight=False, soft_wrap=True)

    def stage(self, stage: Stage, state: str, seconds: float) -> None:
        """A stage has another state."""
        self._rows[stage.name] = (state, seconds, time.monotonic())
        if not self._console.is_terminal:
            took = f" ({seconds:.1f} s)" if seconds else ""
            line = f"{self._seconds():6.1f} s  {stage.name}: {state}{took}"
            self._console.print(line, highlight=False, soft_wrap=True)

    def _seconds(self) -> float:
        return time.monotonic() - self._began

    def _render(self) -> Group:
        table = Table("DAG", "state", "seconds", title="tripo run")
        for name, (state, seconds, since) in self._rows.items():
            shown = f"{seconds:.1f}" if seconds else ""
            if state in ("running", "queued"):
                shown = f"{time.monotonic() - since:.1f}"
            table.add_row(name, f"[{COLOURS.get(state, 'dim')}]{state}", shown)
        waiting = Spinner("dots", f"{self._seconds():.0f} s")
        return Group(table, *self._notes[-3:], waiting)


def summary(content: dict[str, Any], console: Console) -> None:
    """What a run made, in four tables."""
    _table(console, "DAGs", content["dags"], ("dag_id", "key", "state", "seconds"))
    rows = [{"asset": name, **counts} for name, counts in content["data"].items()]
    _table(console, "Data", rows, ("asset", "rows_in", "rows_out", "quarantined", "source"))
    if content["missing_real_data"]:
        kinds = ", ".join(content["missing_real_data"])
        console.print(f"TRIPO_DATA has no {kinds}", markup=False, soft_wrap=True)
    models = [
        {
            **model,
            "metric": f"{model['primary']} {model['metrics'][model['primary']]:.4f}",
            "interval": " … ".join(f"{end:.4f}" for end in model["interval"]),
            "baseline": _baseline(model),
        }
        for model in content["models"]
    ]
    columns = ("name", "version", "alias", "metric", "interval", "baseline")
    _table(console, "Models", models, columns)
    for part in ("ai_performance", "profit"):
        figures = [
            {"figure": name, "value": f"{value:,.4g}" if isinstance(value, float) else value}
            for name, value in content["kpis"][part].items()
            if value is not None
        ]
        title = f"KPIs of {content['kpis']['date']}: {part}"
        _table(console, title, figures, ("figure", "value"))
    _table(console, "Serving", content["serving"], ("call", "status", "ms", "explained", "error"))


def _baseline(model: dict[str, Any]) -> str:
    value = model["baseline"].get(model["primary"])
    beaten = "beaten" if model["beats_baseline"] else "not beaten"
    shown = "" if value is None else f" {value:.4f}"
    return f"{model['baseline']['name']}{shown} ({beaten})"


def _table(
    console: Console, title: str, rows: Sequence[dict[str, Any]], columns: Sequence[str]
) -> None:
    if not rows:
        return
    used = [c for c in columns if any(c in row for row in rows)]
    table = Table(*used, title=title, title_justify="left")
    for row in rows:
        table.add_row(*("" if row.get(c) is None else str(row[c]) for c in used))
    console.print(table)
