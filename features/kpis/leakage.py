"""Money that should have come in or stayed, found by rules over orders, trips and payments.

Only observable rows are read. A rule names a case and its worth in cents; rules of one kind look
at the same cents, so an order's case of a kind is worth its largest rule, and its kinds add up.
What a daily rule lets pass within its tolerance is estimated by an audit: a random sample of
orders (one in ``audit_one_in``, drawn anew each ISO week by a seeded hash of the order id) is
checked by every rule with no tolerance, and what the daily rules had missed there counts
``audit_one_in`` times (Horvitz and Thompson). The estimate is unbiased over weeks and jumps from
day to day; it cannot see what no rule describes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from operator import add

import ibis
import ibis.expr.types as ir

from features.kpis.ledger import BY, DAY, SETTLED

HEX = 16**8


@dataclass(frozen=True, slots=True)
class LeakageRates:
    """When a rule speaks, and how the audit is drawn."""

    tolerance_cents: int
    late_hours: int
    late_minutes: float
    bad_rating: int
    max_discount: float
    commission_share: float
    audit_one_in: int
    audit_seed: int


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to lose money: ``cents`` gives what an order lost by it, NULL or <= 0 for none."""

    name: str
    kind: str
    cents: Callable[[ir.Table, LeakageRates], ir.Value]


def _below_quote(f: ir.Table, _: LeakageRates) -> ir.Value:
    return ibis.ifelse(f.completed & f.has_trip, f.quoted_fare - f.fare, 0)


def _below_due(f: ir.Table, _: LeakageRates) -> ir.Value:
    return f.due - f.paid_promptly


def _duplicate_refund(f: ir.Table, _: LeakageRates) -> ir.Value:
    return f.refunded - f.largest_refund


def _without_cause(f: ir.Table, rates: LeakageRates) -> ir.Value:
    """Paid back though the driver came on time and the rider did not rate the trip badly."""
    fine = f.completed & (f.late_minutes <= rates.late_minutes)
    liked = f.rating.isnull() | (f.rating > rates.bad_rating)
    return ibis.ifelse(fine & liked, f.refunded, 0)


def _above_charge(f: ir.Table, _: LeakageRates) -> ir.Value:
    return f.refunded - f.collected


def _too_much_discount(f: ir.Table, rates: LeakageRates) -> ir.Value:
    return f.promotion - (f.fare * rates.max_discount).floor().cast("int64")


def _stacked(f: ir.Table, _: LeakageRates) -> ir.Value:
    return f.codes_value - f.largest_code


def _missing_toll(f: ir.Table, _: LeakageRates) -> ir.Value:
    """Most trips between the same zones paid a toll that day, this one none."""
    return ibis.ifelse(f.completed & (f.tolls == 0), f.usual_toll, 0)


def _at_the_door(f: ir.Table, rates: LeakageRates) -> ir.Value:
    """Cancelled once the driver was due to stand there: our commission on a ride without us."""
    waited_s = f.closed_at.epoch_seconds() - f.matched_at.epoch_seconds()
    gone = (f.status == "CANCELLED") & (waited_s >= f.eta_quoted_minutes * 60)
    commission = (f.quoted_fare * rates.commission_share).floor().cast("int64")
    return ibis.ifelse(gone, commission - f.fees, 0)


RULES = (
    Rule("fare_below_quote", "UNDERPAYMENT", _below_quote),
    Rule("paid_below_due", "UNDERPAYMENT", _below_due),
    Rule("duplicate_refund", "REFUND_ABUSE", _duplicate_refund),
    Rule("refund_without_cause", "REFUND_ABUSE", _without_cause),
    Rule("refund_above_charge", "REFUND_ABUSE", _above_charge),
    Rule("discount_above_limit", "DISCOUNT_ABUSE", _too_much_discount),
    Rule("promotion_stacking", "DISCOUNT_ABUSE", _stacked),
    Rule("missing_toll", "MISSING_TOLL", _missing_toll),
    Rule("cancelled_at_the_door", "COMMISSION_EVASION", _at_the_door),
)
KINDS = tuple(dict.fromkeys(rule.kind for rule in RULES))
AMOUNTS = (
    *("fare", "promotion", "passed_on", "tolls", "tips", "usual_toll", "fees", "collected"),
    *("collected_promptly", "refunded", "largest_refund", "codes_value", "largest_code"),
)


