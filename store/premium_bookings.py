"""Premium bookings and the offers made for them, changed by compare and set.

A change says which version of the row it was made from. That a driver holds one booking at most is
kept by the database, whoever writes. Functions work on a connection of `store.db.read` or `write`.
"""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row
from sqlalchemy.exc import IntegrityError

from core.enums import BookingStatus, MatchStatus
from core.errors import Conflict, NotThere
from store.tables import Base, MatchBatch, MatchDecision, PremiumBooking

BOOKING = Base.metadata.tables[PremiumBooking.__tablename__]
BATCH = Base.metadata.tables[MatchBatch.__tablename__]
DECISION = Base.metadata.tables[MatchDecision.__tablename__]
HELD = BOOKING.c.status.in_(
    [BookingStatus.CONFIRMED, BookingStatus.DRIVER_ASSIGNED, BookingStatus.IN_PROGRESS]
)
"""A driver of such a booking has no room for another: they are offered it, or drive it."""
WAITING = (BOOKING.c.status == BookingStatus.CONFIRMED) & BOOKING.c.driver_id.is_(None)
"""Confirmed, and offered to nobody right now."""


def create(connection: Connection, values: Mapping[str, Any]) -> Row[Any]:
    """A new booking; Conflict if its quote was booked before."""
    new = BOOKING.insert().values(id=uuid.uuid4(), **values).returning(BOOKING)
    try:
        return connection.execute(new).one()
    except IntegrityError as error:
        if "quote_signature" not in str(error.orig):
            raise
        raise Conflict("this quote was booked before; ask for another") from None


def find(connection: Connection, booking_id: uuid.UUID) -> Row[Any]:
    """The booking; NotThere without one."""
    return _one(connection, sa.select(BOOKING).where(BOOKING.c.id == booking_id), booking_id)


def locked(connection: Connection, booking_id: uuid.UUID) -> Row[Any]:
    """The booking, held against other writers until the transaction ends."""
    mine = sa.select(BOOKING).where(BOOKING.c.id == booking_id)
    return _one(connection, mine.with_for_update(), booking_id)


def _one(connection: Connection, select: Any, booking_id: uuid.UUID) -> Row[Any]:
    row: Row[Any] | None = connection.execute(select).one_or_none()
    if row is None:
        raise NotThere(f"there is no booking {booking_id}")
    return row


def change(connection: Connection, row: Row[Any], values: Mapping[str, Any]) -> Row[Any]:
    """Compare and set: ``values`` into the booking as it was read; the row as it is then.

    Raises
    ------
    Conflict
        If somebody changed it since, or its new driver holds another booking.
    """
    same = (BOOKING.c.id == row.id) & (BOOKING.c.version == row.version)
    update = BOOKING.update().where(same).values(**values, version=row.version + 1)
    try:
        changed = connection.execute(update.returning(BOOKING)).one_or_none()
    except IntegrityError as error:
        said = str(error.orig)
        if "one_a_driver" not in said and "premium_bookings.driver_id" not in said:
            raise
        raise Conflict(f"driver {values.get('driver_id')} holds another booking") from None
    if changed is None:
        raise Conflict(f"booking {row.id} was changed by somebody else meanwhile; read again")
    return changed


def matching(where: Mapping[str, Any]) -> sa.ColumnElement[bool]:
    """Bookings whose columns hold these values."""
    return sa.and_(sa.true(), *(BOOKING.c[name] == value for name, value in where.items()))


def listed(
    connection: Connection, wanted: sa.ColumnElement[bool], page: int, size: int
) -> tuple[list[Row[Any]], int]:
    """One page of bookings, newest first, and how many there are in all."""
    chosen = sa.select(BOOKING).where(wanted).order_by(BOOKING.c.created_at.desc(), BOOKING.c.id)
    rows = connection.execute(chosen.limit(size).offset((page - 1) * size)).all()
    total = connection.scalar(sa.select(sa.func.count()).select_from(BOOKING).where(wanted))
    return list(rows), int(total or 0)


def held_by(connection: Connection, driver_id: str) -> Row[Any] | None:
    """What a driver is offered or drives now."""
    mine = sa.select(BOOKING).where((BOOKING.c.driver_id == driver_id) & HELD)
    return connection.execute(mine).one_or_none()


def batch(connection: Connection, snapshot: Mapping[str, Any], now: datetime) -> uuid.UUID:
    """Keep what a window is decided from; its id."""
    batch_id = uuid.uuid4()
    row = {"id": batch_id, "decided_at": now, "snapshot": dict(snapshot)}
    connection.execute(BATCH.insert().values(row))
    return batch_id


def offer(
    connection: Connection,
    row: Row[Any],
    decision: Mapping[str, Any],
    now: datetime,
    expires_at: datetime,
) -> Row[Any]:
    """Offer a waiting booking to the driver of ``decision`` (batch_id, driver_id, score,
    eta_minutes, explanation), and log it; the booking as it is then.

    Raises
    ------
    Conflict
        If it does not wait any more, or the driver holds another one.
    """
    if row.status != BookingStatus.CONFIRMED or row.driver_id is not None:
        raise Conflict(f"booking {row.id} does not wait for a driver; it is {row.status}")
    changed = change(connection, row, {
        "driver_id": decision["driver_id"], "offer_expires_at": expires_at, "updated_at": now,
    })  # fmt: skip
    log = {"id": uuid.uuid4(), "booking_id": row.id, "decided_at": now}
    made = {**decision, **log, "outcome": MatchStatus.OFFERED}
    connection.execute(DECISION.insert().values(made))
    return changed


def answered(
    connection: Connection, booking_id: uuid.UUID, outcome: MatchStatus, now: datetime
) -> None:
    """What became of the open offer of a booking; nothing where none is open. One that was
    withdrawn (CANCELLED) got no answer."""
    at = None if outcome == MatchStatus.CANCELLED else now
    values = {"outcome": outcome, "answered_at": at}
    _outcome(connection, booking_id, MatchStatus.OFFERED, values)


def ended(connection: Connection, booking_id: uuid.UUID, outcome: MatchStatus) -> None:
    """What became of the match that was accepted; nothing where none was."""
    _outcome(connection, booking_id, MatchStatus.ACCEPTED, {"outcome": outcome})


def _outcome(
    connection: Connection, booking_id: uuid.UUID, before: MatchStatus, values: Mapping[str, Any]
) -> None:
    mine = (DECISION.c.booking_id == booking_id) & (DECISION.c.outcome == before)
    connection.execute(DECISION.update().where(mine).values(**values))
