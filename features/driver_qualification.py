"""How a driver did up to a day: shrunk rates, trends, experience; and the premium standards.

Everything is computed from ``driver_days`` on or before ``as_of``; later rows change nothing.
Personal traits (gender, age, name, language, home area, device) are not among the columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import log_ndtr

from core.errors import BadInput
from core.params.tabular import StandardsParams

Floats = NDArray[np.float64]

COUNTS = (
    "online_minutes", "engaged_minutes", "offers", "accepts", "cancels", "completed", "on_time",
    "eta_hits", "rating_sum", "rating_count",
)  # fmt: skip
# rate: (numerator, denominator) in sums over a window
RATES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "acceptance": (("accepts",), ("offers",)),
    "cancellation": (("cancels",), ("accepts",)),
    # an accepted ride ends completed, cancelled by the driver, or cancelled by the rider
    "completion": (("completed",), ("completed", "cancels")),
    "eta_accuracy": (("eta_hits",), ("completed",)),
    "on_time": (("on_time",), ("completed",)),
}
MEASURES = ("rating", *RATES)
WORSE_WHEN_HIGHER = frozenset({"cancellation"})
ACTIVITY = ("rides", "ratings", "online_hours", "active_days", "utilisation")
EXPERIENCE = ("tenure_days", "rides_known")
MOST_WEIGHT = 1e6  # tries: drivers who do not differ at all
LEAST_CHANCE = -40.0
LONG, TREND, NOW = "long", "trend", "meets_now"
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


@dataclass(frozen=True, slots=True)
class Windows:
    """Lengths in days: the window of the standards, and the longer one that steadies it."""

    short: int
    long: int


def sums(days: pd.DataFrame, last: date, length: int) -> pd.DataFrame:
    """Sums by driver over the ``length`` days that end with ``last``, and the days active."""
    when = pd.to_datetime(days["day"])
    first = last - timedelta(days=length - 1)
    inside = days[(when >= pd.Timestamp(first)) & (when <= pd.Timestamp(last))]
    grouped = inside.groupby("driver_id", sort=True)
    total = grouped[list(COUNTS)].sum().astype("float64")
    active = inside["completed"].gt(0).groupby(inside["driver_id"]).sum()
    return total.assign(active_days=active.astype("float64"))


@dataclass(frozen=True, slots=True)
class Prior:
    """What is known of a driver before any evidence: a mean, and how many tries it is worth.

    ``within`` is the variance of one try around its driver's mean.
    """

    mean: float
    weight: float
    within: float

    def shrunk(self, total: Floats, tries: Floats) -> Floats:
        """Posterior mean of each driver."""
        return np.asarray((total + self.mean * self.weight) / (tries + self.weight))


def beta_prior(hits: Floats, tries: Floats) -> Prior:
    """The Beta prior of a rate, fitted to all drivers; its mean is NaN when nobody tried.

    Its mean is the pooled rate; its weight follows from how much more the drivers' rates vary than
    chance alone would make them.

    Source
    ------
    Kleinman (1973), Proportions with extraneous variance, moment estimators.
    """
    mean = float(hits.sum() / tries.sum()) if tries.sum() > 0 else float("nan")
    within = mean * (1 - mean)
    return Prior(mean, _prior_weight(hits, tries, mean, within), within)


def normal_prior(total: Floats, count: Floats, within: float) -> Prior:
    """The Normal prior of a rating, fitted to all drivers.

    Source
    ------
    Efron and Morris (1975), Data analysis using Stein's estimator; between-driver variance by
    moments.
    """
    mean = float(total.sum() / count.sum()) if count.sum() > 0 else float("nan")
    return Prior(mean, _prior_weight(total, count, mean, within), within)


def _prior_weight(total: Floats, tries: Floats, mean: float, within: float) -> float:
    """Variance of one try over the variance between drivers: what the prior weighs, in tries."""
    seen = tries > 0
    n = tries[seen]
    if n.sum() <= 0 or within <= 0:
        return MOST_WEIGHT
    own = total[seen] / n
    effective = n.sum() - (n**2).sum() / n.sum()
    between = ((n * (own - mean) ** 2).sum() - (seen.sum() - 1) * within) / max(effective, 1e-9)
    return float(np.clip(within / max(float(between), within / MOST_WEIGHT), 1.0, MOST_WEIGHT))


def rating_variance(days: pd.DataFrame, last: date) -> float:
    """Variance of one rating around its driver's mean, from the scatter of daily means."""
    inside = days[(pd.to_datetime(days["day"]) <= pd.Timestamp(last)) & (days["rating_count"] > 0)]
    n = inside["rating_count"].to_numpy("float64")
    own = inside["rating_sum"].to_numpy("float64") / np.maximum(n, 1)
    keys = inside["driver_id"]
    totals = inside[["rating_sum", "rating_count"]].groupby(keys).transform("sum")
    mean = (totals["rating_sum"] / totals["rating_count"]).to_numpy("float64")
    free = len(inside) - keys.nunique()
    if free <= 0:
        return 0.25
    return float(max((n * (own - mean) ** 2).sum() / free, 1e-3))


