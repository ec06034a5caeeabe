"""Claims under the refund guarantee: one of a booking, decided by the rule or by a person, once."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row
from sqlalchemy.exc import IntegrityError

from core.enums import RefundStatus
from core.errors import Conflict, NotThere
from store.premium_bookings import BOOKING
from store.tables import Base, PremiumRefundRequest

REFUND = Base.metadata.tables[PremiumRefundRequest.__tablename__]


def lock_claims_of(connection: Connection, rider_id: str) -> None:
    """Hold a rider's bookings: of claims that come at once each sees those before it."""
    mine = sa.select(BOOKING.c.id).where(BOOKING.c.rider_id == rider_id).order_by(BOOKING.c.id)
    connection.execute(mine.with_for_update()).all()


def last_automatic(connection: Connection, rider_id: str) -> datetime | None:
    """When the rule last paid this rider back."""
    by_rule = (
        (REFUND.c.rider_id == rider_id)
        & (REFUND.c.status == RefundStatus.APPROVED)
        & REFUND.c.decided_by.is_(None)
    )
    chosen = sa.select(REFUND.c.decided_at).where(by_rule).order_by(REFUND.c.decided_at.desc())
    found: datetime | None = connection.scalar(chosen.limit(1))
    return found


def file(connection: Connection, values: Mapping[str, Any]) -> Row[Any]:
    """A claim with what became of it; Conflict if there was one of this booking before."""
    new = REFUND.insert().values(id=uuid.uuid4(), **values).returning(REFUND)
    try:
        return connection.execute(new).one()
    except IntegrityError as error:
        if "booking_id" not in str(error.orig):
            raise
        raise Conflict("a refund of this booking was asked for before") from None


def waiting(connection: Connection, limit: int) -> list[Row[Any]]:
    """Claims that wait for a person, the oldest first."""
    waits = sa.select(REFUND).where(REFUND.c.status == RefundStatus.PENDING_REVIEW)
    return list(connection.execute(waits.order_by(REFUND.c.requested_at).limit(limit)).all())


def of_booking(connection: Connection, booking_id: uuid.UUID) -> Row[Any]:
    """The claim about a booking; NotThere without one."""
    mine = sa.select(REFUND).where(REFUND.c.booking_id == booking_id)
    row: Row[Any] | None = connection.execute(mine).one_or_none()
    if row is None:
        raise NotThere(f"no refund of booking {booking_id} was asked for")
    return row


def decide(
    connection: Connection, refund_id: uuid.UUID, approve: bool, why: str, by: str, now: datetime
) -> Row[Any]:
    """A person's word on a claim that waits; approved, the whole price is paid back.

    Raises
    ------
    NotThere, Conflict
        Without such a claim; if it was decided already.
    """
    mine = REFUND.c.id == refund_id
    price = (
        sa.select(BOOKING.c.price_cents)
        .join(REFUND, REFUND.c.booking_id == BOOKING.c.id)
        .where(mine)
    )
    cents = connection.scalar(price)
    if cents is None:
        raise NotThere(f"there is no claim {refund_id}")
    done = {
        "status": RefundStatus.APPROVED if approve else RefundStatus.REFUSED,
        "cents": cents if approve else 0, "why": why, "decided_by": by, "decided_at": now,
    }  # fmt: skip
    waits = mine & (REFUND.c.status == RefundStatus.PENDING_REVIEW)
    changed = REFUND.update().where(waits).values(**done).returning(REFUND)
    row: Row[Any] | None = connection.execute(changed).one_or_none()
    if row is None:
        raise Conflict("this claim was decided already")
    return row
