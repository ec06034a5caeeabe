"""How a driver did up to a day: shrunk rates, trends, experience; and the premium standards.

Everything is computed from ``driver_days`` on or before ``as_of``; later rows change nothing.
Personal traits (gender, age, name, language, home area, device) are not among the columns.
"""

from collections.abc import Sequence
from datetime import date, timedelta

import pandas as pd

from core.errors import BadInput
from core.params.tabular import StandardsParams
from features.driver_measures import (
    LONG,
    MEASURES,
    NOW,
    TREND,
    Basis,
    Windows,
    basis,
    measured,
    measures,
    meets,
    rating_variance,
    sums,
)

ACTIVITY = ("rides", "ratings", "online_hours", "active_days", "utilisation")
EXPERIENCE = ("tenure_days", "rides_known")
NUMERIC = (
    *MEASURES,
    *(f"{m}_{LONG}" for m in MEASURES),
    *(f"{m}_{TREND}" for m in MEASURES),
    *ACTIVITY,
    *EXPERIENCE,
    "log_chance",
    NOW,
)
# nightly batch: everything is known before the decision
KNOWN_AT = dict.fromkeys(NUMERIC, "QUOTE")


def features(
    days: pd.DataFrame,
    drivers: pd.DataFrame,
    as_of: date,
    windows: Windows,
    standards: StandardsParams,
) -> pd.DataFrame:
    """One row per driver active in the window, as known at the end of ``as_of``.

    ``days`` are rows of driver_days, ``drivers`` at least driver_id, joined_on and opening_rides
    (completed before the first of all driver_days). Columns: driver_id, as_of, and `NUMERIC`.

    Raises
    ------
    BadInput
        If a (driver, day) repeats.
    """
    return with_basis(days, drivers, as_of, windows, standards)[0]


def with_basis(
    days: pd.DataFrame,
    drivers: pd.DataFrame,
    as_of: date,
    windows: Windows,
    standards: StandardsParams,
) -> tuple[pd.DataFrame, Basis]:
    """`features`, and what their measures come from, in the same order of drivers."""
    repeats = int(days.duplicated(["driver_id", "day"]).sum())
    if repeats:
        raise BadInput(f"driver_days: expected one row per driver and day, {repeats} repeat")
    past = days[pd.to_datetime(days["day"]) <= pd.Timestamp(as_of)]
    found = basis(past, as_of, windows)
    others = {
        **_activity(found.totals),
        **_experience(past, drivers, as_of, found.totals.index),
    }
    frame = measured(found, standards).assign(**others)[list(NUMERIC)]
    frame.insert(0, "as_of", pd.Timestamp(as_of))
    return frame.reset_index(), found


def _activity(short: pd.DataFrame) -> dict[str, pd.Series]:
    online = short["online_minutes"]
    return {
        "rides": short["completed"],
        "ratings": short["rating_count"],
        "online_hours": online / 60,
        "active_days": short["active_days"],
        "utilisation": (short["engaged_minutes"] / online.where(online > 0)).clip(0, 1),
    }


def _experience(
    past: pd.DataFrame, drivers: pd.DataFrame, as_of: date, index: pd.Index
) -> dict[str, pd.Series]:
    joined = pd.to_datetime(drivers.set_index("driver_id")["joined_on"]).reindex(index)
    return {
        "tenure_days": (pd.Timestamp(as_of) - joined).dt.days.astype("float64"),
        "rides_known": rides_known(past, drivers, index),
    }


def rides_known(past: pd.DataFrame, drivers: pd.DataFrame, index: pd.Index) -> pd.Series:
    """Completed rides of each driver so far: before the first of all ``driver_days``, and since."""
    opening = drivers.set_index("driver_id")["opening_rides"].astype("float64").reindex(index)
    since = past.groupby("driver_id")["completed"].sum().reindex(index)
    return opening.fillna(0.0) + since.fillna(0.0).astype("float64")


def labels(days: pd.DataFrame, as_of: date, horizon: int, standards: StandardsParams) -> pd.Series:
    """Whether each driver meets the standards in the ``horizon`` days after ``as_of``.

    Indexed by driver_id; a driver who did not drive then is not in it, and does not meet them.
    """
    last = as_of + timedelta(days=horizon)
    future = days[pd.to_datetime(days["day"]) > pd.Timestamp(as_of)]
    total = sums(future, last, horizon)
    found = measures(total, rating_variance(future, last))
    return meets(found, total["completed"], standards).rename("label")


def labelled(
    days: pd.DataFrame,
    drivers: pd.DataFrame,
    cut_offs: Sequence[date],
    horizon: int,
    windows: Windows,
    standards: StandardsParams,
) -> pd.DataFrame:
    """Features and the matured label of every driver with enough rides, for several days."""
    parts = []
    for as_of in cut_offs:
        rows = features(days, drivers, as_of, windows, standards)
        rows = rows[rows["rides"] >= standards.min_window_rides]
        found = labels(days, as_of, horizon, standards)
        label = rows["driver_id"].map(found).fillna(False).astype(bool)
        parts.append(rows.assign(label=label))
    return pd.concat(parts, ignore_index=True)
