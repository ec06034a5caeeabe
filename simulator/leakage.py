"""Money that escapes, injected on purpose: what was done to which order is hidden truth."""

from dataclasses import dataclass

import numpy as np

from simulator.city import City
from simulator.market import Market
from simulator.orders import BY_RIDER, CANCELLED, COMPLETED, Orders
from simulator.people import Ints
from simulator.quotes import Quotes
from simulator.randomness import stream

KINDS = (
    "UNDERPAYMENT", "MISSING_TOLL", "DUPLICATE_REFUND", "REFUND_AFTER_COMPLETION",
    "CANCEL_THEN_RIDE", "PROMOTION_STACKING",
)  # fmt: skip
KIND_SHARE = (0.26, 0.08, 0.14, 0.20, 0.16, 0.16)
UNDERPAYMENT, MISSING_TOLL, DUPLICATE_REFUND, REFUND_AFTER, CANCEL_RIDE, STACKING = range(6)
STACKED = 3
STACKED_CENTS = 300


@dataclass(frozen=True, slots=True)
class Incidents:
    """One entry an incident: kind (index into KINDS), position of the order, cents lost."""

    kind: Ints
    order: Ints
    cents: Ints

    def orders_of(self, kind: int) -> Ints:
        return np.asarray(self.order[self.kind == kind])


def _choose(city: City, q: Quotes, o: Orders, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Completed orders at random, fraudulent riders' 25 times as often; none twice."""
    done = np.flatnonzero(o.done)
    weight = np.where(city.riders.fraud[q.rider[o.quote[done]]], 25.0, 1.0)
    count = min(len(done), int(rng.poisson(city.params.leakage_share * len(done))))
    if not count:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    order = np.sort(rng.choice(done, count, replace=False, p=weight / weight.sum()))
    kind = rng.choice(len(KINDS), count, p=KIND_SHARE)
    # a toll can only go missing where there is one
    crossing = o.tolls[order] > 0
    kind = np.where((kind == MISSING_TOLL) & ~crossing, UNDERPAYMENT, kind)
    return order, np.where(crossing & (rng.random(count) < 0.5), MISSING_TOLL, kind)


def inject(city: City, market: Market, q: Quotes, o: Orders) -> Incidents:
    """Change the day's orders in place, before anything is delivered, and say what was done."""
    rng = stream(city.params.seed, "leakage", market.day)
    order, kind = _choose(city, q, o, rng)
    lost = np.zeros(len(order), dtype=np.int64)
    price = o.gross[order]
    share = rng.uniform(0.1, 0.6, len(order))

    short = kind == UNDERPAYMENT
    lost[short] = np.rint(price * share)[short]
    _charge(city, o, order[short], price[short] - lost[short])

    toll = kind == MISSING_TOLL
    lost[toll] = o.tolls[order[toll]]
    o.tolls[order[toll]] = 0

    for refunded in (DUPLICATE_REFUND, REFUND_AFTER):
        lost[kind == refunded] = price[kind == refunded]

    stacked = kind == STACKING
    lost[stacked] = np.minimum(STACKED * STACKED_CENTS, price[stacked])
    o.promotion[order[stacked]] = np.minimum(
        o.promotion[order[stacked]] + lost[stacked], price[stacked]
    )

    fled = kind == CANCEL_RIDE
    lost[fled] = np.rint(price[fled] * (1 - city.pricing.driver_share))
    _cancel(o, order[fled])
    return Incidents(kind, order, lost)


def _charge(city: City, o: Orders, order: Ints, gross: Ints) -> None:
    """Another fare than quoted; pay and tax follow it, the promotion cannot exceed it."""
    o.gross[order] = gross
    o.taxes[order] = np.rint(gross * city.calibration.tax_share)
    share = np.ceil(gross * city.pricing.driver_share - 1e-9).astype(np.int64)
    o.pay[order] = share + o.bonus[order]
    o.promotion[order] = np.minimum(o.promotion[order], gross)


def _cancel(o: Orders, order: Ints) -> None:
    """The rider cancels when the driver stands there, and both go on without us."""
    o.cancelled[order] = o.matched[order] + np.round(o.actual[order] * 60)
    o.status[order], o.by[order] = CANCELLED, BY_RIDER
    for name in ("picked_up", "completed", "actual"):
        getattr(o, name)[order] = np.nan
    for name in ("gross", "tolls", "taxes", "tips", "promotion", "pay", "bonus", "rating"):
        getattr(o, name)[order] = 0


def completed_share(o: Orders) -> float:
    """Completed orders / orders; 0 when there is none."""
    return float((o.status == COMPLETED).mean()) if len(o) else 0.0
