"""Quotes that were shown, for the acceptance model; the last days are the test."""

from datetime import date
from pathlib import Path

from features.acceptance import INPUTS
from models.contract import Artefact, Dataset
from pipelines.context import Context
from pipelines.datasets.lake_rows import by_day, combined, days_until, digests, query, span

ASSET = "exposures"
MOST_DAYS = 35
QUOTES = """
SELECT exposure_id, shown_at AS at, accepted,
       price::DOUBLE AS price_cents, q.base_fare AS base_cents, q.multiplier, q.competitor_index,
       q.eta AS eta_minutes, q.distance_km, q.duration_minutes, q.weather, q.event,
       q.holiday::DOUBLE AS holiday, hour(shown_at)::DOUBLE AS hour_of_day,
       (isodow(shown_at) - 1)::DOUBLE AS weekday, q.vertical, q.service_class, q.zone AS zone_id
FROM (
    SELECT *, json_transform(context, '{
        "zone": "VARCHAR", "vertical": "VARCHAR", "service_class": "VARCHAR",
        "base_fare": "DOUBLE", "multiplier": "DOUBLE", "competitor_index": "DOUBLE",
        "eta": "DOUBLE", "distance_km": "DOUBLE", "duration_minutes": "DOUBLE",
        "weather": "DOUBLE", "event": "DOUBLE", "holiday": "BOOLEAN"
    }') AS q
    FROM exposures WHERE kind = 'QUOTE' AND price IS NOT NULL
)
ORDER BY shown_at, exposure_id
"""


def _files(key: str, ctx: Context) -> tuple[list[date], dict[str, list[Path]]]:
    days = days_until(ASSET, key, MOST_DAYS, ctx)
    return days, {ASSET: ctx.lake.paths(ASSET, days)}


def inputs(key: str, ctx: Context, artefacts: dict[str, Artefact]) -> dict[str, str]:
    """Digests of the lake files read."""
    return digests(_files(key, ctx)[1])


def build(key: str, ctx: Context, artefacts: dict[str, Artefact]) -> Dataset:
    """Every quote with what was known when it was shown, and whether it was accepted."""
    days, files = _files(key, ctx)
    rows = query(QUOTES, files)
    rows = rows[["exposure_id", "at", "accepted", *INPUTS]]
    parts = by_day(rows, "at", days, ctx.params.acceptance.holdout_days)
    return Dataset(**parts, digest=combined(digests(files)), about={"exposures": span(days)})
