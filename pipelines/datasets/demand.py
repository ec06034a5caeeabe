"""Zone-hours for the demand model: the last days are the test, the days before them validate."""

from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from core.errors import BadInput
from core.partition import last_day, midnight
from features.demand import features
from models.contract import Artefact, Dataset
from pipelines.context import Context
from pipelines.datasets.lake_rows import combined, days_until, digests, query, span

ASSET = "market_hours"
MOST_DAYS = 120
VALIDATE_SHARE = 0.25


def _days(key: str, ctx: Context) -> list[date]:
    return days_until(ASSET, key, MOST_DAYS, ctx)


def inputs(key: str, ctx: Context, artefacts: dict[str, Artefact]) -> dict[str, str]:
    """Digests of the lake files read."""
    return digests({ASSET: ctx.lake.paths(ASSET, _days(key, ctx))})


def build(key: str, ctx: Context, artefacts: dict[str, Artefact]) -> Dataset:
    """Features and requests of every zone-hour whose past is known, split by time."""
    days = _days(key, ctx)
    files: dict[str, list[Path]] = {ASSET: ctx.lake.paths(ASSET, days)}
    hours = query(f"SELECT * FROM {ASSET} ORDER BY hour, zone_id", files)  # noqa: S608
    params = ctx.params.demand
    rows = features(hours, hours, params.lags_h).assign(requests=hours["requests"])
    parts = split(rows[rows["lag_mean"].notna()], last_day(key), params.holdout_days)
    return Dataset(
        **parts,
        digest=combined(digests(files)),
        about={
            "market_hours": span(days),
            **{name: f"{p['hour'].min()} to {p['hour'].max()}" for name, p in parts.items()},
        },
    )


def split(rows: pd.DataFrame, last: date, holdout_days: int) -> dict[str, pd.DataFrame]:
    """Test: the last days. Validate: as many before them, at most a quarter of what is left.

    Raises
    ------
    BadInput
        If there are not two hours with a known past before the test days.
    """
    start = pd.Timestamp(midnight(last - timedelta(days=holdout_days - 1)))
    earlier = sorted(rows.loc[rows["hour"] < start, "hour"].unique())
    if len(earlier) < 2:
        raise BadInput(
            f"market_hours: expected hours with a known past before {start}, got {len(earlier)}; "
            "ingest more days or shorten the lags"
        )
    kept = max(1, min(24 * holdout_days, int(len(earlier) * VALIDATE_SHARE)))
    turn = earlier[-kept]
    return {
        "train": rows[rows["hour"] < turn],
        "validate": rows[(rows["hour"] >= turn) & (rows["hour"] < start)],
        "test": rows[rows["hour"] >= start],
    }
