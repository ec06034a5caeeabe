"""What happens to a booking: every move with its row, its log of matches and its event.

Works on a connection of `store.db.write` and a booking that it holds the lock of.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from core.enums import BookingStatus, CancelledBy, MatchStatus
from core.errors import Conflict
from core.params.decisions import BookingParams
from engines.premium.bookings import Agreed, Move, after, cancellation_fee
from engines.premium.quote import Quote
from serving.premium.schemas import TripIn
from store import outbox
from store import premium_bookings as kept


def create(
    connection: Connection, rider_id: str, trip: TripIn, quote: Quote, now: datetime
) -> Row[Any]:
    """A booking that waits for its rider's word."""
    row = kept.create(
        connection,
        {
            "rider_id": rider_id,
            "status": BookingStatus.PENDING,
            "created_at": now,
            "updated_at": now,
            **_columns(trip, quote),
        },
    )
    _tell(connection, "PREMIUM_BOOKING_CREATED", row, now)
    return row


def _columns(trip: TripIn, quote: Quote) -> dict[str, Any]:
    return {
        "service_class": trip.service_class,
        "zone_id": trip.zone_id,
        "pickup_lat": trip.pickup.lat,
        "pickup_lon": trip.pickup.lon,
        "dropoff_lat": trip.dropoff.lat,
        "dropoff_lon": trip.dropoff.lon,
        "scheduled_at": trip.scheduled_at,
        "due_at": trip.scheduled_at,
        "wishes": trip.wishes.model_dump(),
        "quote": {**quote.payload(), "signature": quote.signature},
        "quote_signature": quote.signature,
        "fare_cents": quote.fare_cents,
        "price_cents": quote.total_cents,
        "standard_cents": quote.standard_cents,
        "driver_pay_cents": quote.driver_pay_cents,
        "driver_bonus_cents": quote.driver_bonus_cents,
        "currency": quote.currency,
    }


def confirm(connection: Connection, row: Row[Any], now: datetime) -> Row[Any]:
    """The rider's word: from now on a driver is looked for, at the price of the quote.

    Raises
    ------
    Conflict
        If the quote is no longer honoured; book anew.
    """
    status = after(row.status, Move.CONFIRM)
    if now > datetime.fromisoformat(row.quote["expires_at"]):
        raise Conflict("the price of this booking is no longer honoured; book with a new quote")
    values = {"status": status, "confirmed_at": now, "updated_at": now}
    return kept.change(connection, row, values)


def accept(connection: Connection, row: Row[Any], now: datetime) -> Row[Any]:
    """The driver who was offered the booking takes it.

    Raises
    ------
    Conflict
        If it was taken already, or the time to answer is over.
    """
    status = after(row.status, Move.ASSIGN)
    if now > row.offer_expires_at:
        raise Conflict(f"the offer ended at {row.offer_expires_at.isoformat()}")
    due_at = row.due_at
    if due_at is None:
        open_offer = (kept.DECISION.c.booking_id == row.id) & (
            kept.DECISION.c.outcome == MatchStatus.OFFERED
        )
        eta = connection.scalar(sa.select(kept.DECISION.c.eta_minutes).where(open_offer))
        due_at = None if eta is None else now + timedelta(minutes=eta)
    kept.answered(connection, row.id, MatchStatus.ACCEPTED, now)
    taken = kept.change(connection, row, {
        "status": status, "assigned_at": now, "due_at": due_at, "offer_expires_at": None,
        "updated_at": now,
    })  # fmt: skip
    _tell(connection, "PREMIUM_DRIVER_ASSIGNED", taken, now)
    return taken


def give_back(
    connection: Connection, row: Row[Any], outcome: MatchStatus, now: datetime
) -> Row[Any]:
    """The booking waits again, without its driver; ``outcome`` is that of an offer not answered
    yet, an accepted one counts as CANCELLED.

    Raises
    ------
    Conflict
        If it is neither offered nor assigned.
    """
    if row.status == BookingStatus.CONFIRMED and row.driver_id is not None:
        kept.answered(connection, row.id, outcome, now)
        status = row.status
    else:
        status = after(row.status, Move.RELEASE)
        kept.ended(connection, row.id, MatchStatus.CANCELLED)
    return kept.change(connection, row, {
        "status": status, "driver_id": None, "assigned_at": None, "offer_expires_at": None,
        "due_at": row.scheduled_at, "updated_at": now,
    })  # fmt: skip


