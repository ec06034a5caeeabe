"""Premium bookings: which moves there are, what a cancellation costs, what the guarantee pays back.

Source
------
docs/domain.md, sections 4.3 and 4.4; data/policies.yaml says the same to users.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from core.enums import BookingStatus, CancelledBy, RefundStatus
from core.errors import Conflict
from core.params.decisions import BookingParams


class Move(StrEnum):
    """What can happen to a booking."""

    CONFIRM = "CONFIRM"
    ASSIGN = "ASSIGN"
    RELEASE = "RELEASE"
    START = "START"
    COMPLETE = "COMPLETE"
    CANCEL = "CANCEL"
    BREAK_OFF = "BREAK_OFF"


MOVES: Mapping[BookingStatus, Mapping[Move, BookingStatus]] = {
    BookingStatus.PENDING: {
        Move.CONFIRM: BookingStatus.CONFIRMED,
        Move.CANCEL: BookingStatus.CANCELLED,
    },
    BookingStatus.CONFIRMED: {
        Move.ASSIGN: BookingStatus.DRIVER_ASSIGNED,
        Move.CANCEL: BookingStatus.CANCELLED,
    },
    BookingStatus.DRIVER_ASSIGNED: {
        Move.RELEASE: BookingStatus.CONFIRMED,
        Move.START: BookingStatus.IN_PROGRESS,
        Move.CANCEL: BookingStatus.CANCELLED,
    },
    BookingStatus.IN_PROGRESS: {
        Move.COMPLETE: BookingStatus.COMPLETED,
        Move.BREAK_OFF: BookingStatus.CANCELLED,
    },
    BookingStatus.COMPLETED: {},
    BookingStatus.CANCELLED: {},
}


def after(status: BookingStatus, move: Move) -> BookingStatus:
    """Where ``move`` leads.

    Raises
    ------
    Conflict
        If it does not lead anywhere from ``status``; it says what does.
    """
    there = MOVES[status].get(move)
    if there is None:
        allowed = ", ".join(MOVES[status]) or "nothing any more"
        raise Conflict(f"a booking that is {status} allows {allowed}; got {move}")
    return there


@dataclass(frozen=True, slots=True)
class Agreed:
    """What a cancellation is judged by. ``scheduled_at`` is None for a ride as soon as possible;
    ``due_at`` is the agreed pick-up, None before one is; ``fell_back``: to a STANDARD driver."""

    price_cents: int
    scheduled_at: datetime | None
    assigned_at: datetime | None
    due_at: datetime | None
    fell_back: bool = False


def cancellation_fee(agreed: Agreed, by: CancelledBy, now: datetime, params: BookingParams) -> int:
    """Cents that the rider owes for cancelling at ``now``, before the ride began.

    Nothing when somebody else cancels, after a fall-back to STANDARD, or once the driver is late.
    A scheduled ride is free until an hour before pick-up; one as soon as possible, which has no
    such hour, until shortly after a driver took it (docs/decisions/0024).
    """
    if by != CancelledBy.RIDER or agreed.fell_back:
        return 0
    late = timedelta(minutes=params.driver_late_minutes)
    if agreed.due_at is not None and now > agreed.due_at + late:
        return 0
    if agreed.scheduled_at is not None:
        free_until = agreed.scheduled_at - timedelta(minutes=params.free_minutes_before_pickup)
    elif agreed.assigned_at is None:
        return 0
    else:
        free_until = agreed.assigned_at + timedelta(minutes=params.free_minutes_after_match)
    if now <= free_until:
        return 0
    # half a cent goes up, as in a price
    return math.floor(agreed.price_cents * params.late_share + 0.5 + 1e-9)


@dataclass(frozen=True, slots=True)
class Verdict:
    """On a claim: what becomes of it, the cents paid back now, and why."""

    status: RefundStatus
    cents: int
    why: str


def judge_claim(
    paid_cents: int,
    stars: int,
    completed_at: datetime,
    last_automatic_at: datetime | None,
    now: datetime,
    params: BookingParams,
) -> Verdict:
    """The refund guarantee, for a claim with a category on a ride that was completed.

    ``stars`` are the rider's own of that trip; ``last_automatic_at`` is when the rider's last
    automatic refund was paid. What is paid back is the whole price.
    """
    if stars > params.refund_stars:
        why = (
            f"the trip was rated {stars} stars; the guarantee is for {params.refund_stars} or less"
        )
        return Verdict(RefundStatus.REFUSED, 0, why)
    if now > completed_at + timedelta(hours=params.claim_hours):
        why = f"the claim came more than {params.claim_hours:g} hours after the trip"
        return Verdict(RefundStatus.REFUSED, 0, why)
    period = timedelta(days=params.automatic_days)
    if last_automatic_at is not None and now < last_automatic_at + period:
        why = f"one claim in {params.automatic_days} days is automatic; a person looks at this one"
        return Verdict(RefundStatus.PENDING_REVIEW, 0, why)
    return Verdict(RefundStatus.APPROVED, paid_cents, "the refund guarantee")
