"""Premium matching: who qualifies, night by night, who disagrees, and the daily premium KPIs."""

import uuid
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.enums import DriverTier, VehicleType
from store.tables.base import Base, between, longest, one_of, uuid_key
from store.tables.support import FOREIGN_ID

SHARES = (
    "adoption",
    "match_rate",
    "fallback_rate",
    "refund_rate",
    "repeat_rate",
    "utilisation",
    "earnings_gini",
    "retention",
)


class PremiumStatus(StrEnum):
    """Where a driver stands; a removal waits for a person."""

    NOT_QUALIFIED = "NOT_QUALIFIED"
    QUALIFIED = "QUALIFIED"
    WARNING = "WARNING"
    SUSPENSION_PROPOSED = "SUSPENSION_PROPOSED"
    SUSPENDED = "SUSPENDED"
    LAPSED = "LAPSED"


class Decision(StrEnum):
    """What a person made of a proposed suspension."""

    SUSPEND = "SUSPEND"
    KEEP = "KEEP"


class AppealStatus(StrEnum):
    """What became of an appeal."""

    OPEN = "OPEN"
    UPHELD = "UPHELD"
    REJECTED = "REJECTED"


class PremiumDriver(Base):
    """The standing of a driver after the last evaluation."""

    __tablename__ = "premium_drivers"
    __table_args__ = (
        between("quality_score", 0, 100),
        between("nights_below_standard", 0),
        sa.Index(None, "status", "tier"),
    )

    driver_id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    status: Mapped[PremiumStatus] = mapped_column(one_of(PremiumStatus, "status"))
    tier: Mapped[DriverTier] = mapped_column(one_of(DriverTier, "tier"))
    quality_score: Mapped[float | None]
    nights_below_standard: Mapped[int] = mapped_column(default=0)
    qualified_since: Mapped[date | None]
    evaluated_on: Mapped[date] = mapped_column(index=True)


