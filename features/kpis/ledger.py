"""Orders, trips, payments and conversations as ledger entries: what, how much, on which day.

An order belongs to one economic day: that of its completion or cancellation, else of its request.
Everything an order causes books on that day, so a later refund restates the day it takes back.
Amounts are positive whole cents; `features.kpis.measures` knows which way they count.

Rounding: card fees and insurance are rounded half up to the cent, once per transaction and once
per trip. A trip's driver pay holds its bonus; PAYOUT and BONUS payments only move that money and
count nowhere. Promotions are taken from the trip they lowered.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from features.kpis.measures import SLICE

DAY = "economic_day"
BY = (DAY, *SLICE)
MILLION = 1_000_000
IN_CONTEXT = (("zone_id", "zone"), ("vertical", "vertical"), ("service_class", "service_class"))
SETTLED = ("CAPTURED", "REFUNDED", "CHARGED_BACK")


@dataclass(frozen=True, slots=True)
class Rates:
    """What an order costs besides its driver."""

    card_share: float
    card_fixed_cents: int
    insurance_cents_per_km: float
    infrastructure_cents_per_order: int
    support_ai_cents: int
    support_human_cents: int
    eta_tolerance_minutes: float


def by_order(orders: ir.Table) -> ir.Table:
    """Orders with ``closed_at`` and their economic day: what every other entry is joined to."""
    closed = ibis.cases(
        (orders.status == "COMPLETED", orders.completed_at),
        (orders.status == "CANCELLED", orders.cancelled_at),
    )
    closed_at = closed.coalesce(orders.requested_at)
    return orders.mutate(closed_at=closed_at, **{DAY: closed_at.date()})


def _one(condition: ir.BooleanValue) -> ir.Value:
    return condition.fill_null(False).cast("int64")


def _amount(condition: ir.BooleanValue, cents: ir.Value) -> ir.Value:
    return ibis.ifelse(condition.fill_null(False), cents, 0).coalesce(0).cast("int64")


def half_up(value: ir.Value, per_million: float) -> ir.Value:
    """``value * per_million / 1,000,000`` rounded half up, in whole numbers only."""
    return (value * round(per_million) + MILLION // 2) // MILLION


def order_entries(orders: ir.Table, rates: Rates) -> ir.Table:
    """Counts and infrastructure of each order; ``orders`` as `by_order` gives them."""
    done = orders.status == "COMPLETED"
    known = done & orders.eta_actual_minutes.notnull() & orders.eta_quoted_minutes.notnull()
    missed_by = (orders.eta_actual_minutes - orders.eta_quoted_minutes).abs()
    return orders.select(
        *BY,
        order_id=orders.order_id,
        event_id=orders.order_id,
        REQUESTED=ibis.literal(1, "int64"),
        COMPLETED=_one(done),
        CANCELLED=_one(orders.status == "CANCELLED"),
        EXPIRED=_one(orders.status == "EXPIRED"),
        ETA_KNOWN=_one(known),
        ETA_HIT=_one(known & (missed_by <= rates.eta_tolerance_minutes)),
        INFRASTRUCTURE=ibis.literal(rates.infrastructure_cents_per_order, "int64"),
    )


def _of_orders(rows: ir.Table, orders: ir.Table) -> ir.Table:
    """``rows`` with the economic day and slice of the order they are about."""
    places = orders.select("order_id", *BY)
    # a conversation has a vertical of its own; the books follow the order's
    return rows.drop(*(c for c in BY if c in rows.columns)).join(places, "order_id")


def trip_entries(trips: ir.Table, orders: ir.Table, rates: Rates) -> ir.Table:
    """Fare, promotion, pay and insurance of each trip; an unfinished one only costs its pay."""
    t = _of_orders(trips, orders)
    done = t.status == "COMPLETED"
    metres = (t.distance_km * 1000 + 0.5).floor().cast("int64")
    return t.select(
        *BY,
        order_id=t.order_id,
        event_id=t.trip_id,
        FARE=_amount(done, t.gross_fare),
        PROMOTION=_amount(done, t.promotion),
        DRIVER_PAY=t.driver_pay.coalesce(0),
        INSURANCE=_amount(done, half_up(metres, rates.insurance_cents_per_km * 1000)),
    )


def with_returned(payments: ir.Table, trips: ir.Table) -> ir.Table:
    """Payments with ``returned``: what the rider has back of the company's money, in cents.

    That is a refund, or a charge or fee that the rider's bank took back. Such a charge held the
    trip's tolls, taxes and tips as well; they were in no side of the books and are left out, once
    an order, of its first such charges.
    """
    lost = (payments.kind == "CHARGE") & (payments.status == "CHARGED_BACK")
    charges = payments.filter(lost).left_join(_of_others(trips), "order_id")
    in_order = ibis.cumulative_window(group_by="order_id", order_by=["at", "payment_id"])
    ours = charges.amount.sum().over(in_order) - charges.others.coalesce(0)
    taken = ibis.greatest(ours, 0) - ibis.greatest(ours - charges.amount, 0)
    p = payments.filter(~lost)
    whole = (p.kind == "REFUND") & p.status.isin(SETTLED)
    whole |= (p.kind == "FEE") & (p.status == "CHARGED_BACK")
    names = payments.columns
    return ibis.union(
        charges.select(*names, returned=taken.cast("int64")),
        p.select(*names, returned=_amount(whole, p.amount)),
    )


def _of_others(trips: ir.Table) -> ir.Table:
    """Tolls, taxes and tips of each order: in its charge, and not the company's."""
    done = trips.filter(trips.status == "COMPLETED")
    passed_on = done.tolls + done.taxes + done.tips
    return done.group_by("order_id").aggregate(others=passed_on.sum())


