"""Which drivers a request can get: all pairs within a radius, tile by tile, and what removed some.

Only pairs that are possible are kept. Of the others it is counted what forbade them, for requests
and for drivers, by products of small matrices: a city has a hundred million pairs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from features.geometry import arc_of_chord, chord_of_arc, on_sphere, squared_chords
from models.premium.batch import size
from models.premium.scoring import CONSTRAINTS, DO_NOT_PAIR, ETA, WAITS, Scoring

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Small = NDArray[np.int32]

TILE_CELLS = 2**20
"""Pairs of requests and drivers that are looked at at once."""
SMALLEST, TILES = 128, 64
"""Requests of a tile at least, and about how many tiles there are of more."""
NOBODY = -1


class TravelTimes(Protocol):
    """How long drivers take to a pick-up."""

    def minutes(
        self, pickups: Floats, drivers: Floats, pickup: Ints, driver: Ints, km: Floats
    ) -> Floats:
        """Minutes of pairs, shape (pairs,).

        ``pickups`` and ``drivers`` are places in degrees, lat first, shape (n, 2) and (m, 2);
        ``pickup`` and ``driver`` are the pairs' positions in them, ``km`` their great-circle
        distances.
        """


@dataclass(frozen=True)
class Told:
    """Counts for each row of one side: pairs within the radius, possible ones, forbidden by what.

    ``removed`` has shape (constraints, rows), in the order of `CONSTRAINTS`. A pair counts as too
    late, or as left for a better one, where nothing before that in the order forbids it.
    """

    within: Ints
    possible: Ints
    removed: Ints

    @classmethod
    def nothing(cls, rows: int) -> "Told":
        none = np.zeros(rows, np.int64)
        return cls(none, none.copy(), np.zeros((len(CONSTRAINTS), rows), np.int64))


@dataclass(frozen=True)
class Reach:
    """Possible pairs by request and then driver, scores in millionths, and what was counted.

    ``nearest`` is the closest driver within the radius of each request, possible or not.
    """

    request: Small
    driver: Small
    score: Small
    of_requests: Told
    of_drivers: Told
    nearest: Ints


@dataclass(frozen=True)
class _Tile:
    """Requests and drivers near each other, and their squared chords; positions in the tables."""

    requests: Ints
    drivers: Ints
    squared: Floats
    limit: Floats


def reach(scoring: Scoring, radius_km: Floats, travel: TravelTimes) -> Reach:
    """All possible pairs, each request within its own radius, shape (requests,)."""
    work = _Work(scoring, travel)
    for tile in _tiles(scoring, radius_km):
        within = tile.squared <= tile.limit[:, None]
        work.count(tile, within)
        work.keep(tile, within)
    return work.done()


def _tiles(scoring: Scoring, radius_km: Floats) -> Iterator[_Tile]:
    """Requests near each other, with the drivers around them."""
    r, d = scoring.requests, scoring.drivers
    if not size(r) or not size(d):
        return
    here, there = on_sphere(r["lat"], r["lon"]), on_sphere(d["lat"], d["lon"])
    limit = chord_of_arc(radius_km)
    for group in _groups(here, max(SMALLEST, size(r) // TILES)):
        low, high = here[:, group].min(1), here[:, group].max(1)
        margin = limit[group].max()
        inside = np.ones(size(d), bool)
        for axis in range(3):
            inside &= (there[axis] >= low[axis] - margin) & (there[axis] <= high[axis] + margin)
        near = np.flatnonzero(inside)
        step = max(1, TILE_CELLS // max(1, len(near)))
        for at in range(0, len(group), step):
            part = group[at : at + step]
            squared = squared_chords(here[:, part], there[:, near])
            yield _Tile(part, near, squared, limit[part] ** 2)


def _groups(places: Floats, most: int) -> Iterator[Ints]:
    """Positions of places near each other, by halves along the longer side, at most so many."""
    waiting = [np.arange(places.shape[1])]
    while waiting:
        group = waiting.pop()
        if len(group) <= most:
            yield np.sort(group)
            continue
        axis = int(np.ptp(places[:, group], axis=1).argmax())
        order = group[np.argsort(places[axis, group], kind="stable")]
        waiting += [order[: len(order) // 2], order[len(order) // 2 :]]


class _Work:
    """What the tiles have told so far."""

    def __init__(self, scoring: Scoring, travel: TravelTimes) -> None:
        self.scoring, self.travel = scoring, travel
        requests, drivers = size(scoring.requests), size(scoring.drivers)
        self.of_requests, self.of_drivers = Told.nothing(requests), Told.nothing(drivers)
        self.nearest = np.full(requests, NOBODY, dtype=np.int64)
        self.found: list[tuple[Ints, Ints, Small, Small]] = []
        r, d = scoring.requests, scoring.drivers
        self.pickups = np.stack([r["lat"], r["lon"]], axis=1)
        self.places = np.stack([d["lat"], d["lon"]], axis=1)

    def count(self, tile: _Tile, within: Bools) -> None:
        """The nearest driver of each request, and what the fixed constraints remove."""
        closest = np.where(within, tile.squared, np.inf).argmin(1)
        some = within.any(1)
        self.nearest[tile.requests[some]] = tile.drivers[closest[some]]
        self.of_requests.within[tile.requests] = within.sum(1)
        self.of_drivers.within[tile.drivers] += within.sum(0)
        patterns, where = self.scoring.patterns
        kind = self.scoring.kind[tile.requests]
        pattern = patterns[:, tile.drivers].astype(np.float32)
        inside = within.astype(np.float32)  # exact: no count comes near 2**24
        of_request = inside @ pattern.T
        each = np.arange(len(kind))
        for name, of_kind in where.items():
            its = of_kind[kind]
            row = CONSTRAINTS.index(name)
            self.of_requests.removed[row, tile.requests] = of_request[each, its]
            used, its = np.unique(its, return_inverse=True)
            asks = (its == np.arange(len(used))[:, None]).astype(np.float32)
            removed = ((asks @ inside) * pattern[used]).sum(0)
            self.of_drivers.removed[row, tile.drivers] += removed.astype(np.int64)

    def keep(self, tile: _Tile, within: Bools) -> None:
        """The possible pairs of a tile, and what is only known of pairs removes."""
        kind = self.scoring.kind[tile.requests]
        refused = self._refused(tile) & within
        self._removed(DO_NOT_PAIR, tile, *np.nonzero(refused))
        possible = within & self.scoring.allowed[:, tile.drivers][kind] & ~refused
        i, j = np.nonzero(possible)
        km = arc_of_chord(tile.squared[possible])
        minutes = self.travel.minutes(
            self.pickups[tile.requests], self.places[tile.drivers], i, j, km
        )
        late = minutes > self.scoring.params.max_eta_minutes
        self._removed(ETA, tile, i[late], j[late])
        i, j, minutes = i[~late], j[~late], minutes[~late]
        driver = tile.drivers[j]
        score = self.scoring.score(kind[i], driver, minutes)
        waits = self.scoring.waits(tile.requests[i], score)
        if waits.any():
            self._removed(WAITS, tile, i[waits], j[waits])
            i, j, driver, score = i[~waits], j[~waits], driver[~waits], score[~waits]
        self.of_drivers.possible[tile.drivers] += np.bincount(j, minlength=len(tile.drivers))
        counts = np.bincount(i, minlength=len(tile.requests))
        self.of_requests.possible[tile.requests] = counts
        self.found.append(
            (tile.requests, counts, driver.astype(np.int32), score.astype(np.int32))
        )

    def done(self) -> Reach:
        """All tiles in the order of the requests."""
        ends = np.cumsum(self.of_requests.possible)
        starts, total = ends - self.of_requests.possible, int(ends[-1]) if len(ends) else 0
        driver, score = np.empty(total, np.int32), np.empty(total, np.int32)
        while self.found:  # let go of each tile once it is copied
            requests, counts, its, worth = self.found.pop()
            before = np.cumsum(counts) - counts
            at = np.repeat(starts[requests] - before, counts) + np.arange(len(its))
            driver[at], score[at] = its, worth
        every = np.arange(len(starts), dtype=np.int32)
        request = np.repeat(every, self.of_requests.possible)
        return Reach(request, driver, score, self.of_requests, self.of_drivers, self.nearest)

    def _refused(self, tile: _Tile) -> Bools:
        """Pairs of the tile that must not be."""
        mask = np.zeros(tile.squared.shape, bool)
        request, driver = self.scoring.refused
        here = np.isin(request, tile.requests) & np.isin(driver, tile.drivers)
        if here.any():
            i = np.searchsorted(tile.requests, request[here])
            mask[i, np.searchsorted(tile.drivers, driver[here])] = True
        return mask

    def _removed(self, name: str, tile: _Tile, i: Ints, j: Ints) -> None:
        row = CONSTRAINTS.index(name)
        requests, drivers = len(tile.requests), len(tile.drivers)
        self.of_requests.removed[row, tile.requests] += np.bincount(i, minlength=requests)
        self.of_drivers.removed[row, tile.drivers] += np.bincount(j, minlength=drivers)
