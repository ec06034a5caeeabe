"""Which drivers a request can get: all pairs within a radius, tile by tile, and what removed some.

Only pairs that are possible are kept. Of the others it is counted what forbade them, for requests
and for drivers, by products of small matrices: a city has a hundred million pairs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput
from features.geometry import arc_of_chord, chord_of_arc, on_sphere, squared_chords
from models.premium.batch import size
from models.premium.scoring import CONSTRAINTS, DO_NOT_PAIR, ETA, WAITS, Scoring

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Small = NDArray[np.int32]

TILE_CELLS = 2**18
"""Pairs of requests and drivers that are looked at at once."""
SMALLEST, TILES = 128, 64
"""Requests of a tile at least, and about how many tiles there are of more."""
SLACK_KM = 1e-6
"""What rounding may take away; who is too far goes out afterwards."""
DOUBT = 1e-4
"""Share of a squared radius within which single precision decides nothing."""
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
    """Requests and drivers near each other: positions in the tables, and who is within reach."""

    requests: Ints
    drivers: Ints
    within: Bools
    nearest: Ints


def reach(scoring: Scoring, radius_km: Floats, travel: TravelTimes) -> Reach:
    """All possible pairs, each request within its own radius, shape (requests,)."""
    work = _Work(scoring, travel)
    if size(scoring.requests) and size(scoring.drivers):
        for tile in _tiles(work.here, work.there, chord_of_arc(radius_km)):
            work.count(tile)
            work.keep(tile)
    return work.done()


def _tiles(here: Floats, there: Floats, limit: Floats) -> Iterator[_Tile]:
    """Requests near each other, with the drivers around them; km from the middle of the globe."""
    for group in _groups(here, max(SMALLEST, here.shape[1] // TILES)):
        low, high = here[:, group].min(1), here[:, group].max(1)
        reach_km = limit[group].max()
        beside = there - np.clip(there, low[:, None], high[:, None])
        near = np.flatnonzero((beside * beside).sum(0) <= (reach_km + SLACK_KM) ** 2)
        if not len(near):  # anybody will do: nobody is within, and no array is empty
            near = np.zeros(1, np.int64)
        step = max(1, TILE_CELLS // len(near))
        for at in range(0, len(group), step):
            part = group[at : at + step]
            yield _Tile(part, near, *_within(here[:, part], there[:, near], limit[part]))


def _within(here: Floats, there: Floats, limit: Floats) -> tuple[Bools, Ints]:
    """Who is no further than the limit, shape (n, m), and the column of the nearest.

    In single precision around the tile's middle, where that leaves doubt in double.
    """
    middle = here.mean(1, keepdims=True)
    a, b = (here - middle).astype(np.float32), (there - middle).astype(np.float32)
    total = np.zeros((a.shape[1], b.shape[1]), np.float32)
    for x, y in zip(a, b, strict=True):
        step = np.subtract.outer(x, y)
        total += np.multiply(step, step, out=step)
    squares = (limit * limit).astype(np.float32)[:, None]
    within = total <= squares
    unsure_i, unsure_j = np.nonzero(np.abs(total - squares) <= squares * DOUBT)
    exact = squared_chords(here[:, unsure_i], there[:, unsure_j])
    within[unsure_i, unsure_j] = exact <= limit[unsure_i] ** 2
    return within, total.argmin(1)


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
        self.here, self.there = on_sphere(r["lat"], r["lon"]), on_sphere(d["lat"], d["lon"])
        patterns, self.pattern_of = scoring.patterns
        every = np.ones((1, drivers), bool)
        # counts in single precision are exact: none comes near 2**24
        self.patterns = np.concatenate([patterns, every]).astype(np.float32)

    def count(self, tile: _Tile) -> None:
        """The nearest driver of each request, and what the fixed constraints remove."""
        each = np.arange(len(tile.requests))
        some = tile.within[each, tile.nearest]
        self.nearest[tile.requests[some]] = tile.drivers[tile.nearest[some]]
        inside = tile.within.astype(np.float32)
        pattern = self.patterns[:, tile.drivers]
        asks = np.zeros((len(pattern), len(each)), np.float32)
        asks[-1] = 1
        kind = self.scoring.kind[tile.requests]
        its = {name: of_kind[kind] for name, of_kind in self.pattern_of.items()}
        for place in its.values():
            asks[place, each] = 1
        of_request, of_driver = inside @ pattern.T, (asks @ inside) * pattern
        self.of_requests.within[tile.requests] = of_request[:, -1]
        self.of_drivers.within[tile.drivers] += of_driver[-1].astype(np.int64)
        for name, place in its.items():
            row, of_kind = CONSTRAINTS.index(name), self.pattern_of[name]
            self.of_requests.removed[row, tile.requests] = of_request[each, place]
            removed = of_driver[of_kind.min() : of_kind.max() + 1].sum(0)
            self.of_drivers.removed[row, tile.drivers] += removed.astype(np.int64)

    def keep(self, tile: _Tile) -> None:
        """The possible pairs of a tile, and what is only known of pairs removes."""
        kind = self.scoring.kind[tile.requests]
        possible = self.scoring.allowed.take(tile.drivers, axis=1).take(kind, axis=0)
        possible &= tile.within
        self._refuse(tile, possible)
        flat = np.flatnonzero(possible)
        rows = np.arange(len(kind))
        i = np.repeat(rows, np.count_nonzero(possible, axis=1))
        j = flat - i * possible.shape[1]
        here, there = self.here.take(tile.requests, axis=1), self.there.take(tile.drivers, axis=1)
        chords = squared_chords(here.take(i, axis=1), there.take(j, axis=1))
        minutes = self.travel.minutes(
            self.pickups[tile.requests], self.places[tile.drivers], i, j, arc_of_chord(chords)
        )
        if not (minutes >= 0).all():
            raise BadInput("expected travel times of 0 minutes or more for every pair")
        late = minutes > self.scoring.params.max_eta_minutes
        if late.any():
            self._removed(ETA, tile, i[late], j[late])
            soon = np.flatnonzero(~late)
            i, j, minutes = i.take(soon), j.take(soon), minutes.take(soon)
        driver = tile.drivers.take(j)
        score = self.scoring.score(kind.take(i), driver, minutes)
        waits = self.scoring.waits(tile.requests[i], score)
        if waits.any():
            self._removed(WAITS, tile, i[waits], j[waits])
            i, j, driver, score = i[~waits], j[~waits], driver[~waits], score[~waits]
        self.of_drivers.possible[tile.drivers] += np.bincount(j, minlength=len(tile.drivers))
        counts = np.bincount(i, minlength=len(tile.requests))
        self.of_requests.possible[tile.requests] = counts
        self.found.append((tile.requests, counts, driver.astype(np.int32), score.astype(np.int32)))

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

    def _refuse(self, tile: _Tile, possible: Bools) -> None:
        """Take out the pairs of the tile that must not be."""
        request, driver = self.scoring.refused
        here = np.isin(request, tile.requests) & np.isin(driver, tile.drivers)
        if here.any():
            i = np.searchsorted(tile.requests, request[here])
            j = np.searchsorted(tile.drivers, driver[here])
            near = tile.within[i, j]
            self._removed(DO_NOT_PAIR, tile, i[near], j[near])
            possible[i, j] = False

    def _removed(self, name: str, tile: _Tile, i: Ints, j: Ints) -> None:
        row = CONSTRAINTS.index(name)
        requests, drivers = len(tile.requests), len(tile.drivers)
        self.of_requests.removed[row, tile.requests] += np.bincount(i, minlength=requests)
        self.of_drivers.removed[row, tile.drivers] += np.bincount(j, minlength=drivers)