def payment_entries(
    payments: ir.Table, orders: ir.Table, rates: Rates, trips: ir.Table
) -> ir.Table:
    """Fees, refunds and what the card company keeps; unsettled payments are nothing.

    A charge taken back by the rider's bank is a refund, as `with_returned` says. The card fee stays
    paid either way.
    """
    p = _of_orders(with_returned(payments, trips), orders)
    settled = p.status.isin(SETTLED)
    income = p.kind.isin(("CHARGE", "FEE")) & settled
    card = half_up(p.amount, rates.card_share * MILLION) + rates.card_fixed_cents
    return p.select(
        *BY,
        order_id=p.order_id,
        event_id=p.payment_id,
        FEE=_amount((p.kind == "FEE") & settled, p.amount),
        REFUND=p.returned,
        CARD=_amount(income & (p.method == "CARD"), card),
    )


def support_cost(conversations: ir.Table, rates: Rates) -> ir.Value:
    """Cents a conversation costs: more once a person had it."""
    human = conversations.escalated_at.notnull() | conversations.assigned_agent_id.notnull()
    return ibis.ifelse(human, rates.support_human_cents, rates.support_ai_cents).cast("int64")


def support_entries(conversations: ir.Table, orders: ir.Table, rates: Rates) -> ir.Table:
    """The cost of conversations that are about an order."""
    c = _of_orders(conversations, orders)
    return c.select(*BY, order_id=c.order_id, event_id=c.id, SUPPORT=support_cost(c, rates))


def support_to_share(conversations: ir.Table, known: ir.Table, rates: Rates) -> ir.Table:
    """The other conversations' cost by day. ``known`` holds the order ids of the whole lake."""
    c = conversations.anti_join(known, "order_id")
    return c.group_by(c.created_at.date().name(DAY)).aggregate(
        total=support_cost(c, rates).sum().cast("int64")
    )


def _text_in(context: ir.Value, key: str) -> ir.Value:
    """A text of flat JSON, NULL without it; ten times faster than to parse every context."""
    return context.re_extract(rf'"{key}":\s*"([^"]*)"', 1).nullif("")


def quote_entries(exposures: ir.Table, orders: ir.Table) -> ir.Table:
    """Quotes shown and accepted, on the day they were shown.

    The slice is that of the order, or what the logged context says where no order came of it; it
    is NULL where neither does.
    """
    quotes = exposures.filter(exposures.kind == "QUOTE").select(
        "order_id", "context", "accepted", day=exposures.shown_at.date()
    )
    ordered = quotes.join(orders.select("order_id", *SLICE), "order_id")
    lost = quotes.anti_join(orders, "order_id")
    lost = lost.mutate(**{c: _text_in(lost.context, key) for c, key in IN_CONTEXT})
    placed = ibis.union(*(t.select("day", *SLICE, "accepted") for t in (ordered, lost)))
    return placed.select(
        placed.day.name(DAY),
        *SLICE,
        QUOTE_SHOWN=ibis.literal(1, "int64"),
        QUOTE_ACCEPTED=_one(placed.accepted),
    )


def spread(slices: ir.Table, totals: ir.Table, weight: str) -> ir.Table:
    """Each day's ``total`` split over its slices by largest remainder, as column ``part``.

    ``slices`` holds `BY` and a weight >= 0, ``totals`` economic_day and total. All-zero weights
    split evenly, ties go to the earlier slice: the arithmetic of `core.money.largest_remainder`.
    """
    s = slices.join(totals, DAY)
    day = ibis.window(group_by=DAY)
    s = s.mutate(
        share=ibis.ifelse(
            s[weight].sum().over(day) > 0,
            s[weight].cast("float64") / s[weight].sum().over(day),
            1.0 / s.count().over(day),
        )
    )
    s = s.mutate(exact=s.total * s.share)
    s = s.mutate(floor=s.exact.floor().cast("int64"))
    s = s.mutate(missing=s.floor - s.exact, left=s.total - s.floor.sum().over(day))
    place = ibis.row_number().over(ibis.window(group_by=DAY, order_by=[s.missing, *SLICE]))
    s = s.mutate(place=place)
    return s.select(*BY, part=(s.floor + (s.place < s.left).cast("int64")))


def on_days(table: ir.Table, days: Sequence[object]) -> ir.Table:
    """Only the rows whose economic day is asked for."""
    return table.filter(table[DAY].isin(list(days)))
