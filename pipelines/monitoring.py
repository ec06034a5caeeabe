"""Every night: is every asset fresh, and do its values still look like those models learned from?

One row per check into ``monitoring_results``. Drift compares the key's last day with the days
before it; PSI is judged less the PSI that mere chance gives samples of this size, and a day with
few rows is shown, not judged. Which models are to be retrained is returned; the DAG asks for it.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from core.enums import Sender, Sentiment
from core.params.evaluate import MonitoringParams
from core.partition import last_day
from core.schema import ASSETS
from features.drift import Drift, drift
from features.text import words
from pipelines.context import Context
from pipelines.datasets import texts
from pipelines.nightly import lake_days
from store.rows import replace_rows
from store.tables import AiPerformance, MonitoringResult, PremiumMetrics, ProfitMetrics
from store.tables.platform import CheckStatus

KPI_TABLES = (AiPerformance, PremiumMetrics, ProfitMetrics)
DAY_HOURS = 24

MAIN_COLUMNS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "orders": {
        "vertical": ("demand", "acceptance", "contribution"),
        "zone_id": ("demand", "acceptance"),
        "service_class": ("acceptance", "contribution"),
        "distance_km": ("acceptance", "contribution"),
        "surge": ("acceptance",),
        "quoted_fare": ("acceptance", "contribution"),
        "status": (),
    },
    "trips": {"gross_fare": ("contribution",), "duration_minutes": ("contribution",), "rating": ()},
    "payments": {"kind": (), "method": (), "status": ()},
    "market_hours": {"requests": ("demand",), "available_drivers": ("acceptance",)},
    "driver_days": {
        "accepts": ("driver_qualification",),
        "completed": ("driver_qualification",),
        "online_minutes": ("driver_qualification",),
    },
    "conversations": {
        "intent": ("intent",),
        "language_code": ("intent", "sentiment"),
        "sentiment_score": ("sentiment",),
        "channel": (),
    },
    "messages": {
        "confidence_score": ("intent",),
        "action": (),
        "words": ("intent", "sentiment"),
        "new_words": ("intent", "sentiment"),
    },
}
"""Asset -> column -> the models that read it: they are retrained when the column drifts."""
SAID = frozenset({"words", "new_words"})
"""Counted in what users wrote: how many words, and the share of them that nothing learned from."""


def check(key: str, ctx: Context) -> dict[str, Any]:
    """Check the lake and the KPI rows as of the end of ``key``; the same rows every time.

    Returns
    -------
    How many checks, those that are not OK, the names of the models to retrain, and the PSI of every
    column by asset: reviewers see it as curves in MLflow, what users write (``messages``) too.
    """
    day, params = last_day(key), ctx.params.monitoring
    rows = [*_freshness(ctx, day, params), *_kpi_freshness(ctx, day, params)]
    retrain: set[str] = set()
    for asset, columns in MAIN_COLUMNS.items():
        for column, found in _drift(ctx, asset, list(columns), day, params).items():
            rows.append(_drift_row(asset, column, found, params))
            if rows[-1]["status"] is CheckStatus.ALERT:
                retrain.update(columns[column])
    replace_rows(ctx.engine, MonitoringResult, {"day": day}, rows)
    wrong = [row for row in rows if row["status"] is not CheckStatus.OK]
    return {
        "day": str(day),
        "checks": len(rows),
        "not_ok": [f"{row['check_name']} {row['subject']}.{row['name']}" for row in wrong],
        "retrain": sorted(retrain),
        "psi": {
            f"{row['subject']}.{row['name']}": row["value"]
            for row in rows
            if row["check_name"] == "drift"
        },
    }


def _freshness(ctx: Context, day: date, params: MonitoringParams) -> list[dict[str, Any]]:
    """Hours from the end of each asset's newest partition to the end of the day."""
    return [
        _age_row(asset, [d for d in lake_days(ctx, asset) if d <= day], day, params)
        for asset in ASSETS
    ]


def _kpi_freshness(ctx: Context, day: date, params: MonitoringParams) -> list[dict[str, Any]]:
    found = []
    with ctx.engine.connect() as connection:
        for table in KPI_TABLES:
            of_day = table.__table__.c.day
            newest = connection.scalar(sa.select(sa.func.max(of_day)).where(of_day <= day))
            found.append(_age_row(table.__tablename__, [newest] if newest else [], day, params))
    return found


def _age_row(subject: str, days: list[date], day: date, params: MonitoringParams) -> dict[str, Any]:
    """Nothing there yet, or older than allowed, is an alert."""
    hours = float((day - days[-1]).days * DAY_HOURS) if days else None
    late = hours is None or hours > params.freshness_hours
    return {
        "check_name": "freshness",
        "subject": subject,
        "name": "age_hours",
        "value": hours,
        "status": CheckStatus.ALERT if late else CheckStatus.OK,
        "detail": {"newest": str(days[-1]) if days else None, "allowed": params.freshness_hours},
    }


def _drift(
    ctx: Context, asset: str, columns: list[str], day: date, params: MonitoringParams
) -> dict[str, Drift]:
    """Drift of each column; empty where the day or the days before it are not in the lake."""
    first = day - timedelta(days=params.reference_days)
    window = [d for d in lake_days(ctx, asset) if first <= d < day]
    if not window or not ctx.lake.has(asset, day):
        return {}
    stored = [column for column in columns if column not in SAID]
    before, now = ctx.lake.read(asset, window, stored), ctx.lake.read(asset, [day], stored)
    if not before.num_rows or not now.num_rows:
        return {}
    found = {c: drift(before.column(c), now.column(c), params.bins) for c in stored}
    if len(stored) < len(columns):
        past, present = (_said(ctx, asset, days) for days in (window, [day]))
        if past.num_rows and present.num_rows:
            counted = [c for c in columns if c in SAID]
            found |= {c: drift(past.column(c), present.column(c), params.bins) for c in counted}
    return found


def _said(ctx: Context, asset: str, days: list[date]) -> pa.Table:
    """The columns ``SAID``, one row a message of a user."""
    table = ctx.lake.read(asset, days, ["content", "sender"])
    mine = table.filter(pc.equal(table["sender"], Sender.USER.value))
    known = _vocabulary()
    spoken = [words(text) for text in mine["content"].to_pylist()]
    new = [sum(w not in known for w in said) / max(len(said), 1) for said in spoken]
    return pa.table({"words": [len(said) for said in spoken], "new_words": new})


@cache
def _vocabulary() -> frozenset[str]:
    """Every word of the text that the support models learn from."""
    moods = texts.labelled(texts.SENTIMENT, list(Sentiment))
    learned = pd.concat([rows["text"] for rows in (texts.written(), texts.item_texts(), moods)])
    return frozenset(word for text in learned for word in words(text))


def _drift_row(asset: str, column: str, found: Drift, params: MonitoringParams) -> dict[str, Any]:
    beyond_chance = found.psi - found.expected_psi
    status = CheckStatus.OK
    if min(found.rows, found.reference_rows) >= params.min_rows:
        if beyond_chance > params.psi_alert:
            status = CheckStatus.ALERT
        elif beyond_chance > params.psi_warn:
            status = CheckStatus.WARN
    return {
        "check_name": "drift",
        "subject": asset,
        "name": column,
        "value": found.psi,
        "status": status,
        "detail": {
            "js": found.js,
            "expected_psi": found.expected_psi,
            "reference_rows": found.reference_rows,
            "rows": found.rows,
            "judged": min(found.rows, found.reference_rows) >= params.min_rows,
        },
    }
