"""Hard limits on what any pricing policy may do; vectorised, and applied after every policy.

Source
------
docs/domain.md, section 5.3.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.params.decisions import PricingParams

Floats = NDArray[np.float64]
Cents = NDArray[np.int64]
Bools = NDArray[np.bool_]

SLOT_MINUTES = 5.0


@dataclass(frozen=True, slots=True)
class Guarded:
    """Multipliers inside the limits, and for each guardrail where it changed something."""

    multiplier: Floats
    applied: dict[str, Bools]

    def names(self, row: int) -> list[str]:
        """The guardrails that changed one row."""
        return [name for name, where in self.applied.items() if where[row]]


def guard_multiplier(
    wanted: ArrayLike,
    previous: ArrayLike,
    params: PricingParams,
    minutes_since: ArrayLike = SLOT_MINUTES,
    emergency: ArrayLike = False,
) -> Guarded:
    """Hold multipliers within their bounds and within the allowed change since the last slot.

    ``previous`` is the multiplier in force, NaN where there is none; ``minutes_since`` how long it
    has been. In an emergency the multiplier is held at min(current, 1.0), at once. A wanted value
    that is not a number keeps the current one, 1.0 without one.
    """
    want, before, since, urgent = np.broadcast_arrays(
        np.asarray(wanted, float),
        np.asarray(previous, float),
        np.asarray(minutes_since, float),
        np.asarray(emergency, bool),
    )
    current = np.where(np.isfinite(before), before, 1.0)
    missing = ~np.isfinite(want)
    start = np.where(missing, current, want)
    bounded = np.clip(start, params.multiplier_min, params.multiplier_max)
    room = params.multiplier_step * np.maximum(since, 0) / SLOT_MINUTES
    stepped = np.where(np.isfinite(before), np.clip(bounded, before - room, before + room), bounded)
    # a price left outside the bounds by other means comes back at once, whatever the step
    inside = np.clip(stepped, params.multiplier_min, params.multiplier_max)
    held = np.clip(np.minimum(current, 1.0), params.multiplier_min, params.multiplier_max)
    final = np.where(urgent, held, inside)
    return Guarded(
        final,
        {
            "not_a_number": missing,
            "bounds": bounded != start,
            "step": ~urgent & (stepped != bounded),
            "emergency": urgent,
        },
    )


def guard_fare(cents: ArrayLike, minimum_cents: ArrayLike, params: PricingParams) -> Cents:
    """Fares from the vertical's minimum to the largest fare there is."""
    low = np.asarray(minimum_cents, np.int64)
    return np.asarray(np.clip(np.asarray(cents, np.int64), low, params.max_fare_cents))


def guard_discount(
    discount_cents: ArrayLike, fare_cents: ArrayLike, params: PricingParams
) -> Cents:
    """Discounts from nothing to the largest share of the fare, rounded down."""
    most = np.floor(np.asarray(fare_cents, float) * params.max_discount + 1e-9).astype(np.int64)
    return np.asarray(np.clip(np.asarray(discount_cents, np.int64), 0, most))


def driver_pay(fare_cents: ArrayLike, params: PricingParams) -> Cents:
    """The driver's share of the fare before promotions, rounded up: never below the floor.

    It grows with the fare, so it never falls when the multiplier rises.
    """
    share = np.asarray(fare_cents, float) * params.driver_share
    return np.asarray(np.ceil(share - 1e-9).astype(np.int64))
