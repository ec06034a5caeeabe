"""Endpoints of the refund guarantee: a claim, and a person's word where the rule has none."""

import uuid
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy.engine import Connection, Row

from core.enums import BookingStatus, RefundStatus, Role
from core.errors import Conflict, NotAllowed
from engines.premium.bookings import judge_claim
from serving.api.callers import Admin, Anyone, Found, Staff
from serving.api.idempotency import Key, once
from serving.api.platform import Platform
from serving.api.problems import documented
from serving.premium import access
from serving.premium.schemas import ClaimIn, DecideIn, RefundOut
from serving.schemas import Closed, shown
from store import audit, outbox
from store import premium_refunds as kept
from store.db import read, write

router = APIRouter(
    tags=["premium refunds"], responses=documented(401, 403, 404, 409, 422, 429, 503)
)


class _Claim(Closed):
    """A claim as its idempotency key knows it."""

    booking_id: uuid.UUID
    claim: ClaimIn


@router.post("/bookings/{booking_id}/refund", status_code=201)
def claim(
    booking_id: uuid.UUID, given: ClaimIn, who: Anyone, found: Found, key: Key = None
) -> RefundOut:
    """The rider wants the price of a rated trip back; the answer says what comes of it."""
    if not access.is_rider(who):
        raise NotAllowed("a claim is the rider's own")
    asked, now = _Claim(booking_id=booking_id, claim=given), found.clock()

    def work(connection: Connection) -> Row[Any]:
        row = access.seen(connection, who, booking_id)
        kept.lock_claims_of(connection, row.rider_id)
        return _judged(found, connection, access.seen(connection, who, booking_id), given, now)

    return once(
        found, who, key, asked, RefundOut, lambda: shown(RefundOut, write(found.engine, work))
    )


def _judged(
    found: Platform, connection: Connection, row: Row[Any], given: ClaimIn, now: datetime
) -> Row[Any]:
    if row.status != BookingStatus.COMPLETED or row.rating is None:
        state = row.status if row.status != BookingStatus.COMPLETED else "not rated yet"
        raise Conflict(f"expected a completed trip that its rider rated; this one is {state}")
    verdict = judge_claim(
        row.price_cents, row.rating, row.completed_at,
        kept.last_automatic(connection, row.rider_id), now, found.params.bookings,
    )  # fmt: skip
    waits = verdict.status == RefundStatus.PENDING_REVIEW
    refund = kept.file(connection, {
        "booking_id": row.id, "rider_id": row.rider_id, "category": given.category,
        "text": given.text, "stars": row.rating, "status": verdict.status,
        "cents": verdict.cents, "why": verdict.why, "requested_at": now,
        "decided_at": None if waits else now, "decided_by": None,
    })  # fmt: skip
    _tell(connection, "PREMIUM_REFUND_REQUESTED", refund, now)
    if not waits:
        _tell(connection, "PREMIUM_REFUND_PROCESSED", refund, now)
    return refund


@router.get("/bookings/{booking_id}/refund")
def look(booking_id: uuid.UUID, who: Anyone, found: Found) -> RefundOut:
    """What became of the claim about a booking."""
    access.not_a_driver(who)

    def work(connection: Connection) -> Row[Any]:
        return kept.of_booking(connection, access.seen(connection, who, booking_id).id)

    refund: RefundOut = shown(RefundOut, read(found.engine, work))
    return refund


@router.get("/refunds")
def list_waiting(
    _who: Staff, found: Found, limit: Annotated[int, Query(ge=1, le=100)] = 50
) -> list[RefundOut]:
    """Claims that wait for a person, the oldest first."""
    rows = read(found.engine, lambda c: kept.waiting(c, limit))
    return [shown(RefundOut, row) for row in rows]


@router.post("/refunds/{refund_id}")
def decide(refund_id: uuid.UUID, given: DecideIn, who: Admin, found: Found) -> RefundOut:
    """Approve a claim, or refuse it, with the reason that the rider is told."""
    now = found.clock()

    def work(connection: Connection) -> Row[Any]:
        row = kept.decide(connection, refund_id, given.approve, given.why, who.subject, now)
        told = {"approve": given.approve, "why": given.why, "cents": row.cents}
        audit.record(
            connection, who.subject, Role.ADMIN, "refund.decide", str(refund_id), now, told
        )
        _tell(connection, "PREMIUM_REFUND_PROCESSED", row, now)
        return row

    refund: RefundOut = shown(RefundOut, write(found.engine, work))
    return refund


def _tell(connection: Connection, name: str, refund: Row[Any], now: datetime) -> None:
    told = {
        "refund_id": str(refund.id), "booking_id": str(refund.booking_id),
        "user_id": refund.rider_id, "status": refund.status, "cents": refund.cents,
    }  # fmt: skip
    outbox.add(connection, name, told, now)