def facts(
    orders: ir.Table,
    trips: ir.Table,
    payments: ir.Table,
    promotions: ir.Table,
    rates: LeakageRates,
) -> ir.Table:
    """One row per order: what was owed, due and paid, and what each rule says it lost, in cents.

    ``orders`` is as `by_order` gives it. ``due`` is what the rider owed the company: fare and
    pass-through less promotion, and fees. Tips are the rider's own choice and not owed: they come
    off what was collected, first off what settled late, so that ``paid`` can be held against it.
    ``paid_promptly`` leaves out charges that settled more than ``late_hours`` after the order
    closed: those recover a loss. An order whose trip or charge never arrived (in quarantine, or
    not of this source) is a gap in the data and no case: its fare is neither owed nor missing.
    """
    f = orders.left_join(_rides(trips), "order_id").drop("order_id_right")
    way = [DAY, "zone_id", "dropoff_zone_id"]
    tolls = f.filter(f.status == "COMPLETED")
    tolls = tolls.group_by(way).aggregate(usual_toll=tolls.tolls.coalesce(0).quantile(0.5).floor())
    f = f.left_join(tolls, way).left_join(_paid(orders, payments, rates), "order_id")
    f = f.left_join(_codes(promotions), "order_id")
    f = _with_dues(
        f.select(
            *BY,
            *("order_id", "status", "quoted_fare", "matched_at", "closed_at"),
            *("eta_quoted_minutes", "rating"),
            late_minutes=f.eta_actual_minutes - f.eta_quoted_minutes,
            completed=f.status == "COMPLETED",
            has_trip=f.fare.notnull(),
            billed=f.billed.fill_null(False),
            **{name: f[name].coalesce(0).cast("int64") for name in AMOUNTS},
        )
    )
    lost = {rule.name: rule.cents(f, rates).coalesce(0).cast("int64") for rule in RULES}
    kept = ("order_id", "owed", "due", "paid", "paid_promptly")
    return f.select(*BY, *kept, **lost)


def _rides(trips: ir.Table) -> ir.Table:
    done = trips.filter(trips.status == "COMPLETED")
    return done.group_by("order_id").aggregate(
        fare=done.gross_fare.sum().cast("int64"),
        promotion=done.promotion.sum().cast("int64"),
        passed_on=(done.tolls + done.taxes).sum().cast("int64"),
        tolls=done.tolls.sum().cast("int64"),
        tips=done.tips.sum().cast("int64"),
        rating=done.rating.min(),
    )


def _codes(promotions: ir.Table) -> ir.Table:
    used = promotions.filter(promotions.order_id.notnull() & promotions.used_at.notnull())
    return used.group_by("order_id").aggregate(
        codes_value=used["value"].sum().cast("int64"), largest_code=used["value"].max()
    )


def _with_dues(f: ir.Table) -> ir.Table:
    """What of an order was owed and due, and what was paid of it: no tips on either side."""
    ride, passed_on, tips = (
        ibis.ifelse(f.billed, cents, 0) for cents in (f.fare - f.promotion, f.passed_on, f.tips)
    )
    paid = ibis.greatest(f.collected - tips, 0)
    return f.mutate(
        owed=ride + f.fees,
        due=ride + passed_on + f.fees,
        paid=paid,
        paid_promptly=ibis.least(f.collected_promptly, paid),
    )


