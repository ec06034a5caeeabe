"""What events of other systems do here, once each: docs/domain.md, section 2.5.

| event | payload | effect |
|---|---|---|
| ORDER_CANCELLED | user_id, order_id | a line in the user's open conversation about that order |
| PAYMENT_FAILED | user_id, order_id? | a conversation is opened that says so and offers help |
| FRAUD_FLAGGED | user_id | the user's messages of the next 30 days go to the fraud team |
| SOS_TRIGGERED | user_id, order_id? | an URGENT conversation, with the safety team at once |

The effect and the mark that it took place are one transaction: an event that comes again, or whose
handler was killed, has its effect once.
"""

import json
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import Field, ValidationError
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from core.enums import (
    Channel,
    ConversationStatus,
    MessageType,
    Priority,
    ReasonCode,
    Sender,
    Specialization,
)
from core.intents import complexity
from serving.api.platform import Platform
from serving.events.broker import Event
from serving.schemas import Closed, Word
from serving.support import handover
from serving.support.schemas import OrderId
from store import conversations as kept
from store import outbox, users
from store.db import read, write
from store.tables import Base, HandledEvent

log = logging.getLogger(__name__)
HANDLED = Base.metadata.tables[HandledEvent.__tablename__]
CANCELLED = "Order {order_id} was cancelled."
PAYMENT = (
    "Your last payment{about} did not go through. Nothing is lost: open Payment in the app, check "
    "the card or choose another one, and pay again. Write here if that does not help."
)
SOS = "The SOS button was pressed{about}. The safety team is with you now."


class About(Closed):
    """Whom an event concerns, and which order."""

    user_id: Word
    order_id: OrderId | None = None
    reason: str | None = Field(None, max_length=500)

    @property
    def words(self) -> str:
        return f" for order {self.order_id}" if self.order_id else ""


def handle(found: Platform, event: Event) -> bool:
    """The effect of an event; False if it had it before, or has none here.

    An event that cannot be understood is logged and left: no repetition would make it better.
    """
    effect = EFFECTS.get(event.name)
    if effect is None:
        return False
    try:
        about = About.model_validate_json(json.dumps(event.payload))
    except ValidationError as error:
        log.error(
            "%s %s cannot be understood: %d problems", event.name, event.id, error.error_count()
        )
        return False
    now = found.clock()

    def work(connection: Connection) -> None:
        row = {"id": event.id, "name": event.name, "handled_at": now}
        connection.execute(sa.insert(HANDLED).values(row))
        effect(connection, about, now)

    try:
        write(found.engine, work)
    except IntegrityError:
        if not read(found.engine, lambda c: _handled(c, event.id)):
            raise  # it is not that the event came before: it has to come again
        return False
    return True


def _handled(connection: Connection, event_id: str) -> bool:
    return (
        connection.execute(sa.select(HANDLED).where(HANDLED.c.id == event_id)).first() is not None
    )


def _order_cancelled(connection: Connection, about: About, now: datetime) -> None:
    table = kept.CONVERSATION
    theirs = (
        (table.c.user_id == about.user_id)
        & (table.c.order_id == about.order_id)
        & table.c.status.in_([ConversationStatus.IN_PROGRESS, ConversationStatus.ESCALATED])
    )
    chosen = sa.select(table.c.id).where(theirs).order_by(table.c.created_at.desc()).limit(1)
    conversation_id = connection.scalar(chosen)
    if conversation_id is None:
        return
    row = kept.locked(connection, conversation_id)
    _tell(connection, conversation_id, CANCELLED.format(order_id=about.order_id), now)
    kept.change(connection, row, {"updated_at": now})


def _payment_failed(connection: Connection, about: About, now: datetime) -> None:
    conversation_id = _opened(connection, about, "payment_problem", now)
    _tell(connection, conversation_id, PAYMENT.format(about=about.words), now)


def _fraud_flagged(connection: Connection, about: About, now: datetime) -> None:
    users.flag(connection, about.user_id, users.FRAUD, now)


def _sos_triggered(connection: Connection, about: About, now: datetime) -> None:
    conversation_id = _opened(connection, about, "urgent_issue", now)
    _tell(connection, conversation_id, SOS.format(about=about.words), now)
    reason = handover.Reason(
        ReasonCode.SAFETY.value, f"SOS{about.words}", Priority.URGENT.value,
        Specialization.SAFETY.value,
    )  # fmt: skip
    handover.hand_over(connection, kept.find(connection, conversation_id), reason, now)


EFFECTS: dict[str, Callable[[Connection, About, datetime], None]] = {
    "ORDER_CANCELLED": _order_cancelled,
    "PAYMENT_FAILED": _payment_failed,
    "FRAUD_FLAGGED": _fraud_flagged,
    "SOS_TRIGGERED": _sos_triggered,
}


def _opened(connection: Connection, about: About, intent: str, now: datetime) -> Any:
    conversation = kept.start(connection, {
        "user_id": about.user_id, "channel": Channel.CHAT, "ai_handled": True,
        "status": ConversationStatus.IN_PROGRESS, "priority": Priority.LOW,
        "order_id": about.order_id, "language_code": "en", "intent": intent,
        "complexity": complexity(intent), "created_at": now, "updated_at": now,
    })  # fmt: skip
    told = {"conversation_id": str(conversation.id), "user_id": about.user_id, "channel": "CHAT"}
    outbox.add(connection, "SUPPORT_CONVERSATION_CREATED", told, now)
    return conversation.id


def _tell(connection: Connection, conversation_id: Any, text: str, now: datetime) -> None:
    kept.say(connection, conversation_id, {
        "sender": Sender.SYSTEM, "message_type": MessageType.SYSTEM, "content": text,
        "created_at": now,
    })  # fmt: skip
