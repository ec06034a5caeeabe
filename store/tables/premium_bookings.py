"""Premium bookings, their refunds, the matches made for them, and the factors of their prices.

"No driver ever holds two" is a partial unique index: a driver holds a booking from the offer on
(CONFIRMED with a driver) until the trip ends.
"""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.enums import (
    BookingStatus,
    CancelledBy,
    ClaimCategory,
    MatchStatus,
    RefundStatus,
    ServiceClass,
)
from store.tables.base import Base, between, longest, one_of, uuid_key
from store.tables.support import FOREIGN_ID

HOLDS = "status IN ('CONFIRMED', 'DRIVER_ASSIGNED', 'IN_PROGRESS')"
OPEN = "outcome = 'OFFERED'"
DRIVEN = "status IN ('DRIVER_ASSIGNED', 'IN_PROGRESS', 'COMPLETED')"


def _only_where(name: str, column: str, rule: str) -> sa.Index:
    """A unique index on the rows that a rule picks, on both databases."""
    where = sa.text(rule)
    return sa.Index(name, column, unique=True, sqlite_where=where, postgresql_where=where)


class PremiumBooking(Base):
    """A ride of a premium class. ``due_at`` is the agreed pick-up; ``offer_expires_at`` is set
    while a driver who was offered it has not answered; ``quote`` is the signed one, whole;
    the price is the fare less the discount."""

    __tablename__ = "premium_bookings"
    __table_args__ = (
        sa.UniqueConstraint("quote_signature"),
        sa.CheckConstraint("service_class <> 'STANDARD'", name="premium_class"),
        between("pickup_lat", -90, 90),
        between("pickup_lon", -180, 180),
        between("dropoff_lat", -90, 90),
        between("dropoff_lon", -180, 180),
        between("price_cents", 0),
        sa.CheckConstraint("price_cents <= fare_cents", name="price_of_fare"),
        between("driver_bonus_cents", 0),
        sa.CheckConstraint("driver_bonus_cents <= driver_pay_cents", name="bonus_is_of_pay"),
        sa.CheckConstraint(
            "cancellation_fee_cents >= 0 AND cancellation_fee_cents <= price_cents",
            name="fee_of_price",
        ),
        between("rating", 1, 5),
        longest("cancel_reason", 500),
        sa.CheckConstraint(f"driver_id IS NOT NULL OR NOT {DRIVEN}", name="driven_by_somebody"),
        sa.CheckConstraint(
            "driver_id IS NULL OR status <> 'PENDING'", name="pending_has_no_driver"
        ),
        sa.CheckConstraint(
            "(offer_expires_at IS NULL) = (driver_id IS NULL OR status <> 'CONFIRMED')",
            name="offer_expires",
        ),
        sa.CheckConstraint(
            "(completed_at IS NULL) = (status <> 'COMPLETED')", name="completed_has_time"
        ),
        sa.CheckConstraint(
            "(cancelled_at IS NULL) = (status <> 'CANCELLED')", name="cancelled_has_time"
        ),
        sa.CheckConstraint(
            "(cancelled_by IS NULL) = (status <> 'CANCELLED')", name="cancelled_by_somebody"
        ),
        _only_where("ix_premium_bookings_one_a_driver", "driver_id", HOLDS),
        sa.Index(None, "rider_id", "created_at"),
        sa.Index(None, "status", "scheduled_at"),
        sa.Index(None, "driver_id", "completed_at"),
        sa.Index(None, "completed_at"),
    )

    id: Mapped[uuid.UUID] = uuid_key()
    rider_id: Mapped[str] = mapped_column(FOREIGN_ID)
    service_class: Mapped[ServiceClass] = mapped_column(one_of(ServiceClass, "service_class"))
    status: Mapped[BookingStatus] = mapped_column(one_of(BookingStatus, "status"))
    zone_id: Mapped[str] = mapped_column(FOREIGN_ID)
    pickup_lat: Mapped[float]
    pickup_lon: Mapped[float]
    dropoff_lat: Mapped[float]
    dropoff_lon: Mapped[float]
    scheduled_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    wishes: Mapped[dict[str, Any]]
    quote: Mapped[dict[str, Any]]
    quote_signature: Mapped[str] = mapped_column(sa.String(64))
    fare_cents: Mapped[int]
    price_cents: Mapped[int]
    standard_cents: Mapped[int]
    driver_pay_cents: Mapped[int]
    driver_bonus_cents: Mapped[int]
    currency: Mapped[str] = mapped_column(sa.String(3))
    driver_id: Mapped[str | None] = mapped_column(FOREIGN_ID)
    offer_expires_at: Mapped[datetime | None]
    fell_back_at: Mapped[datetime | None]
    rating: Mapped[int | None]
    cancelled_by: Mapped[CancelledBy | None] = mapped_column(one_of(CancelledBy, "cancelled_by"))
    cancel_reason: Mapped[str | None] = mapped_column(sa.Text)
    cancellation_fee_cents: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    assigned_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class PremiumRefundRequest(Base):
    """A claim under the refund guarantee; one of a booking. ``decided_by`` is None where the rule
    decided."""

    __tablename__ = "premium_refund_requests"
    __table_args__ = (
        sa.UniqueConstraint("booking_id"),
        between("stars", 1, 5),
        between("cents", 0),
        longest("text", 2000),
        sa.CheckConstraint("cents = 0 OR status = 'APPROVED'", name="paid_is_approved"),
        sa.CheckConstraint(
            "(status = 'PENDING_REVIEW') = (decided_at IS NULL)", name="decided_has_time"
        ),
        sa.Index(None, "status", "requested_at"),
        sa.Index(None, "rider_id", "decided_at"),
    )

    id: Mapped[uuid.UUID] = uuid_key()
    booking_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("premium_bookings.id", ondelete="CASCADE")
    )
    rider_id: Mapped[str] = mapped_column(FOREIGN_ID)
    category: Mapped[ClaimCategory] = mapped_column(one_of(ClaimCategory, "category"))
    text: Mapped[str | None] = mapped_column(sa.Text)
    stars: Mapped[int]
    status: Mapped[RefundStatus] = mapped_column(one_of(RefundStatus, "status"))
    cents: Mapped[int]
    why: Mapped[str] = mapped_column(sa.Text)
    requested_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(FOREIGN_ID)