def start(connection: Connection, row: Row[Any], now: datetime) -> Row[Any]:
    """The rider is in the car."""
    values = {"status": after(row.status, Move.START), "started_at": now, "updated_at": now}
    begun = kept.change(connection, row, values)
    _tell(connection, "PREMIUM_TRIP_STARTED", begun, now)
    return begun


def complete(connection: Connection, row: Row[Any], now: datetime) -> Row[Any]:
    """Arrived; the driver's pay, with the bonus, is due."""
    status = after(row.status, Move.COMPLETE)
    kept.ended(connection, row.id, MatchStatus.COMPLETED)
    done = kept.change(connection, row, {"status": status, "completed_at": now, "updated_at": now})
    money = {
        "price_cents": done.price_cents,
        "driver_pay_cents": done.driver_pay_cents,
        "driver_bonus_cents": done.driver_bonus_cents,
    }
    _tell(connection, "PREMIUM_TRIP_COMPLETED", done, now, money)
    return done


def cancel(
    connection: Connection,
    row: Row[Any],
    by: CancelledBy,
    reason: str | None,
    now: datetime,
    params: BookingParams,
) -> Row[Any]:
    """Off, with the fee that is owed by now. A ride that has begun ends like this only when the
    platform breaks it off; nothing is paid then."""
    breaks_off = row.status == BookingStatus.IN_PROGRESS and by == CancelledBy.SYSTEM
    status = after(row.status, Move.BREAK_OFF if breaks_off else Move.CANCEL)
    kept.answered(connection, row.id, MatchStatus.CANCELLED, now)
    kept.ended(connection, row.id, MatchStatus.CANCELLED)
    off = kept.change(connection, row, {
        "status": status, "cancelled_at": now, "cancelled_by": by, "cancel_reason": reason,
        "cancellation_fee_cents": fee_now(row, by, now, params), "offer_expires_at": None,
        "updated_at": now,
    })  # fmt: skip
    told = {"cancelled_by": by, "cancellation_fee_cents": off.cancellation_fee_cents}
    _tell(connection, "PREMIUM_BOOKING_CANCELLED", off, now, told)
    return off


def fee_now(row: Row[Any], by: CancelledBy, now: datetime, params: BookingParams) -> int:
    """What cancelling costs at this moment, cents. Nothing before the booking is confirmed."""
    if row.status not in (BookingStatus.CONFIRMED, BookingStatus.DRIVER_ASSIGNED):
        return 0
    agreed = Agreed(
        price_cents=row.price_cents,
        scheduled_at=row.scheduled_at,
        assigned_at=row.assigned_at,
        due_at=row.due_at,
        fell_back=row.fell_back_at is not None,
    )
    return cancellation_fee(agreed, by, now, params)


def change_trip(
    connection: Connection,
    row: Row[Any],
    trip: TripIn,
    quote: Quote,
    now: datetime,
    params: BookingParams,
) -> Row[Any]:
    """Another trip, at its own price, as long as cancelling is free and no driver has it.

    Raises
    ------
    Conflict
        Later: cancel, and book anew.
    """
    waits = row.status in (BookingStatus.PENDING, BookingStatus.CONFIRMED)
    if not waits or row.driver_id is not None or fee_now(row, CancelledBy.RIDER, now, params):
        raise Conflict("this booking can no longer be changed; cancel it and book anew")
    values = {**_columns(trip, quote), "updated_at": now}
    return kept.change(connection, row, values)


def rate(connection: Connection, row: Row[Any], stars: int, now: datetime) -> Row[Any]:
    """The rider's stars for a trip that was completed; they are given once.

    Raises
    ------
    Conflict
        Before the end of the trip, or the second time.
    """
    if row.status != BookingStatus.COMPLETED:
        raise Conflict(f"only a completed trip can be rated; this one is {row.status}")
    if row.rating not in (None, stars):
        raise Conflict(f"this trip was rated {row.rating}; stars are given once")
    return kept.change(connection, row, {"rating": stars, "updated_at": now})


def _tell(
    connection: Connection, name: str, row: Row[Any], now: datetime, more: Mapping[str, Any] = {}
) -> None:
    told = {"booking_id": str(row.id), "user_id": row.rider_id, "driver_id": row.driver_id}
    outbox.add(connection, name, {**told, **more}, now)
