"""AIPerformanceMetrics of a key's days, of days touched since the last run, and of the last days.

A row is final once no return and no assumed resolution can change it any more: when the lake holds
conversations of ``final_after_days`` later. Rows that are not final are recomputed every night.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from core.params.kpis import AiPerformanceParams
from features.kpis.ai_performance import (
    COUNTS,
    DAY,
    DIMENSIONS,
    STORED,
    Rules,
    in_time,
    looked_at,
    metrics,
    responses,
)
from pipelines.context import Context
from pipelines.nightly import (
    Days,
    Reader,
    after,
    lake_days,
    marks,
    reading,
    rows_by_day,
    shown,
    stored_days,
    wanted_days,
)
from store.rows import replace_rows
from store.tables import AiPerformance, AiPerformanceSlice

if TYPE_CHECKING:
    import ibis.expr.types as ir

NAME = "ai_performance"
ASSETS = ("conversations", "messages", "feedback")


def recompute(key: str, ctx: Context) -> dict[str, Any]:
    """Write ``ai_performance_metrics`` and ``ai_performance_slices``; the same rows every time.

    Returns
    -------
    The days written, how many slices, and the last day's row.

    Raises
    ------
    PartitionMissing
        If the lake has no conversations for a day of ``key``.
    """
    params = ctx.params.ai_performance
    made_from = marks(ctx, NAME, ASSETS, __name__, params.model_dump_json())
    touched = _touched(ctx, made_from.changed(), params.final_after_days)
    days = wanted_days(ctx, key, "conversations", params.recompute_days, touched)
    final_until = lake_days(ctx, "conversations")[-1] - timedelta(days=params.final_after_days)
    with reading(ctx) as reader:
        whole, sliced = _rows(reader, days, params)
    whole = _with_quiet_days(whole, days)
    for rows in (whole, sliced):
        for row in rows:
            row["is_final"] = row["day"] <= final_until
    _write(ctx, days, whole, sliced)
    made_from.remember()
    return {"days": [str(d) for d in days], "slices": len(sliced), "last": shown(whole[-1])}


def _touched(ctx: Context, changed: Mapping[str, list[date]], final_after: int) -> Days:
    """Days whose rows changed deliveries can reach, that are not final, or that have no row."""
    # an importer files a message, a vote or a return under its own day
    reached = after([day for days in changed.values() for day in days], 0, -final_after)
    open_days = stored_days(ctx, AiPerformance, AiPerformance.is_final.is_(False))
    missing = set(lake_days(ctx, "conversations")) - stored_days(ctx, AiPerformance)
    return reached | open_days | missing


def _rows(
    reader: Reader, days: list[date], params: AiPerformanceParams
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of whole days and of their slices; days without a conversation have none."""
    rules = Rules(
        params.return_hours,
        params.cost_ai_cents,
        params.cost_human_cents,
        {str(priority): minutes for priority, minutes in params.sla_minutes.items()},
        params.final_after_days,
    )
    until = days[-1] + timedelta(days=params.final_after_days)
    near, messages, feedback = (reader.between(asset, days[0], until) for asset in ASSETS)
    of_days = near.filter(near.created_at.date().isin(days))
    messages, feedback = (in_time(rows, of_days, rules) for rows in (messages, feedback))
    facts = looked_at(of_days, near, messages, feedback, rules)
    facts = reader.connection.create_table("facts", facts, temp=True)
    times = reader.connection.create_table("times", responses(facts, messages), temp=True)
    sliced = []
    for name in DIMENSIONS:
        found = _dicts(metrics(facts, times, [name]))
        sliced += [{"dimension": name, "value": row.pop(name), **row} for row in found]
    return _dicts(metrics(facts, times)), sliced


def _dicts(table: "ir.Table") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.to_pyarrow().to_pylist()
    return rows


def _with_quiet_days(rows: list[dict[str, Any]], days: list[date]) -> list[dict[str, Any]]:
    """A row for each day: where nobody asked, counts are 0 and everything else is NULL."""
    found = {row[DAY]: row for row in rows}
    quiet = {name: 0 if name in COUNTS else None for name in STORED}
    return [found.get(day, {DAY: day, **quiet}) for day in days]


def _write(
    ctx: Context, days: list[date], whole: list[dict[str, Any]], sliced: list[dict[str, Any]]
) -> None:
    """Each day replaced whole."""
    ordered = sorted(sliced, key=lambda row: (row["dimension"], row["value"]))
    for table, rows in ((AiPerformanceSlice, ordered), (AiPerformance, whole)):
        for day, of_day in rows_by_day(rows, days).items():
            replace_rows(ctx.engine, table, {"day": day}, of_day)
