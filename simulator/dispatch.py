"""Drivers to orders, in ten-minute windows; no driver ever holds two orders.

The loop is over windows, each of them one pass over arrays: nobody loops over orders.
"""

from dataclasses import dataclass

import numpy as np

from simulator.calibration import Floats
from simulator.city import City
from simulator.people import ACCEPT, CANCEL, CAR, ETA_HIT, LUXURY, ON_TIME, Ints
from simulator.supply import DAY_S, Shifts, members

WINDOW_S = 600.0
EXPIRY_S = 900.0


@dataclass(frozen=True, slots=True)
class Wish:
    """Orders as dispatch sees them, in order of ``ready`` (seconds). ``ready`` is when a driver is
    wanted, ``patience`` how many seconds the rider searches, ``trip`` and ``board`` minutes,
    ``drop`` seconds after the match at which the rider gives up (inf: never)."""

    ready: Floats
    zone: Ints
    to_zone: Ints
    group: Ints
    patience: Floats
    trip: Floats
    board: Floats
    drop: Floats


@dataclass(frozen=True, slots=True)
class Matches:
    """One entry an order; NaN or -1 where it was never matched. Seconds from midnight, minutes
    where named. ``promised`` and ``actual`` are minutes from match to arrival."""

    driver: Ints
    matched: Floats
    promised: Floats
    actual: Floats
    driver_cancels: Floats
    released: Floats
    offers: Ints
    refusals: Ints


@dataclass(slots=True)
class _State:
    """What changes while the day runs."""

    busy_until: Floats
    zone: Ints
    driver: Ints
    matched: Floats
    promised: Floats
    actual: Floats
    cancels: Floats
    released: Floats
    offers: Ints
    refusals: Ints


def pair(order_key: Ints, driver_key: Ints) -> tuple[Ints, Ints]:
    """Pair orders with drivers of the same key, first with first, within each key.

    Both arrays are sorted by key. Returns positions of the paired orders and drivers.
    """
    if not len(order_key) or not len(driver_key):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    rank = np.arange(len(order_key)) - np.searchsorted(order_key, order_key)
    low = np.searchsorted(driver_key, order_key)
    found = low + rank
    inside = found < np.searchsorted(driver_key, order_key, side="right")
    return np.flatnonzero(inside), found[inside]


@dataclass(frozen=True, slots=True)
class _Luck:
    """What chance holds for every order, drawn before the day: ``u`` decides hit, early or late;
    the minutes off the promise in each case; the wait at the door; whether, and when, a driver
    cancels (share of the way)."""

    u: Floats
    inside: Floats
    early: Floats
    late: Floats
    door: Floats
    cancel: Floats
    cancel_share: Floats


def draw_luck(rng: np.random.Generator, n: int) -> _Luck:
    """Inside two minutes of the promise, or beyond with an exponential tail of at most 15."""
    tail = rng.standard_exponential(n)
    return _Luck(
        u=rng.random(n),
        inside=np.sqrt(rng.random(n)) * 1.95 * rng.choice([-1.0, 1.0], n),
        early=-(2.05 + 1.2 * tail),
        late=np.minimum(2.05 + 3.0 * tail, 15.0),
        door=3 * rng.random(n),
        cancel=rng.random(n),
        cancel_share=60 * (0.1 + 0.8 * rng.random(n)),
    )


def arrival_error(luck: _Luck, o: Ints, on_time: Floats, hit: Floats, promised: Floats) -> Floats:
    """Minutes an arrival is off its promise. A pick-up takes at least a minute."""
    u = luck.u[o]
    late = u > np.maximum(on_time, hit)
    error = np.where(u <= hit, luck.inside[o], np.where(late, luck.late[o], luck.early[o]))
    return np.asarray(np.maximum(error, 1.0 - promised))


