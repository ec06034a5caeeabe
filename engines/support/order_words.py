"""What to tell a user of the order that a message is about, in front of the item's answer.

An order that is not there and one of somebody else's are told in the same words: whoever tries
numbers learns nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.enums import OrderStatus, PaymentStatus, Vertical
from engines.support import wording
from engines.support.answering import Reply
from engines.support.ports import Order, Payment

NOT_YOURS = "I cannot find order {order_id} in your account; please check the number."
NAMES = {
    Vertical.RIDE: "ride",
    Vertical.MOTO: "ride",
    Vertical.FOOD: "food order",
    Vertical.GROCERY: "grocery order",
    Vertical.GOODS: "delivery",
    Vertical.TRUCK_VAN: "van booking",
}
STATES = {
    OrderStatus.PENDING: "has been received",
    OrderStatus.SEARCHING: "is waiting for a driver",
    OrderStatus.MATCHED: "has a driver",
    OrderStatus.DRIVER_EN_ROUTE: "has a driver who is on the way",
    OrderStatus.ARRIVED: "has a driver who is at the pick-up point",
    OrderStatus.IN_PROGRESS: "is under way",
    OrderStatus.COMPLETED: "was completed{at}",
    OrderStatus.CANCELLED: "was cancelled{by}{at}",
    OrderStatus.EXPIRED: "ended without a driver",
}
BY = {"RIDER": " by the rider", "DRIVER": " by the driver", "SYSTEM": " by us"}
PAID = {"CHARGE", "FEE"}


@dataclass(frozen=True, slots=True)
class Known:
    """An order of the user's own, and what the rider paid for it and was given back; a driver sees
    no payments."""

    order: Order
    payments: Sequence[Payment] = ()


def with_order(reply: Reply, known: Known | None) -> Reply:
    """The answer with what is known of its order; None: the user has no such order.

    ``reply`` is an answer with an ``order_id``.
    """
    lead = told(known) if known else NOT_YOURS.format(order_id=reply.order_id)
    answer = reply.content.removeprefix(wording.about(str(reply.order_id)))
    return replace(reply, content=f"{lead} {answer}")


def told(known: Known) -> str:
    """One or two sentences: how the order stands, and money given back."""
    order = known.order
    ended = order.completed_at or order.cancelled_at
    state = STATES[order.status].format(
        at=_at(ended) if ended else "", by=BY.get(order.cancelled_by or "", "")
    )
    sentences = [f"Order {order.order_id} ({NAMES[order.vertical]}) {state}."]
    paid = _sum(known.payments, PAID, PaymentStatus.CAPTURED)
    back = _sum(known.payments, {"REFUND"}, PaymentStatus.REFUNDED)
    if paid:
        sentences.append(f"{_money(paid, order.currency)} was paid for it.")
    if back:
        sentences.append(f"{_money(back, order.currency)} was given back.")
    return " ".join(sentences)


def _at(moment: datetime) -> str:
    return f" on {moment:%-d %B at %H:%M} UTC"


def _sum(payments: Sequence[Payment], kinds: set[str], status: PaymentStatus) -> int:
    return sum(abs(p.amount) for p in payments if p.kind in kinds and p.status == status)


def _money(cents: int, currency: str) -> str:
    return f"{cents / 100:.2f} {currency}"
