"""The life of every order of one day: search, match, pick-up, trip or cancellation, money."""

from dataclasses import dataclass

import numpy as np

from core.enums import CancelledBy, OrderStatus, PaymentMethod
from simulator.calibration import Floats
from simulator.city import RIDE, City
from simulator.dispatch import EXPIRY_S, Dispatch, Matches, Wish
from simulator.market import Market
from simulator.people import RATING, Bools, Ints
from simulator.quotes import SCHEDULED, Quotes, active_plan
from simulator.randomness import stream
from simulator.supply import Shifts

STATUSES = (OrderStatus.COMPLETED, OrderStatus.CANCELLED, OrderStatus.EXPIRED)
COMPLETED, CANCELLED, EXPIRED = range(3)
BY = tuple(CancelledBy)
BY_RIDER, BY_DRIVER, BY_SYSTEM = range(3)
METHODS = tuple(PaymentMethod)
METHOD_SHARE = (0.62, 0.20, 0.12, 0.06)
CARD, CORPORATE = 0, 3
NO_AUTHORISATION = 0.003
DROPS_AFTER_MATCH = 0.022
MAX_TRIP_MINUTES = 78.0  # a trip of the last minutes ends before any shift of the next day begins
STARS_BELOW_FIVE = np.array([0.65, 0.85, 0.92])  # then 4, 3, 2, 1 stars


@dataclass(slots=True)
class Orders:
    """One entry an accepted quote, in order of time; seconds from midnight, NaN for never; cents.

    ``quote`` points into the day's quotes; ``released`` is when the driver is free again.
    """

    quote: Ints
    number: Ints
    status: Ints
    by: Ints
    driver: Ints
    requested: Floats
    scheduled: Floats
    matched: Floats
    picked_up: Floats
    completed: Floats
    cancelled: Floats
    released: Floats
    promised: Floats
    actual: Floats
    km: Floats
    minutes: Floats
    board: Floats
    method: Ints
    rating: Ints
    gross: Ints
    tolls: Ints
    taxes: Ints
    tips: Ints
    promotion: Ints
    pay: Ints
    bonus: Ints
    fee: Ints

    def __len__(self) -> int:
        return len(self.quote)

    @property
    def done(self) -> Bools:
        return np.asarray(self.status == COMPLETED)


def first_number(city: City, market: Market) -> int:
    """Order numbers of different days never meet: ten million a day, seven to eleven digits."""
    return (market.day.toordinal() - city.first_day.toordinal() + 1) * 10_000_000


def _wishes(city: City, q: Quotes, rng: np.random.Generator) -> tuple[Wish, Floats, Bools]:
    """What dispatch gets, the scheduled seconds (NaN: at once), and who failed authorisation."""
    n, r = len(q), city.riders
    ahead = np.where(q.ride_type == SCHEDULED, np.round(rng.uniform(30, 120, n)) * 60, 0)
    late = q.second + ahead > 86_400 - 1200
    planned = (ahead > 0) & ~late
    scheduled = np.where(planned, q.second + ahead, np.nan)
    ready = np.where(planned, q.second + ahead - 600, q.second)
    noise = rng.lognormal(0, 0.15, n)
    trip = np.round((q.minutes * noise).clip(1, MAX_TRIP_MINUTES), 1)
    board = np.round(rng.exponential(city.calibration.boarding_minutes, n).clip(0.1, 10), 1)
    patience = np.floor(60 + rng.exponential(600, n) / (0.5 + 5 * r.impatience[q.rider]))
    leaves = rng.random(n) < DROPS_AFTER_MATCH
    drop = np.where(leaves, np.floor(rng.uniform(20, 400, n)), np.inf)
    refused = rng.random(n) < NO_AUTHORISATION
    patience = np.where(refused, 0.0, patience)
    return Wish(ready, q.zone, q.to_zone, q.group, patience, trip, board, drop), scheduled, refused


def _sorted(wish: Wish) -> tuple[Wish, Ints]:
    """Dispatch wants its orders by the second they are ready; scheduled ones move back."""
    order = np.argsort(wish.ready, kind="stable")
    fields = (getattr(wish, name)[order] for name in Wish.__slots__)
    return Wish(*fields), order


def _unsorted(matches: Matches, order: Ints) -> Matches:
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    per_order = ("driver", "matched", "promised", "actual", "driver_cancels", "released")
    values = {name: getattr(matches, name)[back] for name in per_order}
    return Matches(**values, offers=matches.offers, refusals=matches.refusals)