def _paid(orders: ir.Table, payments: ir.Table, rates: LeakageRates) -> ir.Table:
    p = payments.join(orders.select("order_id", "closed_at"), "order_id")
    settled = p.status.isin(SETTLED)
    # what the bank took back was not paid
    income = settled & (p.status != "CHARGED_BACK") & p.kind.isin(("CHARGE", "FEE"))
    prompt = income & (p["at"] <= p.closed_at + ibis.interval(hours=rates.late_hours))
    refund = settled & (p.kind == "REFUND")
    return p.group_by("order_id").aggregate(
        billed=(p.kind == "CHARGE").any(),
        fees=p.amount.sum(where=p.kind == "FEE"),
        collected=p.amount.sum(where=income),
        collected_promptly=p.amount.sum(where=prompt),
        refunded=p.amount.sum(where=refund),
        largest_refund=p.amount.max(where=refund),
    )


def _worth(f: ir.Table, rule: Rule, tolerance: int) -> ir.Value:
    """Cents of one rule's case, 0 within the tolerance."""
    return ibis.ifelse(f[rule.name] > tolerance, f[rule.name], 0)


def _of_kind(f: ir.Table, kind: str, tolerance: int) -> ir.Value:
    found = [_worth(f, rule, tolerance) for rule in RULES if rule.kind == kind]
    return ibis.greatest(*found) if len(found) > 1 else found[0]


def cases(f: ir.Table, rates: LeakageRates) -> ir.Table:
    """What the daily rules found: order, rule, kind and cents, a row per order and rule."""
    rows = []
    for rule in RULES:
        worth = f.mutate(cents=_worth(f, rule, rates.tolerance_cents))
        rows.append(
            worth.filter(worth.cents > 0).select(
                DAY, "order_id", rule=ibis.literal(rule.name), kind=ibis.literal(rule.kind),
                cents=worth.cents,
            )
        )  # fmt: skip
    return ibis.union(*rows)


def leakage_entries(f: ir.Table, rates: LeakageRates) -> ir.Table:
    """Detected and recovered leakage of each order, and what was owed and collected.

    Until a revenue-capture lever names further opportunities, the value identified is what the
    company was owed (fare less promotion, and fees), and the value captured what was paid of it.
    """
    underpaid = _of_kind(f, "UNDERPAYMENT", rates.tolerance_cents)
    unpaid = ibis.least(ibis.greatest(f.due - f.paid, 0), f.owed)
    return f.select(
        *BY,
        order_id=f.order_id,
        event_id=f.order_id,
        LEAKAGE_DETECTED=_found(f, rates.tolerance_cents),
        LEAKAGE_RECOVERED=ibis.least(underpaid, f.paid - f.paid_promptly),
        IDENTIFIED=f.owed,
        CAPTURED=f.owed - unpaid,
    )


def audit_entries(f: ir.Table, rates: LeakageRates) -> ir.Table:
    """What the audit's sample says the daily rules missed: its finds, ``audit_one_in`` times."""
    missed = _found(f, 0) - _found(f, rates.tolerance_cents)
    a = f.mutate(missed=missed)
    a = a.filter(a.missed > 0)
    a = a.filter(_in_sample(a, rates))
    return a.select(
        *BY,
        order_id=a.order_id,
        event_id=a.order_id,
        LEAKAGE_UNDETECTED=a.missed * rates.audit_one_in,
    )


def _found(f: ir.Table, tolerance: int) -> ir.Value:
    return reduce(add, (_of_kind(f, kind, tolerance) for kind in KINDS))


def _in_sample(f: ir.Table, rates: LeakageRates) -> ir.BooleanValue:
    """Whether the week's audit drew the order: MD5 is the same on every engine."""
    week = f[DAY].iso_year().cast("string") + "-" + f[DAY].week_of_year().cast("string")
    ticket = ibis.literal(f"{rates.audit_seed}|") + week + "|" + f.order_id
    return ticket.hexdigest("md5").substr(0, 8) < f"{HEX // rates.audit_one_in:08x}"
