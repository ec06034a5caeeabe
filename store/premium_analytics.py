"""What the premium endpoints report: money by class, drivers' days added up, the nightly rows."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from core.enums import RefundStatus
from store.analytics import span
from store.premium_bookings import BOOKING
from store.premium_quality import COLUMNS
from store.premium_refunds import REFUND
from store.tables import Base, DriverQuality, PremiumMetrics

QUALITY = Base.metadata.tables[DriverQuality.__tablename__]
METRICS = Base.metadata.tables[PremiumMetrics.__tablename__]
Rows = Sequence[Any]


def revenue(connection: Connection, first: date, last: date) -> Rows:
    """By service class, of rides completed on these days: completed, fares_cents,
    discounts_cents, standard_cents, driver_pay_cents, bonus_cents, refunds_cents; and fees_cents
    of cancellations on these days."""
    begin, end = span(first, last)
    done = (BOOKING.c.completed_at >= begin) & (BOOKING.c.completed_at < end)
    off = (BOOKING.c.cancelled_at >= begin) & (BOOKING.c.cancelled_at < end)
    paid_back = (REFUND.c.booking_id == BOOKING.c.id) & (REFUND.c.status == RefundStatus.APPROVED)

    def total(column: Any, where: Any, name: str) -> Any:
        return sa.func.coalesce(sa.func.sum(sa.case((where, column), else_=0)), 0).label(name)

    chosen = (
        sa.select(
            BOOKING.c.service_class,
            total(1, done, "completed"),
            total(BOOKING.c.fare_cents, done, "fares_cents"),
            total(BOOKING.c.fare_cents - BOOKING.c.price_cents, done, "discounts_cents"),
            total(BOOKING.c.standard_cents, done, "standard_cents"),
            total(BOOKING.c.driver_pay_cents, done, "driver_pay_cents"),
            total(BOOKING.c.driver_bonus_cents, done, "bonus_cents"),
            total(sa.func.coalesce(REFUND.c.cents, 0), done, "refunds_cents"),
            total(BOOKING.c.cancellation_fee_cents, off, "fees_cents"),
        )
        .outerjoin(REFUND, paid_back)
        .where(done | off)
        .group_by(BOOKING.c.service_class)
        .order_by(BOOKING.c.service_class)
    )
    return connection.execute(chosen).all()


def drivers(connection: Connection, first: date, last: date, limit: int) -> Rows:
    """driver_id and the sums of `COLUMNS` over these days, those with most rides first."""
    sums = [sa.func.sum(QUALITY.c[name]).label(name) for name in COLUMNS]
    chosen = (
        sa.select(QUALITY.c.driver_id, *sums)
        .where(QUALITY.c.day.between(first, last))
        .group_by(QUALITY.c.driver_id)
        .order_by(sa.desc("completed"), QUALITY.c.driver_id)
        .limit(limit)
    )
    return connection.execute(chosen).all()


def trends(connection: Connection, first: date, last: date) -> Rows:
    """The nightly premium KPIs of these days."""
    days = METRICS.c.day.between(first, last)
    return connection.execute(sa.select(METRICS).where(days).order_by(METRICS.c.day)).all()
