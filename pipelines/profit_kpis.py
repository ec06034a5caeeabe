"""Profit KPIs of a key's days, of every day touched since the last run, and of the last days.

A refund restates the day of its order, so a delivery can touch a day of any age. No lever has an
impact yet: optimisation actions are 0 and their value is NULL.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from core.errors import BadInput
from core.params.kpis import ProfitKpisParams
from features.kpis.leakage import LeakageRates, facts
from features.kpis.ledger import BY, DAY, Rates, by_order, on_days
from features.kpis.profit import CHURN_DAYS, WEEK_DAYS, Targets, company, finished, slices
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
from store.tables import ProfitMetrics, ProfitSlice

if TYPE_CHECKING:
    import ibis.expr.types as ir

NAME = "profit_kpis"
OF_ORDERS = ("trips", "payments", "promotions", "conversations")
OF_DAYS = ("orders", "conversations", "exposures", "driver_days", "market_hours")
ORDER_COLUMNS = [
    *BY,
    *("order_id", "rider_id", "dropoff_zone_id", "status", "quoted_fare", "currency"),
    *("eta_quoted_minutes", "eta_actual_minutes", "matched_at", "closed_at"),
]
ASSETS = (*dict.fromkeys((*OF_ORDERS, *OF_DAYS)), "rider_days")


def recompute(key: str, ctx: Context) -> dict[str, Any]:
    """Write ``profit_optimization_metrics`` and ``profit_kpi_slices``; the same rows every time.

    Returns
    -------
    The days written, how many slices, what found no order to belong to, and the last day's row.

    Raises
    ------
    PartitionMissing
        If the lake has no orders for a day of ``key``.
    BadInput
        If orders are in more than one currency.
    """
    params = ctx.params.profit_kpis
    settings = f"{params.model_dump_json()} {ctx.params.pricing.model_dump_json()}"
    made_from = marks(ctx, NAME, ASSETS, __name__, settings)
    with reading(ctx) as reader:
        touched = _touched(ctx, reader, made_from.changed())
        days = wanted_days(ctx, key, "orders", params.recompute_days, touched)
        tables = _tables(ctx, reader, days)
        _require_one_currency(tables["orders"])
        metrics, sliced = _rows(ctx, reader, tables, days)
        loose = _unattached(reader, tables, days)
    _write(ctx, days, metrics, sliced)
    made_from.remember()
    last = max(metrics, key=lambda row: row["day"])
    return {
        "days": [str(d) for d in days],
        "slices": len(sliced),
        "unattached": loose,
        "last": shown(last),
    }


def _touched(ctx: Context, reader: Reader, changed: Mapping[str, list[date]]) -> Days:
    """The economic days that changed partitions reach, those a week later (growth), and days that
    have no row."""
    days = set(lake_days(ctx, "orders"))
    missing = days - stored_days(ctx, ProfitMetrics)
    reached = {day for asset in OF_DAYS for day in changed.get(asset, [])}
    reached |= after(changed.get("rider_days", []), CHURN_DAYS)
    orders = by_order(reader.between("orders", None, None)).select("order_id", DAY)
    about = [
        reader.table(asset, changed[asset]).select("order_id")
        for asset in ("orders", *OF_ORDERS)
        if changed.get(asset) and not days <= reached
    ]
    for rows in about:
        found = orders.semi_join(rows, "order_id").select(DAY).distinct()
        reached |= set(found.to_pyarrow()[DAY].to_pylist())
    return missing | reached | after(reached, WEEK_DAYS, WEEK_DAYS)


def _tables(ctx: Context, reader: Reader, days: list[date]) -> dict[str, "ir.Table"]:
    """Every partition that can hold a row of ``days`` or of the same weekdays a week before.

    Payments and conversations may come any time later; a plan's history is in the newest snapshot.
    """
    reach = timedelta(days=ctx.params.profit_kpis.reach_days)
    first, last = days[0] - timedelta(days=WEEK_DAYS) - reach, days[-1] + reach
    # a quote of the last minutes has its order on the next day
    booked = after(days, 1) | after(days, 1 - WEEK_DAYS, -WEEK_DAYS)
    orders = by_order(reader.between("orders", first, last)).select(ORDER_COLUMNS)
    orders = on_days(orders, sorted(booked))
    return {
        "orders": reader.connection.create_table("orders_by_day", orders, temp=True),
        "trips": reader.between("trips", first, last),
        "payments": reader.between("payments", first, None),
        "promotions": reader.between("promotions", first - timedelta(days=CHURN_DAYS), last),
        "conversations": reader.between("conversations", first, None),
        "exposures": reader.between("exposures", first, last),
        "driver_days": reader.between("driver_days", first, last),
        "market_hours": reader.between("market_hours", first, last),
        "rider_days": reader.between("rider_days", first - timedelta(days=CHURN_DAYS), last),
        "subscriptions": reader.table("subscriptions", lake_days(ctx, "subscriptions")[-1:]),
        "known_orders": reader.between("orders", None, None).select("order_id"),
    }


def _rows(
    ctx: Context, reader: Reader, tables: Mapping[str, "ir.Table"], days: list[date]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of the company and of its slices."""
    p, pricing = ctx.params.profit_kpis, ctx.params.pricing
    leaks = LeakageRates(
        tolerance_cents=p.leakage_tolerance_cents,
        late_hours=p.late_hours,
        late_minutes=p.eta_tolerance_minutes,
        bad_rating=p.bad_rating,
        max_discount=pricing.max_discount,
        commission_share=1 - pricing.driver_share,
        audit_one_in=p.audit_one_in,
        audit_seed=p.audit_seed,
    )
    targets = Targets(p.target_capture, p.target_leakage, p.target_margin, p.target_utilization)
    both = sorted(set(days) | after(days, -WEEK_DAYS, -WEEK_DAYS))
    looked_at = facts(
        tables["orders"], tables["trips"], tables["payments"], tables["promotions"], leaks
    )
    kept = reader.connection.create_table("facts", on_days(looked_at, both), temp=True)
    summed = slices({**tables, "facts": kept}, rates_of(p), leaks, both)
    summed = reader.connection.create_table("summed", summed, temp=True)
    sliced = finished(summed, BY, targets)
    whole = company(summed, tables, days, targets)
    return _stored(on_days(whole, days)), _stored(on_days(sliced, days))


