"""The measures of premium drivers: counted, shrunk, and held against the standards.

Everything comes from rows of ``driver_days``; what a driver's features would be after other counts
is computed by the same functions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import log_ndtr

from core.params.tabular import StandardsParams
from features.shrinkage import Prior, beta_prior, normal_prior

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
BEST = {"rating": 5.0, **dict.fromkeys(RATES, 1.0), "cancellation": 0.0}
LEAST_CHANCE = -40.0
LONG, TREND, NOW = "long", "trend", "meets_now"


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


Evidence = Mapping[str, tuple[Floats, Floats]]


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


@dataclass(frozen=True, slots=True)
class Basis:
    """What the measures of drivers come from: counts of both windows, the city's priors of each.

    ``totals`` are the sums over the short window, one row for each driver active in it, and every
    array has one entry for each of them; ``earlier`` are the measures of the window before.
    """

    totals: pd.DataFrame
    short: Evidence
    long: Evidence
    short_priors: Mapping[str, Prior]
    long_priors: Mapping[str, Prior]
    earlier: Mapping[str, Floats]

    def of(self, rows: NDArray[np.intp]) -> "Basis":
        """The same of some drivers, by place."""

        def some(found: Evidence) -> Evidence:
            return {m: (total[rows], tries[rows]) for m, (total, tries) in found.items()}

        return replace(
            self,
            totals=self.totals.iloc[rows],
            short=some(self.short),
            long=some(self.long),
            earlier={m: values[rows] for m, values in self.earlier.items()},
        )

    def moved(self, short: Mapping[str, Floats], long: Mapping[str, Floats]) -> "Basis":
        """The same if so much more had been counted in each window; priors stay."""

        def added(found: Evidence, more: Mapping[str, Floats]) -> Evidence:
            return {m: (t + more[m], n) if m in more else (t, n) for m, (t, n) in found.items()}

        return replace(self, short=added(self.short, short), long=added(self.long, long))


def basis(past: pd.DataFrame, as_of: date, windows: Windows) -> Basis:
    """Counts and priors on ``as_of`` of everybody who completed a ride in the short window."""
    within = rating_variance(past, as_of)
    short = sums(past, as_of, windows.short)
    short = short[short["completed"] > 0]
    steady = sums(past, as_of, windows.long).reindex(short.index)
    before = sums(past, as_of - timedelta(days=windows.short), windows.short)
    earlier = measures(before, within).reindex(short.index)
    return Basis(
        short,
        evidence(short),
        evidence(steady),
        priors(short, within),
        priors(steady, within),
        {m: earlier[m].to_numpy("float64") for m in MEASURES},
    )


def measured(basis: Basis, standards: StandardsParams) -> pd.DataFrame:
    """The features that come from measures, one row a driver: shrunk, long, trend, chance, now."""
    now = {m: basis.short_priors[m].shrunk(*basis.short[m]) for m in MEASURES}
    found = pd.DataFrame(now, index=basis.totals.index)
    columns = {
        **{f"{m}_{LONG}": basis.long_priors[m].shrunk(*basis.long[m]) for m in MEASURES},
        **{f"{m}_{TREND}": now[m] - basis.earlier[m] for m in MEASURES},
        "log_chance": log_chance(basis, standards),
        NOW: meets(found, basis.totals["completed"], standards).astype("float64"),
    }
    return pd.concat([found, pd.DataFrame(columns, index=found.index)], axis=1)


def log_chance(basis: Basis, standards: StandardsParams) -> Floats:
    """Log of the chance to meet every standard over another window as busy as the last one.

    Each measure's next shrunk value is taken as Normal around what the long window says, the
    measures as independent: rough, and the best single summary there is.
    """
    limits = standards.limits()
    total = np.zeros(len(basis.totals))
    for m in MEASURES:
        now, past = basis.short_priors[m], basis.long_priors[m]
        n = np.maximum(basis.short[m][1], 1.0)
        kept = n / (n + now.weight)
        centre = now.mean + kept * (past.shrunk(*basis.long[m]) - now.mean)
        spread = kept * np.sqrt(past.within * (1 / (basis.long[m][1] + past.weight) + 1 / n))
        side = -1.0 if m in WORSE_WHEN_HIGHER else 1.0
        total += log_ndtr(side * (centre - limits[m]) / np.maximum(spread, 1e-9))
    return np.maximum(total, LEAST_CHANCE)


def margins(found: pd.DataFrame, standards: StandardsParams) -> pd.DataFrame:
    """How far each measure is on the good side of its standard; negative is below it."""
    limits = standards.limits()
    return pd.DataFrame({m: _margin(found, m, limits) for m in MEASURES}, index=found.index)


def _margin(found: pd.DataFrame, measure: str, limits: Mapping[str, float]) -> Floats:
    gap = found[measure].to_numpy("float64") - limits[measure]
    return np.asarray(-gap if measure in WORSE_WHEN_HIGHER else gap)


def meets(found: pd.DataFrame, rides: pd.Series, standards: StandardsParams) -> pd.Series:
    """Whether every standard holds over a window with enough rides."""
    limits = standards.limits()
    good = np.logical_and.reduce([_margin(found, m, limits) >= 0 for m in MEASURES])
    return pd.Series(good, index=found.index) & (rides >= standards.min_window_rides)