class Dispatch:
    """One day's run; `run` gives the matches."""

    def __init__(
        self, city: City, wish: Wish, shifts: Shifts, skill: Floats, rng: np.random.Generator
    ) -> None:
        self.city, self.wish, self.rng, self.skill = city, wish, rng, skill
        self.staff = members(city, shifts)
        self.start, self.end = shifts.start[self.staff], shifts.end[self.staff]
        self.group = city.drivers.group[self.staff]
        n, m = len(wish.ready), len(city.drivers)
        never = np.full(n, np.nan)
        self.state = _State(
            self.start.copy(), city.drivers.home[self.staff].copy(), np.full(n, -1), never.copy(),
            never.copy(), never.copy(), never.copy(), never.copy(),
            np.zeros(m, dtype=np.int64), np.zeros(m, dtype=np.int64),
        )  # fmt: skip
        self.luck = draw_luck(rng, n)
        self.patience = np.minimum(wish.patience, EXPIRY_S)
        self.ride_s = (wish.board + wish.trip) * 60
        x, y = city.zones.x_km, city.zones.y_km
        away = np.hypot(x[:, None] - x[None], y[:, None] - y[None])
        self.way = 2.6 + 1.9 * away.clip(0, 5)

    def run(self) -> Matches:
        """All windows of the day."""
        wish, s = self.wish, self.state
        edges = np.searchsorted(wish.ready, np.arange(0, DAY_S + WINDOW_S, WINDOW_S))
        waiting = np.empty(0, dtype=np.int64)
        give_up = wish.ready + self.patience
        for w in range(len(edges) - 1):
            pool = np.concatenate([waiting, np.arange(edges[w], edges[w + 1])])
            now = w * WINDOW_S
            free = np.flatnonzero(
                (self.start <= now) & (self.end >= now + WINDOW_S) & (s.busy_until <= now + 300)
            )
            pool, free = self._round(pool, free, now, near=True)
            pool, free = self._round(pool, free, now, near=False)
            waiting = pool[give_up[pool] > now + WINDOW_S]
        return Matches(
            s.driver, s.matched, s.promised, s.actual, s.cancels, s.released, s.offers, s.refusals
        )

    def _round(self, pool: Ints, free: Ints, now: float, near: bool) -> tuple[Ints, Ints]:
        """One round of offers, in the same zone or, ``near=False``, along the snake of zones;
        gives back who is still without."""
        if not len(pool) or not len(free):
            return pool, free
        zones = len(self.city.zones)
        free = free[self.rng.permutation(len(free))]
        served, offered = self.wish.group[pool], self.group[free]
        if near:
            order_key = served * zones + self.wish.zone[pool]
            driver_key = offered * zones + self.state.zone[free]
            by_order = np.argsort(order_key, kind="stable")
            by_driver = np.argsort(driver_key, kind="stable")
            i, j = pair(order_key[by_order], driver_key[by_driver])
        else:
            snake = self.city.order_of_zones
            # a luxury car may serve an ordinary ride, never the other way round
            offered = np.where((offered == LUXURY) & ~np.any(served == LUXURY), CAR, offered)
            by_order = np.lexsort((snake[self.wish.zone[pool]], served))
            by_driver = np.lexsort((snake[self.state.zone[free]], offered))
            i, j = pair(served[by_order], offered[by_driver])
        orders, drivers = pool[by_order[i]], free[by_driver[j]]
        taken = self._offer(orders, drivers, now)
        idle, without = np.ones(len(free), dtype=bool), np.ones(len(pool), dtype=bool)
        without[by_order[i[taken]]] = False
        idle[by_driver[j[taken]]] = False
        return pool[without], free[idle]

    def _offer(self, orders: Ints, drivers: Ints, now: float) -> np.ndarray:
        """Ask the drivers; book those who accept. Returns the mask of accepted offers."""
        wish, s, who = self.wish, self.state, self.staff[drivers]
        ready = np.maximum(wish.ready[orders], s.busy_until[drivers])
        matched = np.floor(np.maximum(ready, now) + 6 + 40 * self.rng.random(len(orders)))
        in_time = matched <= wish.ready[orders] + self.patience[orders]
        accepts = self.rng.random(len(orders)) < self.skill[ACCEPT, who]
        s.offers[who[in_time]] += 1
        s.refusals[who[in_time & ~accepts]] += 1
        taken = in_time & accepts
        self._book(orders[taken], drivers[taken], who[taken], matched[taken])
        return np.asarray(taken)

    def _book(self, o: Ints, d: Ints, who: Ints, matched: Floats) -> None:
        wish, s, luck = self.wish, self.state, self.luck
        promised = np.round(self.way[s.zone[d], wish.zone[o]] + luck.door[o], 1)
        skill = self.skill[:, who]
        error = arrival_error(luck, o, skill[ON_TIME], skill[ETA_HIT], promised)
        actual = np.round(promised + error, 1)
        cancels = np.where(
            luck.cancel[o] < skill[CANCEL], np.floor(promised * luck.cancel_share[o]), np.inf
        )
        arrive = matched + actual * 60
        gone = matched + np.minimum(cancels, wish.drop[o])
        quits = gone < arrive
        released = np.where(quits, gone, arrive + self.ride_s[o])
        s.driver[o], s.matched[o], s.promised[o], s.actual[o] = who, matched, promised, actual
        s.cancels[o] = cancels
        s.released[o] = released
        s.busy_until[d] = released
        s.zone[d] = np.where(quits, s.zone[d], wish.to_zone[o])
