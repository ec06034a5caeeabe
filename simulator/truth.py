"""The city's laws that no model may see; off-policy checks and benchmarks read them."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from simulator.calibration import Floats
from simulator.city import City
from simulator.market import make_market
from simulator.people import Ints


@dataclass(frozen=True, slots=True)
class Situation:
    """What a rider weighs, one entry a quote.

    ``price_cents`` is what the rider would pay after discounts; ``usual_cents`` the fare without
    surge; ``outside`` the competitor's true price over ours without surge; ``surge`` the multiplier
    as shown; ``eta_minutes`` as shown.
    """

    rider: Ints
    price_cents: Floats
    usual_cents: Floats
    outside: Floats
    surge: Floats
    eta_minutes: Floats


def taste(day: date) -> float:
    """How the whole city's willingness to pay swings over the weeks, in log-worth."""
    return float(0.05 * np.sin(2 * np.pi * day.toordinal() / 53))


def acceptance(city: City, day: date, at: Situation) -> Floats:
    """Probability that each rider accepts.

    Every rider has an own worth, softness, impatience and budget; a surge above 1.25 hurts more
    than its price (loss aversion), so the curve over all riders is no logistic one.
    """
    r = city.riders
    ratio = np.log(at.price_cents / (at.usual_cents * at.outside))
    sting = 0.35 * np.maximum(0, at.surge - 1.25)
    waiting = r.impatience[at.rider] * (at.eta_minutes - 5) / 10
    worth = r.log_worth[at.rider] + taste(day) - ratio - sting - waiting
    wanted = 1 / (1 + np.exp(-worth / r.softness[at.rider]))
    affordable = 1 / (1 + (at.price_cents / r.budget_cents[at.rider]) ** 4)
    return np.asarray(wanted * affordable)


def intensity(city: City, day: date) -> Floats:
    """Expected requests by zone, hour and vertical: what the best forecast could know."""
    return make_market(city, day).intensity
