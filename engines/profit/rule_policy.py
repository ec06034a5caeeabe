"""The rule policy of prices: baseline of the learned one, and what a kill switch returns to.

All functions work on arrays of places and times at once. Whatever is not known (NaN) is taken as
ordinary: it moves no price.

Source
------
docs/domain.md, section 5.2, "Rule policy".
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.enums import Vertical
from core.errors import BadInput
from core.params.decisions import PricingParams, RulePolicyParams

Floats = NDArray[np.float64]

WEATHER_RAISES = (Vertical.RIDE.value, Vertical.MOTO.value)


@dataclass(frozen=True, slots=True)
class Slots:
    """Places and times that need a multiplier; every field an array of the same length.

    ``demand`` and ``supply`` are shares of what is busy for that hour (`relative`), ``hour`` 0..23
    and ``weekday`` 0 (Monday)..6 are local, ``weather`` -1 worst..1, ``event`` 0..1,
    ``competitor`` its price / our base fare.
    """

    vertical: ArrayLike
    demand: ArrayLike
    supply: ArrayLike
    hour: ArrayLike
    weekday: ArrayLike
    holiday: ArrayLike
    weather: ArrayLike
    event: ArrayLike
    competitor: ArrayLike


def relative(count: ArrayLike, busy: ArrayLike) -> Floats:
    """A count as a share of the 95th percentile of the same hour over 28 days, within 0..1.

    NaN where there is no history or it is all zero.
    """
    high = np.asarray(busy, float)
    known = np.where(high > 0, high, np.nan)
    return np.asarray(np.clip(np.asarray(count, float) / known, 0, 1))


def multiplier(slots: Slots, params: PricingParams) -> Floats:
    """The multiplier that the rules want, before any guardrail.

    Raises
    ------
    BadInput
        If ``params.goal`` has no weights.
    """
    if params.goal not in params.goal_weights:
        raise BadInput(f"expected a goal of {sorted(params.goal_weights)}, got {params.goal!r}")
    revenue, market, satisfaction, operations = params.goal_weights[params.goal]
    wanted = (
        revenue * demand_part(slots, params.rule)
        + market * market_part(slots.competitor, params.rule)
        + satisfaction
        + operations
    )
    return np.asarray(wanted)


def demand_part(slots: Slots, rule: RulePolicyParams) -> Floats:
    """D: how busy it is, how few drivers are idle, the clock, the weather, events."""
    busy = 1 + rule.demand_slope * (_known(slots.demand, 0.5) - 0.5)
    scarce = 1 + rule.scarcity * (1 - _known(slots.supply, 1.0))
    eventful = 1 + rule.event * _known(slots.event, 0.0)
    clock = time_factor(slots.hour, slots.weekday, slots.holiday, rule)
    weather = weather_factor(slots.vertical, slots.weather, rule)
    low, high = rule.demand_range
    return np.asarray(np.clip(busy * scarce * clock * weather * eventful, low, high))


def time_factor(
    hour: ArrayLike, weekday: ArrayLike, holiday: ArrayLike, rule: RulePolicyParams
) -> Floats:
    """Morning 7-9, evening 17-19 and night 22-6 (the hour that ends a span is outside it)."""
    h = np.asarray(hour)
    morning, evening = (h >= 7) & (h < 9), (h >= 17) & (h < 19)
    night = (h >= 22) | (h < 6)
    factor = np.select(
        [morning, evening, night], [rule.morning, rule.evening, rule.night], default=1.0
    )
    weekend = np.where(np.asarray(weekday) >= 5, rule.weekend, 1.0)
    return np.asarray(factor * weekend * np.where(np.asarray(holiday, bool), rule.holiday, 1.0))


def weather_factor(vertical: ArrayLike, weather: ArrayLike, rule: RulePolicyParams) -> Floats:
    """Bad weather raises RIDE and MOTO; the others go up in bad weather and down in good."""
    w = _known(weather, 0.0)
    rides = np.isin(np.asarray(vertical, str), WEATHER_RAISES)
    raised = 1 + rule.weather_rides * np.maximum(0, -w)
    return np.asarray(np.where(rides, raised, 1 - rule.weather_others * w))


def market_part(competitor: ArrayLike, rule: RulePolicyParams) -> Floats:
    """Q: close to a competitor that is clearly cheaper or dearer, else 1."""
    r = _known(competitor, 1.0)
    q = np.select(
        [r < rule.competitor_low, r > rule.competitor_high],
        [rule.above_cheap * r, rule.below_dear * r],
        default=1.0,
    )
    low, high = rule.market_range
    return np.asarray(np.clip(q, low, high))


def _known(values: ArrayLike, ordinary: float) -> Floats:
    array = np.asarray(values, float)
    return np.where(np.isnan(array), ordinary, array)
