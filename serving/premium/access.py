"""Who is who at the premium endpoints: riders see their own bookings, drivers those they hold."""

import uuid
from typing import Any

from sqlalchemy.engine import Connection, Row

from core.enums import Audience, Role
from core.errors import BadInput, NotAllowed, NotThere
from serving.api.identity import Caller
from store import premium_bookings as kept

STAFF = (Role.AGENT, Role.ADMIN)


def is_driver(who: Caller) -> bool:
    """A driver is a user whose token says so; the subject is the driver's id."""
    return who.role == Role.USER and who.audience == Audience.DRIVER


def is_rider(who: Caller) -> bool:
    return who.role == Role.USER and not is_driver(who)


def rider_of(who: Caller, rider_id: str | None) -> str:
    """Whose trip a call is about: a rider's own, or the one whom a service names.

    Raises
    ------
    NotAllowed, BadInput
        For other callers; where a rider names another one, or a service nobody.
    """
    if is_rider(who):
        if rider_id not in (None, who.subject):
            raise BadInput("rider_id: a rider books for themselves only; leave it out")
        return who.subject
    if who.role != Role.SERVICE:
        raise NotAllowed(f"expected a rider or a service, got {_named(who)}")
    if rider_id is None:
        raise BadInput("rider_id: a service says whose trip it is")
    return rider_id


def driver_only(who: Caller) -> str:
    """The driver who calls; NotAllowed for everybody else."""
    if not is_driver(who):
        raise NotAllowed(f"expected a driver, got {_named(who)}")
    return who.subject


def not_a_driver(who: Caller) -> None:
    """NotAllowed for a driver: what only riders and those who act for them may do."""
    if is_driver(who):
        raise NotAllowed("expected the rider of the booking, got a driver")


def about(who: Caller, driver_id: str) -> None:
    """Nothing, for the driver themselves, staff and services.

    Raises
    ------
    NotThere
        For others, who do not learn which drivers there are.
    """
    if who.role == Role.USER and not (is_driver(who) and who.subject == driver_id):
        raise NotThere(f"there is no driver {driver_id}")


def seen(
    connection: Connection, who: Caller, booking_id: uuid.UUID, lock: bool = False
) -> Row[Any]:
    """The booking, for a caller who may see it; ``lock`` holds it until the transaction ends.

    Raises
    ------
    NotThere
        If there is none, or it is somebody else's: a stranger does not learn which.
    """
    row = (kept.locked if lock else kept.find)(connection, booking_id)
    if who.role == Role.USER:
        owner = row.driver_id if is_driver(who) else row.rider_id
        if owner != who.subject:
            raise NotThere(f"there is no booking {booking_id}")
    return row


def scope(who: Caller) -> Any:
    """The condition on bookings that lists no others than `seen` shows."""
    if who.role != Role.USER:
        return kept.matching({})
    return kept.matching({"driver_id" if is_driver(who) else "rider_id": who.subject})


def _named(who: Caller) -> str:
    return "a driver" if is_driver(who) else f"a caller with role {who.role}"
