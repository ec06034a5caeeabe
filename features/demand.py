"""Requests of a zone in an hour, seen from whole weeks before: lags, level, clock, conditions.

The nearest lag is how far ahead a forecast can look. Weather, holidays and events of the wanted
hour come from calendars and forecasts, so they are known before it.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.errors import BadInput

Floats = NDArray[np.float64]

ZONE_HOUR = ["zone_id", "hour"]
CONDITIONS = ("weather", "holiday", "event")
LAGGED = ("lag_mean", "lag_last", "lag_low", "lag_high", "zone_level")
NUMERIC = (*LAGGED, *CONDITIONS, "hour_of_day", "weekday")
CATEGORICAL = ("zone_id",)
LEVEL_HOURS = 168
KNOWN_AT = dict.fromkeys((*NUMERIC, *CATEGORICAL), "QUOTE")


def features(wanted: pd.DataFrame, history: pd.DataFrame, lags_h: Sequence[int]) -> pd.DataFrame:
    """Features of wanted zone-hours from the requests of earlier hours.

    ``wanted`` has zone_id, hour (start, UTC) and `CONDITIONS`; ``history`` zone_id, hour and
    requests, every active zone in every hour (no row means not known, never nobody asked).
    Returns zone_id, hour, `NUMERIC` indexed like ``wanted``; NaN where the past is not known.

    Raises
    ------
    BadInput
        If a lag is below 1 hour (it would read the target) or a (zone, hour) of history repeats.
    """
    if min(lags_h) < 1:
        raise BadInput(f"expected lags of 1 hour or more, got {list(lags_h)}")
    repeats = int(history.duplicated(ZONE_HOUR).sum())
    if repeats:
        raise BadInput(f"market_hours: expected one row per zone and hour, {repeats} repeat")
    hour = pd.to_datetime(wanted["hour"], utc=True)
    requests = history.set_index([history["zone_id"], pd.to_datetime(history["hour"], utc=True)])
    lags = _lagged(wanted["zone_id"], hour, requests["requests"], lags_h)
    known = ~np.isnan(lags)
    count = known.sum(axis=1)
    columns = {
        "zone_id": wanted["zone_id"],
        "hour": hour,
        "lag_mean": np.where(count > 0, np.nansum(lags, axis=1) / np.maximum(count, 1), np.nan),
        "lag_last": lags[:, int(np.argmin(lags_h))],
        "lag_low": np.where(count > 0, np.where(known, lags, np.inf).min(axis=1), np.nan),
        "lag_high": np.where(count > 0, np.where(known, lags, -np.inf).max(axis=1), np.nan),
        "zone_level": _level(wanted["zone_id"], hour, requests["requests"], min(lags_h)),
        **{name: wanted[name].astype("float64") for name in CONDITIONS},
        "hour_of_day": hour.dt.hour.astype("float64"),
        "weekday": hour.dt.day_of_week.astype("float64"),
    }
    return pd.DataFrame(columns, index=wanted.index)


def _lagged(zone: pd.Series, hour: pd.Series, requests: pd.Series, lags_h: Sequence[int]) -> Floats:
    """Looks up the clock, not the row above: shape (n, lags)."""
    columns = []
    for lag in lags_h:
        at = pd.MultiIndex.from_arrays([zone, hour - pd.Timedelta(hours=lag)])
        columns.append(requests.reindex(at).to_numpy("float64"))
    return np.column_stack(columns)


def _level(zone: pd.Series, hour: pd.Series, requests: pd.Series, nearest_h: int) -> Floats:
    """Mean requests an hour of the zone over the week (or what is known of it) that ends
    ``nearest_h`` hours before."""
    if requests.empty:
        return np.full(len(zone), np.nan)
    asked_at = requests.index.get_level_values(1)
    first = pd.Timestamp(asked_at.min())
    zones = pd.Index(requests.index.get_level_values(0).unique())
    place = zones.get_indexer(requests.index.get_level_values(0))
    when = _hours_since(first, asked_at)
    # cumulative sums over a grid of hours x zones, with an empty row before the first hour
    total, known = (np.zeros((when.max() + 2, len(zones))) for _ in range(2))
    total[when + 1, place], known[when + 1, place] = requests.to_numpy("float64"), 1
    total, known = total.cumsum(axis=0), known.cumsum(axis=0)
    column = zones.get_indexer(zone)
    end = _hours_since(first, hour - pd.Timedelta(hours=nearest_h)) + 1
    stop, start = (np.clip(t, 0, len(total) - 1) for t in (end, end - LEVEL_HOURS))
    count = known[stop, column] - known[start, column]
    asked = total[stop, column] - total[start, column]
    return np.where((count > 0) & (column >= 0), asked / np.maximum(count, 1), np.nan)


def _hours_since(first: pd.Timestamp, at: pd.Series | pd.Index) -> NDArray[np.int64]:
    return np.asarray(pd.TimedeltaIndex(pd.DatetimeIndex(at) - first) // pd.Timedelta(hours=1))