class PremiumDriverProfile(Base):
    """What dispatch needs to know of a driver, and whether they take rides now. The nightly
    evaluation writes `PremiumDriver` and leaves this alone."""

    __tablename__ = "premium_driver_profiles"
    __table_args__ = (
        between("lat", -90, 90),
        between("lon", -180, 180),
        sa.CheckConstraint("(lat IS NULL) = (lon IS NULL)", name="place_is_whole"),
        sa.CheckConstraint("(lat IS NULL) = (located_at IS NULL)", name="place_has_time"),
        sa.CheckConstraint("NOT available OR lat IS NOT NULL", name="available_somewhere"),
        sa.Index(None, "available", "lat", "lon"),
    )

    driver_id: Mapped[str] = mapped_column(FOREIGN_ID, primary_key=True)
    vehicle_type: Mapped[VehicleType] = mapped_column(one_of(VehicleType, "vehicle_type"))
    female: Mapped[bool] = mapped_column(default=False)
    accepts_women_only: Mapped[bool] = mapped_column(default=False)
    corporate_eligible: Mapped[bool] = mapped_column(default=False)
    child_seat: Mapped[bool] = mapped_column(default=False)
    pet_friendly: Mapped[bool] = mapped_column(default=False)
    wheelchair_accessible: Mapped[bool] = mapped_column(default=False)
    available: Mapped[bool] = mapped_column(default=False)
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    located_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class DriverQuality(Base):
    """What a driver did with premium bookings in one UTC day; counts, cents and stars."""

    __tablename__ = "premium_driver_quality_metrics"
    __table_args__ = (
        sa.CheckConstraint("accepted + declined + timed_out <= offers", name="answers_of_offers"),
        sa.CheckConstraint("on_time <= completed", name="on_time_completed"),
        sa.CheckConstraint("rating_sum >= rating_count", name="stars_from_one"),
        sa.CheckConstraint("rating_sum <= 5 * rating_count", name="stars_to_five"),
        between("bonus_cents", 0),
        sa.CheckConstraint("bonus_cents <= earnings_cents", name="bonus_is_earned"),
        sa.Index(None, "day"),
    )

    driver_id: Mapped[str] = mapped_column(FOREIGN_ID, primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    offers: Mapped[int]
    accepted: Mapped[int]
    declined: Mapped[int]
    timed_out: Mapped[int]
    completed: Mapped[int]
    on_time: Mapped[int]
    cancelled: Mapped[int]
    refunded: Mapped[int]
    rating_sum: Mapped[int]
    rating_count: Mapped[int]
    earnings_cents: Mapped[int] = mapped_column(sa.BigInteger)
    bonus_cents: Mapped[int] = mapped_column(sa.BigInteger)


class DriverQualification(Base):
    """One evaluation of one driver, with the reasons that the driver is told."""

    __tablename__ = "premium_driver_qualifications"
    __table_args__ = (
        between("probability", 0, 1),
        between("threshold", 0, 1),
        between("quality_score", 0, 100),
        sa.CheckConstraint("NOT qualified OR gates_passed", name="qualified_passed_gates"),
        sa.CheckConstraint("qualified = (tier <> 'NONE')", name="tier_is_for_qualified"),
        sa.Index(None, "evaluated_on", "qualified"),
    )

    driver_id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    evaluated_on: Mapped[date] = mapped_column(primary_key=True)
    qualified: Mapped[bool]
    gates_passed: Mapped[bool]
    tier: Mapped[DriverTier] = mapped_column(one_of(DriverTier, "tier"))
    probability: Mapped[float | None]
    threshold: Mapped[float | None]
    rating: Mapped[float | None]
    quality_score: Mapped[float | None]
    reasons: Mapped[list[Any]]
    model_version: Mapped[str | None] = mapped_column(sa.String(64))
    release_id: Mapped[str | None] = mapped_column(sa.String(64))


class PremiumReview(Base):
    """One decision on a proposed suspension; ``evaluated_on`` is the night that was looked at."""

    __tablename__ = "premium_reviews"
    __table_args__ = (sa.CheckConstraint("length(why) >= 1", name="why_given"),)

    driver_id: Mapped[str] = mapped_column(FOREIGN_ID, primary_key=True)
    evaluated_on: Mapped[date] = mapped_column(primary_key=True)
    decision: Mapped[Decision] = mapped_column(one_of(Decision, "decision"))
    why: Mapped[str] = mapped_column(sa.Text)
    decided_by: Mapped[str] = mapped_column(FOREIGN_ID)
    decided_at: Mapped[datetime]


class Appeal(Base):
    """A driver's word against one evaluation; at most one of a driver is open."""

    __tablename__ = "appeals"
    __table_args__ = (
        sa.UniqueConstraint("driver_id", "evaluated_on"),
        sa.CheckConstraint("length(text) >= 1", name="text_given"),
        longest("text", 5000),
        sa.CheckConstraint("(status = 'OPEN') = (decided_at IS NULL)", name="decided_has_time"),
        sa.CheckConstraint(
            "status = 'OPEN' OR (decided_by IS NOT NULL AND length(why) >= 1)",
            name="decided_has_reason",
        ),
        sa.Index(
            "ix_appeals_one_open",
            "driver_id",
            unique=True,
            sqlite_where=sa.text("status = 'OPEN'"),
            postgresql_where=sa.text("status = 'OPEN'"),
        ),
        sa.Index(None, "status", "filed_at"),
    )

    id: Mapped[uuid.UUID] = uuid_key()
    driver_id: Mapped[str] = mapped_column(FOREIGN_ID)
    evaluated_on: Mapped[date]
    text: Mapped[str] = mapped_column(sa.Text)
    status: Mapped[AppealStatus] = mapped_column(one_of(AppealStatus, "status"))
    filed_by: Mapped[str] = mapped_column(FOREIGN_ID)
    filed_at: Mapped[datetime]
    decided_by: Mapped[str | None] = mapped_column(FOREIGN_ID)
    decided_at: Mapped[datetime | None]
    why: Mapped[str | None] = mapped_column(sa.Text)


class PremiumMetrics(Base):
    """Daily premium KPIs by day of completion; NULL where a denominator is 0."""

    __tablename__ = "premium_metrics"
    __table_args__ = (
        *(between(share, 0, 1) for share in SHARES),
        between("mean_ride_rating", 1, 5),
    )

    day: Mapped[date] = mapped_column(primary_key=True)
    ride_completed: Mapped[int]
    premium_requests: Mapped[int]
    premium_completed: Mapped[int]
    adoption: Mapped[float | None]
    premium_revenue_cents: Mapped[int] = mapped_column(sa.BigInteger)
    average_fee_cents: Mapped[float | None]
    match_rate: Mapped[float | None]
    fallback_rate: Mapped[float | None]
    mean_pickup_minutes: Mapped[float | None]
    p90_pickup_minutes: Mapped[float | None]
    nearest_mean_pickup_minutes: Mapped[float | None]
    nearest_p90_pickup_minutes: Mapped[float | None]
    mean_ride_rating: Mapped[float | None]
    refund_rate: Mapped[float | None]
    repeat_rate: Mapped[float | None]
    utilisation: Mapped[float | None]
    earnings_gini: Mapped[float | None]
    retention: Mapped[float | None]
