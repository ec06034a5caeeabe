"""Premium KPIs of a key's days, of days touched since the last run, and of the last days."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from core.enums import Vertical
from features.kpis.ledger import DAY, by_order
from features.kpis.premium import COUNTS, STORED, Terms, premium
from pipelines.context import Context
from pipelines.nightly import (
    Days,
    Reader,
    after,
    lake_days,
    marks,
    reading,
    shown,
    stored_days,
    wanted_days,
)
from store.rows import replace_rows
from store.tables import PremiumMetrics

if TYPE_CHECKING:
    import ibis.expr.types as ir

NAME = "premium_metrics"
ASSETS = ("orders", "trips", "payments", "driver_days", "drivers")


def recompute(key: str, ctx: Context) -> dict[str, Any]:
    """Write ``premium_metrics``; the same rows every time.

    Returns
    -------
    The days written and the last day's row.

    Raises
    ------
    PartitionMissing
        If the lake has no orders for a day of ``key``.
    """
    params, fares = ctx.params.premium_metrics, ctx.params.pricing.fares[Vertical.RIDE]
    terms = Terms(
        km=fares.km,
        minute=fares.minute,
        minimum=fares.minimum,
        booking=fares.booking,
        repeat_days=params.repeat_days,
        retention_days=params.retention_days,
        active_days=params.active_days,
    )
    made_from = marks(ctx, NAME, ASSETS, __name__, repr(terms))
    first = next(iter(lake_days(ctx, "orders")), None)
    with reading(ctx) as reader:
        touched = _touched(ctx, reader, made_from.changed())
        days = wanted_days(ctx, key, "orders", params.recompute_days, touched)
        rows = premium(_tables(ctx, reader, days), days, terms, first).to_pyarrow().to_pylist()
    found = {row.pop(DAY): row for row in rows}
    quiet = {name: 0 if name in COUNTS else None for name in STORED}
    whole = [{"day": day, **found.get(day, quiet)} for day in days]
    for row in whole:
        replace_rows(ctx.engine, PremiumMetrics, {"day": row["day"]}, [row])
    made_from.remember()
    return {"days": [str(day) for day in days], "last": shown(whole[-1])}


def _touched(ctx: Context, reader: Reader, changed: Mapping[str, list[date]]) -> Days:
    """Days of the orders that changed deliveries are about, and days without a row.

    Orders and drivers are looked back at for weeks, so their changes reach as far ahead.
    """
    params = ctx.params.premium_metrics
    back = max(params.repeat_days, params.retention_days + params.active_days)
    reached = after(
        [d for a in ("orders", "driver_days", "drivers") for d in changed.get(a, [])], back
    )
    orders = by_order(reader.between("orders", None, None)).select("order_id", DAY)
    for asset in ("orders", "trips", "payments"):
        if changed.get(asset):
            rows = reader.table(asset, changed[asset]).select("order_id")
            found = orders.semi_join(rows, "order_id").select(DAY).distinct()
            reached |= set(found.to_pyarrow()[DAY].to_pylist())
    return reached | (set(lake_days(ctx, "orders")) - stored_days(ctx, PremiumMetrics))


def _tables(ctx: Context, reader: Reader, days: list[date]) -> dict[str, "ir.Table"]:
    params, reach = ctx.params.premium_metrics, timedelta(days=ctx.params.profit_kpis.reach_days)
    back = timedelta(days=max(params.repeat_days, params.retention_days + params.active_days))
    first, last = days[0] - back - reach, days[-1]
    snapshots = sorted(set(days) | after(days, -params.retention_days, -params.retention_days))
    return {
        "orders": by_order(reader.between("orders", first, last + reach)),
        "trips": reader.between("trips", first, last + reach),
        "payments": reader.between("payments", first, None),
        "driver_days": reader.between("driver_days", first, last),
        "tiers": reader.snapshots("drivers", snapshots).select("driver_id", "tier", "day"),
    }
