"""The best matches of one window, exactly, with what it takes to say why."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.geometry import great_circle_km
from models.premium.assignment import UNMATCHED, assign
from models.premium.batch import size
from models.premium.reach import Reach, TravelTimes, reach
from models.premium.scoring import Scoring

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Matches:
    """One driver position (or -1) a request, the total score in millionths, and the pairs."""

    driver: Ints
    total: int
    reach: Reach


def match(scoring: Scoring, step: int, travel: TravelTimes) -> Matches:
    """The best matches when every request looks at least as far as the radius of ``step``."""
    radii = np.asarray(scoring.params.radius_km)
    steps = np.clip(np.maximum(scoring.requests["step"], step), 0, len(radii) - 1)
    found = reach(scoring, radii[steps], travel)
    rows, columns = size(scoring.requests), size(scoring.drivers)
    chosen = assign(found.request, found.driver, found.score, rows, columns)
    taken = chosen[found.request] == found.driver
    return Matches(chosen, int(found.score[taken].sum(dtype=np.int64)), found)


def pair_minutes(
    scoring: Scoring, request: Ints, driver: Ints, travel: TravelTimes
) -> tuple[Floats, Floats]:
    """Kilometres and minutes of some pairs."""
    r, d = scoring.requests, scoring.drivers
    here = np.stack([r["lat"][request], r["lon"][request]], axis=1)
    there = np.stack([d["lat"][driver], d["lon"][driver]], axis=1)
    km = great_circle_km(here[:, 0], here[:, 1], there[:, 0], there[:, 1])
    each = np.arange(len(km))
    return km, travel.minutes(here, there, each, each, km)


def matched(chosen: Ints) -> tuple[Ints, Ints]:
    """Requests that have a driver, and which."""
    request = np.flatnonzero(chosen != UNMATCHED)
    return request, chosen[request]
