"""Endpoints of premium bookings: book, look, change, cancel; the driver's answers and the trip."""

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import StringConstraints
from sqlalchemy.engine import Connection, Row

from core.enums import BookingStatus, CancelledBy, MatchStatus, Role
from core.errors import BadInput, NotAllowed
from serving.api.callers import Anyone, Found
from serving.api.idempotency import Key, once
from serving.api.identity import Caller
from serving.api.platform import Platform
from serving.api.problems import documented
from serving.premium import access, quotes, rides
from serving.premium.schemas import BookIn, BookingOut, Bookings, ChangeIn, Place
from serving.schemas import STORABLE, Closed, Word, shown
from store import premium_bookings as kept
from store.db import read, write

router = APIRouter(
    prefix="/bookings",
    tags=["premium bookings"],
    responses=documented(401, 403, 404, 409, 422, 429, 503),
)
Page = Annotated[int, Query(ge=1, le=100_000)]
Size = Annotated[int | None, Query(ge=1, le=100)]
Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), STORABLE
]
Step = Callable[[Connection, Row[Any], datetime], Row[Any]]
TAKEN = (BookingStatus.DRIVER_ASSIGNED, BookingStatus.IN_PROGRESS, BookingStatus.COMPLETED)


class Call(Closed):
    """A call without a body, as its idempotency key knows it."""

    step: str
    booking_id: uuid.UUID


@router.post("", status_code=201)
def book(given: BookIn, who: Anyone, found: Found, key: Key = None) -> BookingOut:
    """Book a trip at the price of its quote; it waits to be confirmed."""
    rider_id = access.rider_of(who, given.trip.rider_id)

    def work() -> BookingOut:
        quote, now = quotes.checked(found, given.quote, given.trip, rider_id), found.clock()
        row = write(found.engine, lambda c: rides.create(c, rider_id, given.trip, quote, now))
        return booking_out(found, who, row)

    return once(found, who, key, given, BookingOut, work)


@router.get("")
def list_bookings(
    who: Anyone,
    found: Found,
    page: Page = 1,
    page_size: Size = None,
    status: BookingStatus | None = None,
    rider_id: Word | None = None,
    driver_id: Word | None = None,
) -> Bookings:
    """The bookings that the caller may see, newest first."""
    size = page_size or found.params.api.page_size
    given = {"status": status, "rider_id": rider_id, "driver_id": driver_id}
    where = {name: value for name, value in given.items() if value is not None}
    wanted = access.scope(who) & kept.matching(where)
    rows, total = read(found.engine, lambda c: kept.listed(c, wanted, page, size))
    items = [booking_out(found, who, row) for row in rows]
    return Bookings(items=items, page=page, page_size=size, total=total)


@router.get("/{booking_id}")
def get_booking(booking_id: uuid.UUID, who: Anyone, found: Found) -> BookingOut:
    """A booking, and what cancelling would cost its rider now."""
    row = read(found.engine, lambda c: access.seen(c, who, booking_id))
    return booking_out(found, who, row)


@router.patch("/{booking_id}")
def change(booking_id: uuid.UUID, given: ChangeIn, who: Anyone, found: Found) -> BookingOut:
    """Rate a trip that was completed; or have another one, as long as cancelling is free."""
    access.not_a_driver(who)
    new, stars, terms = given.new, given.rating, found.params.bookings
    if (new is None) == (stars is None):
        raise BadInput("expected either a rating or a new trip")

    def step(connection: Connection, row: Row[Any], now: datetime) -> Row[Any]:
        if new is not None:
            quote = quotes.checked(found, new.quote, new.trip, row.rider_id)
            return rides.change_trip(connection, row, new.trip, quote, now, terms)
        if who.role != Role.USER:
            raise NotAllowed("a rating is the rider's own")
        return rides.rate(connection, row, stars or 0, now)

    return _moved(found, who, booking_id, step)


