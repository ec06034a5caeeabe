"""What the platform itself keeps: releases, who moved them, features, monitoring, retention."""

import uuid
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from store.tables.base import Base, between, one_of, uuid_key


class Product(StrEnum):
    """What has releases of its own."""

    SUPPORT = "support"
    PREMIUM = "premium"
    PROFIT = "profit"


class CheckStatus(StrEnum):
    """What monitoring found."""

    OK = "OK"
    WARN = "WARN"
    ALERT = "ALERT"


class ReleasePointer(Base):
    """The release each product serves; serving polls this row."""

    __tablename__ = "release_pointers"

    product: Mapped[Product] = mapped_column(one_of(Product, "product"), primary_key=True)
    release_id: Mapped[str] = mapped_column(sa.String(64))
    previous_release_id: Mapped[str | None] = mapped_column(sa.String(64))
    manifest: Mapped[dict[str, Any]]
    moved_at: Mapped[datetime]
    moved_by: Mapped[str] = mapped_column(sa.String(100))


class PromotionAudit(Base):
    """Every move of an alias or a release pointer: who, when, from, to, why. Never deleted."""

    __tablename__ = "promotion_audit"
    __table_args__ = (
        sa.CheckConstraint("length(why) >= 1", name="why_given"),
        sa.Index(None, "subject", "moved_at"),
    )

    id: Mapped[uuid.UUID] = uuid_key()
    subject: Mapped[str] = mapped_column(sa.String(100))
    alias: Mapped[str] = mapped_column(sa.String(32))
    from_version: Mapped[str | None] = mapped_column(sa.String(64))
    to_version: Mapped[str] = mapped_column(sa.String(64))
    why: Mapped[str] = mapped_column(sa.Text)
    manifest: Mapped[dict[str, Any] | None]
    moved_at: Mapped[datetime]
    moved_by: Mapped[str] = mapped_column(sa.String(100))


class FeatureValue(Base):
    """An online feature of an entity (a rider, driver, zone) as it was known at a time."""

    __tablename__ = "feature_values"

    feature: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    entity: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    as_of: Mapped[datetime] = mapped_column(primary_key=True)
    value: Mapped[float]


class MonitoringResult(Base):
    """One check of one night: freshness of an asset, drift of a feature or a prediction."""

    __tablename__ = "monitoring_results"
    __table_args__ = (sa.Index(None, "status", "day"),)

    day: Mapped[date] = mapped_column(primary_key=True)
    check_name: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    subject: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    value: Mapped[float | None]
    status: Mapped[CheckStatus] = mapped_column(one_of(CheckStatus, "status"))
    detail: Mapped[dict[str, Any] | None]


class RetentionLog(Base):
    """How many rows (or lake files) a night's retention removed, counted with the deletion."""

    __tablename__ = "retention_log"
    __table_args__ = (between("removed", 0),)

    day: Mapped[date] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(sa.String(100), primary_key=True)
    cutoff: Mapped[date]
    removed: Mapped[int] = mapped_column(default=0)
