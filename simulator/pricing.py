"""Price slots of one day: what the policy says, and the small part that is moved at random."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from core.errors import BadInput
from simulator.calibration import Floats
from simulator.city import VERTICALS, City
from simulator.clock import at_hours
from simulator.market import Market
from simulator.people import Bools
from simulator.policies import Multiplier
from simulator.randomness import stream
from simulator.supply import idle

SLOT_COLUMNS = (
    "zone_id", "hour", "vertical", "requests", "requests_q95", "idle_drivers", "idle_drivers_q95",
    "weather", "holiday", "event", "competitor_index",
)  # fmt: skip
BLOCK_HOURS = 4


@dataclass(frozen=True, slots=True)
class Slots:
    """Arrays (zones, 24, verticals): multiplier charged, the policy's own, chance of the charged
    one; ``holdout`` (zones, 24) marks blocks that never leave the policy."""

    multiplier: Floats
    rule: Floats
    propensity: Floats
    holdout: Bools


def q95(history: Sequence[Floats]) -> Floats:
    """95 % quantile, by zone and hour, of Poisson counts around the intensities of past days."""
    days = np.stack(history)
    return np.asarray(np.quantile(days, 0.95, axis=0) + 1.645 * np.sqrt(days.mean(axis=0)))


def slot_table(
    city: City, market: Market, requests: Floats, requests_q95: Floats, drivers: Floats,
    usual_drivers: Floats,
) -> pa.Table:  # fmt: skip
    """One row a zone, hour and vertical, in the order of ``ravel``: what a price may look at."""
    zones, verticals = len(city.zones), len(VERTICALS)

    def spread(values: Floats) -> pa.Array:
        return pa.array(np.repeat(np.broadcast_to(values, (zones, 24)).ravel(), verticals))

    usual_idle = idle(usual_drivers, requests_q95)
    usual_idle = np.maximum(usual_idle + 1.645 * np.sqrt(usual_idle), 1.0)
    zone = pa.array(np.repeat(np.arange(zones), 24 * verticals))
    vertical = pa.array(np.tile(np.arange(verticals), zones * 24))
    return pa.table(
        {
            "zone_id": city.zone_ids.take(zone),
            "hour": at_hours(market.day, np.tile(np.repeat(np.arange(24), verticals), zones)),
            "vertical": pa.array(VERTICALS, pa.string()).take(vertical),
            "requests": spread(requests),
            "requests_q95": spread(requests_q95),
            "idle_drivers": spread(idle(drivers, requests)),
            "idle_drivers_q95": spread(usual_idle),
            "weather": spread(market.weather),
            "holiday": pa.array(np.full(zones * 24 * verticals, market.holiday)),
            "event": spread(market.event),
            "competitor_index": spread(market.competitor_seen),
        }
    )


def _explored(city: City, day: date, rule: Floats, holdout: Bools) -> tuple[Floats, Floats]:
    """Outside the holdout a slot is moved with chance ``explore_share`` by one of the deltas, all
    equally likely. Steps that the limits cut to the same price add their chances."""
    p = city.params
    rng = stream(p.seed, "exploration", day)
    low, high = city.pricing.multiplier_min, city.pricing.multiplier_max
    deltas = np.array([0.0, *p.explore_deltas])
    chance = np.array([1 - p.explore_share, *np.full(len(deltas) - 1, p.explore_share)])
    chance[1:] /= len(deltas) - 1
    options = np.round((rule[..., None] + deltas).clip(low, high), 3)
    drawn = rng.choice(len(deltas), rule.shape, p=chance)
    chosen = np.take_along_axis(options, drawn[..., None], axis=-1)[..., 0]
    propensity = ((options == chosen[..., None]) * chance).sum(axis=-1)
    fixed = holdout[:, :, None]
    return np.where(fixed, rule, chosen), np.where(fixed, 1.0, propensity)


def price_slots(city: City, day: date, policy: Multiplier, slots: pa.Table) -> Slots:
    """Ask the policy once for the whole day, then explore.

    Raises
    ------
    BadInput
        If the policy answers with anything but one finite multiplier within the limits a slot.
    """
    shape = (len(city.zones), 24, len(VERTICALS))
    answer = np.asarray(policy(slots), dtype=float)
    low, high = city.pricing.multiplier_min, city.pricing.multiplier_max
    if answer.shape != (slots.num_rows,) or not ((answer >= low) & (answer <= high)).all():
        raise BadInput(
            f"expected {slots.num_rows} multipliers from {low} to {high}, got shape {answer.shape} "
            f"from {answer.min()} to {answer.max()}; the pricing policy must apply its guardrails"
        )
    rule = np.round(answer.reshape(shape), 3)
    rng = stream(city.params.seed, "holdout", day)
    blocks = rng.random((len(city.zones), 24 // BLOCK_HOURS)) < city.params.holdout_share
    holdout = np.repeat(blocks, BLOCK_HOURS, axis=1)
    multiplier, propensity = _explored(city, day, rule, holdout)
    return Slots(multiplier, rule, propensity, holdout)