@router.delete("/{booking_id}")
def cancel(
    booking_id: uuid.UUID, who: Anyone, found: Found, reason: Reason | None = None
) -> BookingOut:
    """Cancel: by its rider, at the fee that is owed by now; by staff and services, for nothing."""
    access.not_a_driver(who)
    by = CancelledBy.RIDER if who.role == Role.USER else CancelledBy.SYSTEM
    terms = found.params.bookings
    return _moved(
        found, who, booking_id,
        lambda connection, row, now: rides.cancel(connection, row, by, reason, now, terms),
    )  # fmt: skip


@router.post("/{booking_id}/confirm")
def confirm(booking_id: uuid.UUID, who: Anyone, found: Found, key: Key = None) -> BookingOut:
    """The rider's word: a driver is looked for from now on, or in time for a scheduled ride."""
    access.not_a_driver(who)
    return _once(found, who, key, "confirm", booking_id, rides.confirm)


@router.post("/{booking_id}/accept")
def accept(booking_id: uuid.UUID, who: Anyone, found: Found, key: Key = None) -> BookingOut:
    """The driver takes the ride that they were offered, in time."""
    access.driver_only(who)
    return _once(found, who, key, "accept", booking_id, rides.accept)


@router.post("/{booking_id}/decline")
def decline(booking_id: uuid.UUID, who: Anyone, found: Found, key: Key = None) -> BookingOut:
    """The driver does not want the ride, or gives it back; it goes to somebody else."""
    access.driver_only(who)

    def step(connection: Connection, row: Row[Any], now: datetime) -> Row[Any]:
        return rides.give_back(connection, row, MatchStatus.DECLINED, now)

    return _once(found, who, key, "decline", booking_id, step)


@router.post("/{booking_id}/start")
def start(booking_id: uuid.UUID, who: Anyone, found: Found, key: Key = None) -> BookingOut:
    """The rider is in the car."""
    _drives(who)
    return _once(found, who, key, "start", booking_id, rides.start)


@router.post("/{booking_id}/complete")
def complete(booking_id: uuid.UUID, who: Anyone, found: Found, key: Key = None) -> BookingOut:
    """Arrived."""
    _drives(who)
    return _once(found, who, key, "complete", booking_id, rides.complete)


def _drives(who: Caller) -> None:
    """NotAllowed for all but drivers and services."""
    if who.role != Role.SERVICE:
        access.driver_only(who)


def _once(
    found: Platform, who: Caller, key: str | None, step: str, booking_id: uuid.UUID, work: Step
) -> BookingOut:
    call = Call(step=step, booking_id=booking_id)
    return once(found, who, key, call, BookingOut, lambda: _moved(found, who, booking_id, work))


def _moved(found: Platform, who: Caller, booking_id: uuid.UUID, step: Step) -> BookingOut:
    """The booking after a step, in one transaction that holds its lock."""
    now = found.clock()

    def work(connection: Connection) -> Row[Any]:
        return step(connection, access.seen(connection, who, booking_id, lock=True), now)

    return booking_out(found, who, write(found.engine, work))


def booking_out(found: Platform, who: Caller, row: Row[Any]) -> BookingOut:
    """A booking as its reader may see it: a rider no pay, and no driver who has not accepted."""
    rider = access.is_rider(who)
    hidden: dict[str, Any] = {"driver_pay_cents": None, "driver_bonus_cents": None} if rider else {}
    if rider and row.status not in TAKEN:
        hidden |= {"driver_id": None, "offer_expires_at": None}
    booking: BookingOut = shown(
        BookingOut, row, **hidden,
        pickup=Place(lat=row.pickup_lat, lon=row.pickup_lon),
        dropoff=Place(lat=row.dropoff_lat, lon=row.dropoff_lon),
        lines=row.quote["lines"],
        cancellation_fee_now_cents=rides.fee_now(
            row, CancelledBy.RIDER, found.clock(), found.params.bookings
        ),
    )  # fmt: skip
    return booking
