"""What each driver did with premium bookings in a day: offers, rides, stars, cents."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from core.enums import BookingStatus, MatchStatus, RefundStatus
from store.analytics import span
from store.premium_bookings import BOOKING, DECISION
from store.premium_refunds import REFUND

COLUMNS = (
    "offers", "accepted", "declined", "timed_out", "cancelled", "completed", "on_time",
    "refunded", "rating_sum", "rating_count", "earnings_cents", "bonus_cents",
)  # fmt: skip
TOOK = (MatchStatus.ACCEPTED, MatchStatus.COMPLETED, MatchStatus.CANCELLED)


def of_day(connection: Connection, day: date, on_time: timedelta) -> list[dict[str, Any]]:
    """driver_id and `COLUMNS` of every driver with an offer or a completed ride on a UTC day.

    An offer counts on the day it was made, a ride with its stars, refund and pay on the day it was
    completed. An offer that was withdrawn before its driver answered does not count. ``cancelled``
    are rides that the driver gave back after taking them; on time is a rider in the car at most
    ``on_time`` after the agreed pick-up.
    """
    begin, end = span(day, day)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in _offers(connection, begin, end):
        counts[row.driver_id].update(_of_offer(row))
    for row in _rides(connection, begin, end):
        counts[row.driver_id].update(_of_ride(row, on_time))
    return [
        {"driver_id": driver, **{name: found[name] for name in COLUMNS}}
        for driver, found in sorted(counts.items())
        if found
    ]


def _offers(connection: Connection, begin: datetime, end: datetime) -> Sequence[Row[Any]]:
    that_day = (DECISION.c.decided_at >= begin) & (DECISION.c.decided_at < end)
    chosen = sa.select(
        DECISION.c.driver_id, DECISION.c.outcome, DECISION.c.answered_at,
        BOOKING.c.status, BOOKING.c.driver_id.label("holder"),
    ).join(BOOKING, BOOKING.c.id == DECISION.c.booking_id)  # fmt: skip
    offered = that_day & DECISION.c.driver_id.is_not(None)
    found: Sequence[Any] = connection.execute(chosen.where(offered)).all()
    return found


def _of_offer(row: Row[Any]) -> Mapping[str, int]:
    if row.outcome == MatchStatus.CANCELLED and row.answered_at is None:
        return {}
    gave_back = row.outcome == MatchStatus.CANCELLED and not (
        row.status == BookingStatus.CANCELLED and row.holder == row.driver_id
    )
    return {
        "offers": 1,
        "accepted": int(row.outcome in TOOK),
        "declined": int(row.outcome == MatchStatus.DECLINED),
        "timed_out": int(row.outcome == MatchStatus.TIMED_OUT),
        "cancelled": int(gave_back),
    }


def _rides(connection: Connection, begin: datetime, end: datetime) -> Sequence[Row[Any]]:
    that_day = (BOOKING.c.completed_at >= begin) & (BOOKING.c.completed_at < end)
    paid_back = (REFUND.c.booking_id == BOOKING.c.id) & (REFUND.c.status == RefundStatus.APPROVED)
    chosen = sa.select(BOOKING, REFUND.c.id.label("refund_id")).outerjoin(REFUND, paid_back)
    return connection.execute(chosen.where(that_day)).all()


def _of_ride(row: Row[Any], on_time: timedelta) -> Mapping[str, int]:
    in_time = row.due_at is not None and row.started_at <= row.due_at + on_time
    return {
        "completed": 1,
        "on_time": int(in_time),
        "refunded": int(row.refund_id is not None),
        "rating_sum": row.rating or 0,
        "rating_count": int(row.rating is not None),
        "earnings_cents": row.driver_pay_cents,
        "bonus_cents": row.driver_bonus_cents,
    }
