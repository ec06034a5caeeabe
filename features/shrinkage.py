"""Shrinkage: what a few tries say of somebody, beside what everybody's say.

Empirical Bayes with moment estimators: a Beta prior for rates, a Normal one for ratings.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST_WEIGHT = 1e6  # tries: drivers who do not differ at all


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
