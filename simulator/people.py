"""Who lives in the city: riders and drivers, with what nobody outside the city may know of them."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from simulator.calibration import Floats
from simulator.randomness import stream

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

GROUPS = ("CAR", "LUXURY", "TWO_WHEEL", "VAN")
CAR, LUXURY, TWO_WHEEL, VAN = range(4)
VEHICLE_TYPES = (
    "SEDAN", "SUV", "LUXURY_SEDAN", "LUXURY_SUV", "MOTO", "SCOOTER", "VAN", "TRUCK",
)  # fmt: skip
TYPES_OF_GROUP = ((0, 1), (2, 3), (4, 5), (6, 7))
NEVER = date(9999, 1, 1).toordinal()
RATING, ACCEPT, CANCEL, ON_TIME, ETA_HIT = range(5)
# logit of each propensity at latent quality 0, and what one standard deviation of quality adds
QUALITY_CENTRE = np.array([[1.90], [2.75], [-4.4], [3.05], [2.45]])
QUALITY_SLOPE = np.array([[0.75], [0.95], [-0.75], [0.65], [0.60]])


@dataclass(frozen=True, slots=True)
class Riders:
    """One entry a rider. ``log_worth`` to ``budget_cents`` and ``fraud`` are hidden truth.

    ``log_worth``: log of the highest multiple of the outside option the median trip is worth;
    ``softness``: scale of the acceptance curve; ``impatience``: log-worth lost per 10 minutes;
    ``left`` and ``plan_until`` are ordinals, NEVER when it has not happened.
    """

    home: Ints
    joined: Ints
    left: Ints
    activity: Floats
    loyalty: Ints
    plan: Ints  # index into the company's plans, -1 for none
    plan_since: Ints
    plan_until: Ints
    marketing: Bools
    log_worth: Floats
    softness: Floats
    impatience: Floats
    budget_cents: Floats
    fraud: Bools

    def __len__(self) -> int:
        return len(self.home)


@dataclass(frozen=True, slots=True)
class Drivers:
    """One entry a driver; driver i drives vehicle i. ``quality``, ``woman``, ``age`` are hidden."""

    home: Ints
    group: Ints
    joined: Ints
    left: Ints
    activity: Floats
    shift_start: Floats
    shift_hours: Floats
    quality: Floats
    drift: Floats
    period: Floats
    phase: Floats
    past_rides: Ints
    woman: Bools
    age: Ints
    women_only: Bools
    corporate: Bools
    licence_until: Ints
    insurance_until: Ints
    background: Ints
    vehicle_type: Ints
    vehicle_year: Ints
    equipment: Ints

    def __len__(self) -> int:
        return len(self.home)

    def propensities(self, day: date) -> Floats:
        """Rows RATING (share of five stars), ACCEPT, CANCEL, ON_TIME, ETA_HIT on one day.

        Quality is persistent with a slow swing of 90-260 days, so that the next 30 days can be
        learned from the last ones, but not for certain.
        """
        swing = self.drift * np.sin(2 * np.pi * day.toordinal() / self.period + self.phase)
        logit = QUALITY_CENTRE + QUALITY_SLOPE * (self.quality + swing)
        return np.asarray(1 / (1 + np.exp(-logit)))


def make_riders(seed: int, n: int, zone_share: Floats, last: date) -> Riders:
    """``n`` riders: a mixture of commuters, casual and thrifty people."""
    rng = stream(seed, "riders")
    kind = rng.choice(3, n, p=[0.35, 0.45, 0.20])
    joined = last.toordinal() - rng.integers(0, 1400, n)
    left = joined + np.round(rng.exponential(1500, n)).astype(np.int64) + 20
    activity = rng.lognormal(0, 1.0, n) * np.array([1.6, 1.0, 0.7])[kind]
    loyalty = np.searchsorted([0.70, 0.90, 0.98], rng.random(n) + 0.12 * (activity > 2), "right")
    planned = rng.random(n) < 0.06 + 0.06 * (activity > 2)
    plan_since = np.maximum(joined, last.toordinal() - rng.integers(0, 400, n))
    ends = rng.random(n) < 0.4
    plan_until = np.where(ends, plan_since + 30 * rng.integers(1, 14, n), NEVER)
    return Riders(
        home=rng.choice(len(zone_share), n, p=zone_share),
        joined=joined,
        left=left,
        activity=activity,
        loyalty=np.minimum(loyalty, 3),
        plan=np.where(planned, rng.choice(3, n, p=[0.6, 0.33, 0.07]), -1),
        plan_since=plan_since,
        plan_until=plan_until,
        marketing=rng.random(n) < 0.6,
        log_worth=np.array([0.62, 0.42, 0.20])[kind] + rng.normal(0, 0.16, n),
        softness=np.array([0.26, 0.20, 0.11])[kind] * rng.lognormal(0, 0.2, n),
        impatience=np.array([0.24, 0.12, 0.05])[kind] * rng.lognormal(0, 0.4, n),
        budget_cents=rng.lognormal(np.log(5200), 0.5, n),
        fraud=rng.random(n) < 0.01,
    )


def _paperwork(rng: np.random.Generator, n: int, last: date) -> tuple[Ints, Ints, Ints]:
    """Last valid days of licence and insurance, background check 0 VALID, 1 EXPIRED, 2 PENDING."""
    ordinal = last.toordinal()
    licence = ordinal + rng.integers(20, 2000, n) - 400 * (rng.random(n) < 0.02)
    insurance = ordinal + rng.integers(10, 380, n) - 120 * (rng.random(n) < 0.03)
    return licence, insurance, rng.choice(3, n, p=[0.96, 0.025, 0.015])


def make_drivers(seed: int, n: int, zone_share: Floats, last: date) -> Drivers:
    """``n`` drivers; the five parts of quality share one factor (correlation about 0.6)."""
    rng = stream(seed, "drivers")
    group = rng.choice(4, n, p=[0.66, 0.09, 0.17, 0.08])
    joined = last.toordinal() - rng.integers(0, 1900, n)
    gone = rng.random(n) < 0.12
    common = rng.normal(0, 1, n)
    activity = rng.beta(6, 4, n)
    tenure = last.toordinal() - joined
    types = np.array(TYPES_OF_GROUP)[group, (rng.random(n) < 0.35).astype(int)]
    licence, insurance, background = _paperwork(rng, n, last)
    woman = rng.random(n) < 0.22
    return Drivers(
        home=rng.choice(len(zone_share), n, p=zone_share),
        group=group,
        joined=joined,
        left=np.where(gone, joined + np.round(tenure * rng.random(n)).astype(np.int64) + 30, NEVER),
        activity=activity,
        shift_start=rng.choice([0.2, 5.5, 9.0, 13.0, 17.0], n, p=[0.1, 0.27, 0.22, 0.27, 0.14]),
        shift_hours=rng.normal(6.5, 1.5, n).clip(2.5, 11),
        quality=0.8 * common + 0.6 * rng.normal(0, 1, (5, n)),
        drift=rng.uniform(0.05, 0.45, n),
        period=rng.uniform(90, 260, n),
        phase=rng.uniform(0, 2 * np.pi, n),
        past_rides=rng.poisson(5.5 * activity * np.maximum(tenure - 180, 0)),
        woman=woman,
        age=rng.integers(21, 68, n),
        women_only=woman & (rng.random(n) < 0.7),
        corporate=rng.random(n) < 0.3,
        licence_until=licence,
        insurance_until=insurance,
        background=background,
        vehicle_type=types,
        vehicle_year=rng.integers(2008, 2026, n),
        equipment=rng.integers(0, 8, n),
    )