def _rate(rng: np.random.Generator, five: Floats, late: Bools) -> Ints:
    """Stars 1-5, 0 for no rating; a late pick-up costs."""
    n = len(five)
    below = rng.random(n) >= five - 0.12 * late
    stars = np.where(below, 4 - np.searchsorted(STARS_BELOW_FIVE, rng.random(n)), 5)
    return np.where(rng.random(n) < 0.6, stars, 0)


def _cancel_fee(city: City, market: Market, rider: Ints, price: Ints, minutes: Floats) -> Ints:
    """What a rider pays who cancels ``minutes`` after the match."""
    c = city.company
    free = np.array([*(plan in c.free_cancel_plans for plan in c.plans), False])
    owed = np.clip(np.rint(price * c.cancel_fee_share), c.cancel_fee_min, c.cancel_fee_max)
    pays = (minutes > c.free_cancel_minutes) & ~free[active_plan(city, market.day)[rider]]
    return np.where(pays, owed, 0).astype(np.int64)


def live(city: City, market: Market, quotes: Quotes, shifts: Shifts) -> tuple[Orders, Matches]:
    """Orders of one day from their request to their end."""
    rng = stream(city.params.seed, "orders", market.day)
    taken = np.flatnonzero(quotes.accepted)
    q = Quotes(*(getattr(quotes, name)[taken] for name in Quotes.__slots__))
    wish, scheduled, refused = _wishes(city, q, rng)
    by_ready, order = _sorted(wish)
    skill = city.drivers.propensities(market.day)
    m = _unsorted(Dispatch(city, by_ready, shifts, skill, rng).run(), order)
    matched = ~np.isnan(m.matched)
    arrived = m.matched + m.actual * 60
    gone = m.matched + np.minimum(m.driver_cancels, wish.drop)
    quits = matched & (gone < arrived)
    done = matched & ~quits
    bored = ~matched & (wish.patience < EXPIRY_S)
    by = np.where(quits & (m.driver_cancels < wish.drop), BY_DRIVER, BY_RIDER)
    picked = np.where(done, arrived + np.round(wish.board * 60), np.nan)
    cancelled = np.where(quits, gone, np.where(bored, wish.ready + wish.patience, np.nan))
    orders = Orders(
        quote=taken,
        number=first_number(city, market) + np.arange(len(taken)),
        status=np.where(done, COMPLETED, np.where(quits | bored, CANCELLED, EXPIRED)),
        by=np.where(quits | bored, np.where(refused, BY_SYSTEM, by), -1),
        driver=m.driver,
        requested=q.second,
        scheduled=scheduled,
        matched=m.matched,
        picked_up=picked,
        completed=picked + np.round(wish.trip * 60),
        cancelled=np.where(refused & ~matched, q.second + 5, cancelled),
        released=m.released,
        promised=np.where(matched, m.promised, q.eta),
        actual=np.where(done, m.actual, np.nan),
        km=np.round(q.km * rng.lognormal(0, 0.04, len(taken)), 2),
        minutes=wish.trip,
        board=wish.board,
        rating=_rate(rng, skill[RATING, m.driver], m.actual - m.promised > 2) * done,
        fee=_cancel_fee(city, market, q.rider, q.price, (cancelled - m.matched) / 60)
        * (quits & (by == BY_RIDER)),
        **_money(city, q, done, rng),
    )
    return orders, m


def _money(city: City, q: Quotes, done: Bools, rng: np.random.Generator) -> dict[str, Ints]:
    """The quote is honoured: gross fare = quoted fare. Tolls, taxes and tips pass through."""
    c, n = city.calibration, len(q)
    method = np.searchsorted(np.cumsum(METHOD_SHARE), rng.random(n)).clip(0, len(METHODS) - 1)
    method = np.where((method == CORPORATE) & (q.vertical != RIDE), CARD, method)
    gross = q.price * done
    tipped = (rng.random(n) < c.tip_share) & (method == CARD)
    tip = np.rint(gross * c.tip_fraction * rng.lognormal(-0.1, 0.45, n)).astype(np.int64)
    premium = q.service_class > 0
    bonus = np.rint(q.base * city.pricing.premium_bonus_share).astype(np.int64) * premium * done
    return {
        "method": method,
        "gross": gross,
        "tolls": c.toll_cents * city.zones.toll[q.zone, q.to_zone] * done,
        "taxes": np.rint(gross * c.tax_share).astype(np.int64),
        "tips": tip * tipped,
        "promotion": q.discount * done,
        "pay": np.ceil(gross * city.pricing.driver_share - 1e-9).astype(np.int64) + bonus,
        "bonus": bonus,
    }
