"""Premium matching: who qualifies, night by night, and the daily premium KPIs."""

from datetime import date
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.enums import DriverTier
from store.tables.base import Base, between, one_of

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
    LAPSED = "LAPSED"


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