def _require_one_currency(orders: "ir.Table") -> None:
    found = sorted(orders.select("currency").distinct().to_pyarrow()["currency"].to_pylist())
    if len(found) > 1:
        raise BadInput(
            f"orders: expected one currency, got {', '.join(found)}; convert before adding money"
        )


def rates_of(p: ProfitKpisParams) -> Rates:
    """The rates of the waterfall."""
    return Rates(
        card_share=p.card_share,
        card_fixed_cents=p.card_fixed_cents,
        insurance_cents_per_km=p.insurance_cents_per_km,
        infrastructure_cents_per_order=p.infrastructure_cents_per_order,
        support_ai_cents=p.support_ai_cents,
        support_human_cents=p.support_human_cents,
        eta_tolerance_minutes=p.eta_tolerance_minutes,
    )


def _stored(table: "ir.Table") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.drop("leakage_cents").to_pyarrow().to_pylist()
    return [{"day": row.pop(DAY), **row} for row in rows]


def _write(
    ctx: Context, days: list[date], metrics: list[dict[str, Any]], sliced: list[dict[str, Any]]
) -> None:
    """Each day replaced whole, in the order of days and slices."""
    for table, rows in ((ProfitSlice, sliced), (ProfitMetrics, metrics)):
        for day, of_day in rows_by_day(rows, days).items():
            replace_rows(ctx.engine, table, {"day": day}, _in_order(of_day))


def _in_order(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: [str(row.get(name)) for name in BY[1:]])


def _unattached(
    reader: Reader, tables: Mapping[str, "ir.Table"], days: list[date]
) -> dict[str, int]:
    """Trips and payments of the days that name no order of the lake: counted, never booked."""
    known = tables["known_orders"]
    counts = {}
    for asset, at in (("trips", "ended_at"), ("payments", "at")):
        rows = tables[asset].filter(tables[asset][at].date().isin(days))
        counts[asset] = int(rows.anti_join(known, "order_id").count().to_pyarrow().as_py())
    return counts
