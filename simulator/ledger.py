"""Payments of one day's orders, whenever they are booked: refunds come up to three days later."""

from dataclasses import dataclass

import numpy as np

from core.enums import PaymentKind, PaymentStatus
from simulator.calibration import Floats
from simulator.city import City
from simulator.leakage import DUPLICATE_REFUND, REFUND_AFTER, Incidents
from simulator.market import Market
from simulator.orders import Orders
from simulator.people import Ints
from simulator.randomness import stream

KINDS = tuple(PaymentKind)
CHARGE, REFUND, FEE, PAYOUT, BONUS = range(5)
STATUSES = tuple(PaymentStatus)
AUTHORISED, CAPTURED, FAILED, REFUNDED, CHARGED_BACK = range(5)
WALLET = 1
SUFFIXES = ("C", "X", "F", "W", "P", "B", "R", "S", "T")  # the letter that ends a payment's id
(AS_CHARGE, AS_FAILED, AS_CANCEL_FEE, AS_WAITING, AS_PAYOUT, AS_BONUS, AS_REFUND, AS_ABUSE,
 AS_SECOND) = range(9)  # fmt: skip
FAILED_SHARE, CHARGED_BACK_SHARE = 0.012, 0.001
LONGEST_DELAY_DAYS = 3


@dataclass(frozen=True, slots=True)
class Ledger:
    """One entry a payment; ``order`` is a position in the day's orders, ``at`` seconds since the
    day's midnight, ``cents`` never negative: the kind says which way the money goes."""

    order: Ints
    kind: Ints
    status: Ints
    method: Ints
    suffix: Ints
    cents: Ints
    at: Floats


def refunds(
    city: City, o: Orders, incidents: Incidents, rng: np.random.Generator
) -> list[tuple[Ints, int, Ints, Floats]]:
    """Honest refunds go to late or badly rated trips; the abused ones to trips that were fine."""
    bad = np.flatnonzero(
        o.done & (((o.rating > 0) & (o.rating <= 3)) | (o.actual - o.promised > 2))
    )
    bad = bad[~np.isin(bad, incidents.order)]
    share = min(1.0, city.params.refund_share * o.done.sum() / max(len(bad), 1))
    honest = bad[rng.random(len(bad)) < share]
    part = np.where(rng.random(len(honest)) < 0.5, 1.0, rng.uniform(0.3, 0.7, len(honest)))
    paid = np.rint((o.gross - o.promotion)[honest] * part).astype(np.int64)
    later = o.completed[honest] + rng.uniform(1, 40, len(honest)) * 3600
    found = [(honest, AS_REFUND, paid, later)]
    for kind in (DUPLICATE_REFUND, REFUND_AFTER):
        order = incidents.orders_of(kind)
        at = o.completed[order] + rng.uniform(1, 28, len(order)) * 3600
        found.append((order, AS_ABUSE, o.gross[order], at))
        if kind == DUPLICATE_REFUND:
            again = at + rng.uniform(0.1, 18, len(order)) * 3600
            found.append((order, AS_SECOND, o.gross[order], again))
    return found


def book(city: City, market: Market, o: Orders, incidents: Incidents) -> Ledger:
    """Every payment that the orders of a day cause, zero amounts left out."""
    rng = stream(city.params.seed, "payments", market.day)
    n, company = len(o), city.company
    everyone = np.arange(n)
    owed = o.gross + o.tolls + o.taxes + o.tips - o.promotion
    fails = np.flatnonzero((rng.random(n) < FAILED_SHARE) & o.done)
    over = np.maximum(0, o.board - company.waiting_free_minutes)
    waiting = np.rint(over * company.waiting_cents_per_minute).astype(np.int64) * o.done
    rows = [
        (everyone, AS_CHARGE, owed, o.completed + 30),
        (fails, AS_FAILED, owed[fails], o.completed[fails] + 5),
        (everyone, AS_CANCEL_FEE, o.fee, o.cancelled + 30),
        (everyone, AS_WAITING, waiting, o.completed + 31),
        (everyone, AS_PAYOUT, o.pay - o.bonus, o.completed + 60),
        (everyone, AS_BONUS, o.bonus, o.completed + 61),
        *refunds(city, o, incidents, rng),
    ]
    order = np.concatenate([r[0] for r in rows])
    suffix = np.concatenate([np.full(len(r[0]), r[1]) for r in rows])
    cents = np.concatenate([r[2] for r in rows])
    at = np.concatenate([r[3] for r in rows])
    keep = cents > 0
    order, suffix, cents, at = order[keep], suffix[keep], cents[keep], at[keep]
    kind = np.array([CHARGE, CHARGE, FEE, FEE, PAYOUT, BONUS, REFUND, REFUND, REFUND])[suffix]
    back = (suffix == AS_CHARGE) & (rng.random(len(order)) < CHARGED_BACK_SHARE)
    status = np.where(kind == REFUND, REFUNDED, np.where(suffix == AS_FAILED, FAILED, CAPTURED))
    method = np.where(np.isin(kind, (PAYOUT, BONUS)), WALLET, o.method[order])
    status = np.where(back, CHARGED_BACK, status)
    return Ledger(order, kind, status, method, suffix, cents, np.floor(at))
