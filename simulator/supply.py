"""Which drivers work when, and how many are idle where."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from simulator.calibration import Floats
from simulator.city import City
from simulator.people import Bools, Ints
from simulator.randomness import stream

DAY_S = 86_400.0
BUSY_HOURS_PER_REQUEST = 0.33  # a request keeps a driver this long, refusals of quotes counted in


@dataclass(frozen=True, slots=True)
class Shifts:
    """Seconds since midnight; ``start`` = ``end`` = 0 for a driver who stays at home."""

    start: Floats
    end: Floats

    @property
    def minutes(self) -> Floats:
        return (self.end - self.start) / 60


def employed(city: City, day: date) -> Bools:
    """Drivers who have joined and not left."""
    ordinal = day.toordinal()
    return np.asarray((city.drivers.joined <= ordinal) & (ordinal < city.drivers.left))


def make_shifts(city: City, day: date) -> Shifts:
    """One block a driver and day.

    Nobody who ends late begins early the next day (the limits below see to it), so a trip that
    ends after midnight cannot overlap one of the new shift, and a day needs no other day.
    """
    rng = stream(city.params.seed, "shifts", day)
    d = city.drivers
    n = len(d)
    works = employed(city, day) & (rng.random(n) < d.activity)
    start = (d.shift_start + rng.normal(0, 0.8, n).clip(-2, 2)) * 3600
    end = start + (d.shift_hours * rng.normal(1, 0.12, n).clip(0.5, 1.5)) * 3600
    start, end = np.maximum(start, 0), np.minimum(end, DAY_S)
    works &= end - start > 1800
    return Shifts(np.where(works, start, 0.0), np.where(works, end, 0.0))


def online(city: City, shifts: Shifts) -> Floats:
    """Mean number of drivers online by home zone and hour, (zones, 24)."""
    hours = np.arange(24)
    share = np.minimum(shifts.end[:, None] / 3600, hours + 1) - np.maximum(
        shifts.start[:, None] / 3600, hours
    )
    count = np.zeros((len(city.zones), 24))
    np.add.at(count, city.drivers.home, share.clip(0, 1))
    return count


def usually_online(city: City) -> Floats:
    """Long-run mean of `online`: what a 28-day window of it centres on."""
    d = city.drivers
    starts, ends = d.shift_start * 3600, np.minimum((d.shift_start + d.shift_hours) * 3600, DAY_S)
    everyone = online(city, Shifts(starts, ends))
    return np.asarray(everyone * d.activity.mean())


def idle(drivers: Floats, requests: Floats) -> Floats:
    """Drivers left when the requests of the hour keep theirs busy; never below a tenth."""
    return np.asarray(np.maximum(drivers - BUSY_HOURS_PER_REQUEST * requests, 0.1 * drivers))


def members(city: City, shifts: Shifts) -> Ints:
    """Indices of the drivers who work that day."""
    return np.asarray(np.flatnonzero(shifts.end > shifts.start))
