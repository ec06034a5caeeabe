"""What to tell a user of the order that a message is about, in front of the item's answer.

An order that is not there and one of somebody else's are told in the same words: whoever tries
numbers learns nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.enums import OrderStatus, PaymentStatus, Vertical
from core.money import Money
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
OWED = {"CHARGE", "FEE"}
CAME_TO_NOTHING = {OrderStatus.CANCELLED, OrderStatus.EXPIRED}


@dataclass(frozen=True, slots=True)
class Known:
    """An order of the user's own; ``payments`` None: a driver's, who is told nothing of money."""

    order: Order
    payments: Sequence[Payment] | None = None


def with_order(reply: Reply, known: Known | None) -> Reply:
    """The answer with what is known of its order; None: the user has no such order.

    ``reply`` is an answer with an ``order_id``.
    """
    lead = told(known) if known else NOT_YOURS.format(order_id=reply.order_id)
    answer = reply.content.removeprefix(wording.about(str(reply.order_id)))
    return replace(reply, content=f"{lead} {answer}")


def told(known: Known) -> str:
    """How the order stands; to its rider also what was quoted or paid, and given back."""
    order = known.order
    ended = order.completed_at or order.cancelled_at
    state = STATES[order.status].format(
        at=_at(ended) if ended else "", by=BY.get(order.cancelled_by or "", "")
    )
    stands = f"Order {order.order_id} ({NAMES[order.vertical]}) {state}."
    money = [] if known.payments is None else _money(order, known.payments)
    return " ".join([stands, *money])


def _money(order: Order, payments: Sequence[Payment]) -> list[str]:
    """Sentences about what a rider owes, has paid and got back, in the order's currency."""

    def total(kinds: set[str], status: PaymentStatus) -> Money:
        rows = [p for p in payments if p.kind in kinds and p.status == status]
        same = (abs(p.amount) for p in rows if p.currency == order.currency)
        return Money(sum(same), order.currency)

    paid = total(OWED, PaymentStatus.CAPTURED)
    reserved = total(OWED, PaymentStatus.AUTHORISED)
    failed = total(OWED, PaymentStatus.FAILED)
    charged_back = total(OWED, PaymentStatus.CHARGED_BACK)
    refunded = total({"REFUND"}, PaymentStatus.REFUNDED)
    sentences = []
    if paid.cents:
        sentences.append(f"{paid} was paid for it.")
    elif reserved.cents:
        sentences.append(f"{reserved} is reserved for it.")
    elif failed.cents:
        sentences.append("The payment for it did not go through.")
    elif not charged_back.cents and order.status not in CAME_TO_NOTHING:
        sentences.append(f"The fare was quoted as {Money(order.quoted_fare, order.currency)}.")
    if charged_back.cents:
        sentences.append(f"{charged_back} was taken back through the bank.")
    if refunded.cents:
        sentences.append(f"{refunded} was given back.")
    return sentences


def _at(moment: datetime) -> str:
    return f" on {moment:%-d %B at %H:%M} UTC"
