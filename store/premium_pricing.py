"""Factors of premium prices as administrators set them, each from a moment on."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row
from sqlalchemy.exc import IntegrityError

from core.errors import Conflict
from store.premium_bookings import BOOKING
from store.tables import Base, PremiumPricingRule

RULE = Base.metadata.tables[PremiumPricingRule.__tablename__]


def in_force(connection: Connection, at: datetime) -> Row[Any] | None:
    """The factors at a moment; None where those of the parameters hold."""
    begun = sa.select(RULE).where(RULE.c.valid_from <= at)
    return connection.execute(begun.order_by(RULE.c.valid_from.desc()).limit(1)).one_or_none()


def every(connection: Connection, limit: int) -> list[Row[Any]]:
    """All rows, the latest first."""
    newest = sa.select(RULE).order_by(RULE.c.valid_from.desc()).limit(limit)
    return list(connection.execute(newest).all())


def add(connection: Connection, values: Mapping[str, Any]) -> Row[Any]:
    """A new row; Conflict if one begins at that moment."""
    try:
        new = RULE.insert().values(id=uuid.uuid4(), **values).returning(RULE)
        return connection.execute(new).one()
    except IntegrityError as error:
        if "valid_from" not in str(error.orig):
            raise
        raise Conflict(f"other factors begin at {values['valid_from']}") from None


def quotes_since(connection: Connection, since: datetime, limit: int) -> list[dict[str, Any]]:
    """The quotes that were booked from a moment on, the newest first, with ``pickup_at``."""
    chosen = (
        sa.select(BOOKING.c.quote, BOOKING.c.scheduled_at, BOOKING.c.created_at)
        .where(BOOKING.c.created_at >= since)
        .order_by(BOOKING.c.created_at.desc())
        .limit(limit)
    )
    return [
        {**row.quote, "pickup_at": row.scheduled_at or row.created_at}
        for row in connection.execute(chosen)
    ]
