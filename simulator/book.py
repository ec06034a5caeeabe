"""The days of a city, each made when asked for and kept while the neighbours need it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

import numpy as np

from simulator.calibration import Floats
from simulator.city import City
from simulator.dispatch import Matches
from simulator.leakage import Incidents, inject
from simulator.ledger import Ledger, book
from simulator.market import Market, draw_requests, make_market
from simulator.orders import Orders, live
from simulator.people import Ints
from simulator.policies import Policies
from simulator.pricing import Slots, price_slots, q95, slot_table
from simulator.quotes import Quotes, Trial, draw_quotes, draw_trial
from simulator.supply import Shifts, idle, make_shifts, online, usually_online

Made = TypeVar("Made")
LOOK_BACK_DAYS = 28


@dataclass(frozen=True, slots=True)
class Day:
    """Everything that happened to orders on one day."""

    market: Market
    requests: Ints
    slots: Slots
    trial: Trial
    quotes: Quotes
    orders: Orders
    matches: Matches
    shifts: Shifts
    incidents: Incidents
    ledger: Ledger


class Book:
    """Makes days of one city under fixed policies. A day depends on no other; the memory only
    saves time."""

    def __init__(self, city: City, policies: Policies) -> None:
        self.city, self.policies = city, policies
        self._markets: dict[date, Market] = {}
        self._days: dict[date, Day] = {}
        self._requests: dict[date, Ints] = {}
        self._shifts: dict[date, Shifts] = {}
        self._usual = usually_online(city)

    def market(self, day: date) -> Market:
        return _remember(self._markets, day, lambda: make_market(self.city, day), 64)

    def day(self, day: date) -> Day:
        return _remember(self._days, day, lambda: self._make(day), 4)

    def requests(self, day: date) -> Ints:
        """How many asked, by zone, hour and vertical."""
        return _remember(self._requests, day, lambda: draw_requests(self.city, self.market(day)), 4)

    def shifts(self, day: date) -> Shifts:
        return _remember(self._shifts, day, lambda: make_shifts(self.city, day), 4)

    def supply(self, day: date, requests: Floats) -> Floats:
        """Idle drivers by zone and hour."""
        return idle(online(self.city, self.shifts(day)), requests)

    def wait(self, requests: Floats, drivers: Floats) -> Floats:
        """Minutes until a driver comes, as the app would say: longer where few are idle."""
        load = requests / np.maximum(idle(drivers, requests) + requests, 1.0)
        return np.asarray(3.2 + 6.0 * load**1.5)

    def _make(self, day: date) -> Day:
        city, market = self.city, self.market(day)
        requests = self.requests(day)
        total = requests.sum(axis=2).astype(float)
        shifts = self.shifts(day)
        drivers = online(city, shifts)
        before = [self.market(day - timedelta(days=d)) for d in range(1, LOOK_BACK_DAYS + 1)]
        usual = q95([m.intensity.sum(axis=2) for m in before])
        table = slot_table(city, market, total, usual, drivers, self._usual)
        slots = price_slots(city, day, self.policies.multiplier, table)
        trial = draw_trial(city, day)
        quotes = draw_quotes(city, market, slots, trial, requests, self.wait(total, drivers))
        orders, matches = live(city, market, quotes, shifts)
        incidents = inject(city, market, quotes, orders)
        ledger = book(city, market, orders, incidents)
        return Day(
            market, requests, slots, trial, quotes, orders, matches, shifts, incidents, ledger
        )  # fmt: skip


def _remember(kept: dict[date, Made], day: date, make: Callable[[], Made], size: int) -> Made:
    """Make once, forget the oldest made beyond ``size``."""
    if day not in kept:
        kept[day] = make()
        if len(kept) > size:
            kept.pop(next(iter(kept)))
    return kept[day]
