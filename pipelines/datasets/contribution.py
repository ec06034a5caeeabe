"""Completed orders: what was known at the quote and what they brought; last days are the test."""

from datetime import date
from pathlib import Path

import pandas as pd

from core.params import Params
from engines.premium.quote import base_fares
from features.contribution import FareRates, arithmetic, realised
from features.kpis.ledger import Rates
from features.quoted_order import INPUTS
from models.contract import Artefact, Dataset
from pipelines.context import Context
from pipelines.datasets.lake_rows import THREADS, by_day, combined, days_until, digests, span

ASSETS = ("orders", "trips", "payments")
MOST_DAYS = 35


def _files(key: str, ctx: Context) -> tuple[list[date], dict[str, list[Path]]]:
    days = days_until("orders", key, MOST_DAYS, ctx)
    there = {asset: set(ctx.lake.keys(asset)) for asset in ASSETS}
    # a day with orders may have brought no trip or payment of its own
    return days, {
        asset: ctx.lake.paths(asset, [d for d in days if d.isoformat() in there[asset]])
        for asset in ASSETS
    }


def inputs(key: str, ctx: Context, artefacts: dict[str, Artefact]) -> dict[str, str]:
    """Digests of the lake files read."""
    return digests(_files(key, ctx)[1])


def build(key: str, ctx: Context, artefacts: dict[str, Artefact]) -> Dataset:
    """Quotes of completed orders and their contribution in cents, split by day of request."""
    days, files = _files(key, ctx)
    rows = with_costs(_completed(files, ctx.params), ctx.params)
    rows = rows[["order_id", "at", "contribution_cents", *INPUTS]]
    parts = by_day(rows, "at", days, ctx.params.contribution.holdout_days)
    return Dataset(**parts, digest=combined(digests(files)), about={"orders": span(days)})


def _completed(files: dict[str, list[Path]], params: Params) -> pd.DataFrame:
    """One row per completed order, by time of request."""
    import ibis

    connection = ibis.duckdb.connect(threads=THREADS)
    try:
        tables = {name: connection.read_parquet(paths) for name, paths in files.items()}
        rates = Rates(**{n: getattr(params.profit_kpis, n) for n in Rates.__slots__})
        orders = tables["orders"]
        quoted = ("quoted_fare", "distance_km", "duration_minutes")
        known = orders.drop_null(quoted)
        joined = known.inner_join(realised(tables, rates), "order_id")
        ordered = joined.order_by(["requested_at", "order_id"])
        rows: pd.DataFrame = ordered.to_pyarrow().to_pandas()
    finally:
        connection.disconnect()
    return rows


def with_costs(orders: pd.DataFrame, params: Params) -> pd.DataFrame:
    """Orders with the clock, the base fare and the arithmetic of what they should bring."""
    at = pd.to_datetime(orders["requested_at"], utc=True)
    base = base_fares(
        orders["vertical"], orders["distance_km"], orders["duration_minutes"], params.pricing
    )
    rows = orders.assign(
        at=at,
        base_cents=base.astype("float64"),
        hour_of_day=at.dt.hour.astype("float64"),
        weekday=at.dt.day_of_week.astype("float64"),
    )
    pricing, kpis = params.pricing, params.profit_kpis
    rates = FareRates(
        driver_share=pricing.driver_share,
        bonus_share=pricing.premium_bonus_share,
        card_share=kpis.card_share,
        card_fixed_cents=kpis.card_fixed_cents,
        insurance_cents_per_km=kpis.insurance_cents_per_km,
        infrastructure_cents=kpis.infrastructure_cents_per_order,
    )
    return rows.assign(arithmetic_cents=arithmetic(rows, rates))