def evidence(total: pd.DataFrame) -> dict[str, tuple[Floats, Floats]]:
    """For each measure what was counted over a window: (sum, tries), one entry a driver."""
    found = {"rating": (total["rating_sum"].to_numpy(), total["rating_count"].to_numpy())}
    for name, (hits, tries) in RATES.items():
        n = total[list(tries)].sum(axis=1).to_numpy("float64")
        found[name] = (np.minimum(total[list(hits)].sum(axis=1).to_numpy("float64"), n), n)
    return found


def priors(total: pd.DataFrame, within: float) -> dict[str, Prior]:
    """The city's prior of each measure over a window; ``within`` as `rating_variance` gives it."""
    found = evidence(total)
    return {
        m: normal_prior(*found[m], within) if m == "rating" else beta_prior(*found[m])
        for m in MEASURES
    }


def measures(total: pd.DataFrame, within: float) -> pd.DataFrame:
    """The shrunk rating and rates of sums over a window, one row a driver."""
    found, known = evidence(total), priors(total, within)
    columns = {m: known[m].shrunk(*found[m]) for m in MEASURES}
    return pd.DataFrame(columns, index=total.index)


def log_chance(
    short: pd.DataFrame, long: pd.DataFrame, within: float, standards: StandardsParams
) -> Floats:
    """Log of the chance to meet every standard over another window as busy as the last one.

    Each measure's next shrunk value is taken as Normal around what the long window says, the
    measures as independent: rough, and the best single summary there is.
    """
    next_prior, before = priors(short, within), priors(long, within)
    tries, seen = evidence(short), evidence(long)
    limits = standards.limits()
    total = np.zeros(len(short))
    for m in MEASURES:
        now, past, n = next_prior[m], before[m], np.maximum(tries[m][1], 1.0)
        kept = n / (n + now.weight)
        centre = now.mean + kept * (past.shrunk(*seen[m]) - now.mean)
        spread = kept * np.sqrt(past.within * (1 / (seen[m][1] + past.weight) + 1 / n))
        side = -1.0 if m in WORSE_WHEN_HIGHER else 1.0
        total += log_ndtr(side * (centre - limits[m]) / np.maximum(spread, 1e-9))
    return np.maximum(total, LEAST_CHANCE)


def margins(found: pd.DataFrame, standards: StandardsParams) -> pd.DataFrame:
    """How far each measure is on the good side of its standard; negative is below it."""
    limits = standards.limits()
    sign = {m: -1.0 if m in WORSE_WHEN_HIGHER else 1.0 for m in MEASURES}
    return pd.DataFrame({m: sign[m] * (found[m] - limits[m]) for m in MEASURES}, index=found.index)


def meets(found: pd.DataFrame, rides: pd.Series, standards: StandardsParams) -> pd.Series:
    """Whether every standard holds over a window with enough rides."""
    good = (margins(found, standards) >= 0).all(axis=1)
    return good & (rides >= standards.min_window_rides)


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
    repeats = int(days.duplicated(["driver_id", "day"]).sum())
    if repeats:
        raise BadInput(f"driver_days: expected one row per driver and day, {repeats} repeat")
    past = days[pd.to_datetime(days["day"]) <= pd.Timestamp(as_of)]
    within = rating_variance(past, as_of)
    short = sums(past, as_of, windows.short)
    short = short[short["completed"] > 0]
    found = measures(short, within)
    steady = sums(past, as_of, windows.long).reindex(short.index)
    long = measures(steady, within)
    before = sums(past, as_of - timedelta(days=windows.short), windows.short)
    earlier = measures(before, within).reindex(short.index)
    columns = {
        **{f"{m}_{LONG}": long[m] for m in MEASURES},
        **{f"{m}_{TREND}": found[m] - earlier[m] for m in MEASURES},
        **_activity(short),
        **_experience(past, drivers, as_of, short.index),
        "log_chance": log_chance(short, steady, within, standards),
        NOW: meets(found, short["completed"], standards).astype("float64"),
    }
    frame = pd.concat([found, pd.DataFrame(columns, index=short.index)], axis=1)
    frame.insert(0, "as_of", pd.Timestamp(as_of))
    return frame.reset_index()


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