class MatchBatch(Base):
    """All that one window was decided from: requests, drivers, weights. Enough to replay it."""

    __tablename__ = "match_batches"
    __table_args__ = (sa.Index(None, "decided_at"),)

    id: Mapped[uuid.UUID] = uuid_key()
    decided_at: Mapped[datetime]
    snapshot: Mapped[dict[str, Any]]


class MatchDecision(Base):
    """What a window decided for one booking, why, and what became of the offer; no driver: nobody
    was found."""

    __tablename__ = "match_decisions"
    __table_args__ = (
        sa.CheckConstraint("(outcome IS NULL) = (driver_id IS NULL)", name="offered_has_outcome"),
        between("eta_minutes", 0),
        _only_where("ix_match_decisions_one_offer", "booking_id", OPEN),
        sa.Index(None, "booking_id", "decided_at"),
        sa.Index(None, "driver_id", "decided_at"),
        sa.Index(None, "batch_id"),
    )

    id: Mapped[uuid.UUID] = uuid_key()
    batch_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("match_batches.id", ondelete="CASCADE")
    )
    booking_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("premium_bookings.id", ondelete="CASCADE")
    )
    driver_id: Mapped[str | None] = mapped_column(FOREIGN_ID)
    score: Mapped[float | None]
    eta_minutes: Mapped[float | None]
    explanation: Mapped[dict[str, Any]]
    outcome: Mapped[MatchStatus | None] = mapped_column(one_of(MatchStatus, "outcome"))
    decided_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]


class PremiumPricingRule(Base):
    """Factors of premium prices from ``valid_from`` until the next row; none: params.yaml's."""

    __tablename__ = "premium_pricing_rules"
    __table_args__ = (
        sa.UniqueConstraint("valid_from"),
        sa.CheckConstraint(
            "luxury >= 1 AND premium >= luxury AND vip >= premium AND vip <= 4",
            name="classes_in_order",
        ),
        between("night_factor", 1, 2),
        between("weekend_factor", 1, 2),
        sa.CheckConstraint("length(why) >= 1", name="why_given"),
    )

    id: Mapped[uuid.UUID] = uuid_key()
    valid_from: Mapped[datetime]
    luxury: Mapped[float]
    premium: Mapped[float]
    vip: Mapped[float]
    night_factor: Mapped[float]
    weekend_factor: Mapped[float]
    why: Mapped[str] = mapped_column(sa.Text)
    created_by: Mapped[str] = mapped_column(FOREIGN_ID)
    created_at: Mapped[datetime]
