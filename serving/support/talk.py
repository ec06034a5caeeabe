"""One conversation as it goes on: hear a message, answer it, hand over, mark, resolve, reopen.

A message is stored before it is answered: whatever fails afterwards, it is kept, and the same
message sent again (by its client id) gets its answer. The engine runs outside of transactions.
"""

import hashlib
import logging
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.engine import Connection, Row
from sqlalchemy.exc import IntegrityError

from core.enums import (
    Action,
    Channel,
    ConversationStatus,
    MessageType,
    Priority,
    Sender,
)
from core.errors import Conflict
from core.intents import UNKNOWN, complexity
from engines.support import sos, wording
from engines.support.answering import Reply
from serving.api.identity import Caller
from serving.api.platform import Platform
from serving.support import asking, handover
from store import conversations as kept
from store import mail, outbox
from store.db import read, write

log = logging.getLogger(__name__)
ENDED = (ConversationStatus.CLOSED, ConversationStatus.RESOLVED)
HELD = ConversationStatus.ESCALATED
A_DAY = timedelta(days=1)
Also = Callable[[Connection, Row[Any]], None]
"""What else is stored with a message: gets the message's row."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A message as it was stored; ``known``: what the engine may know of its conversation and user,
    as fields of `Message`."""

    conversation: Row[Any]
    message: Row[Any]
    reply: Row[Any] | None
    known: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    """A message of a user, its conversation, and the assistant's reply unless a person is in
    charge."""

    conversation: Row[Any]
    message: Row[Any]
    reply: Row[Any] | None


def open_conversation(
    found: Platform,
    caller: Caller,
    user_id: str,
    channel: Channel,
    text: str,
    order_id: str | None = None,
    client_message_id: str | None = None,
    message_type: MessageType = MessageType.TEXT,
    also: Also | None = None,
    opened_as: str | None = None,
) -> Said:
    """Begin a conversation with its first message, and answer it; ``also`` in one transaction.

    ``opened_as``: of the call (`opening`), so that one which comes again after its answer failed
    goes on with the conversation that it began.
    """
    now = found.clock()
    client_message_id = client_message_id or opened_as

    def work(connection: Connection) -> Heard:
        if opened_as and (before := kept.opened(connection, user_id, opened_as, now - A_DAY)):
            row, reply = (
                kept.find(connection, before.conversation_id),
                kept.reply_to(connection, before.id),
            )
            return Heard(row, _same(before, text), reply, asking.known(connection, row, found))
        row = kept.start(connection, {
            "user_id": user_id, "channel": channel, "status": ConversationStatus.OPEN,
            "ai_handled": True, "priority": Priority.LOW, "order_id": order_id,
            "language_code": "en", "created_at": now, "updated_at": now,
        })  # fmt: skip
        message = _keep(connection, row.id, text, client_message_id, message_type, now)
        if also:
            also(connection, message)
        told = {"conversation_id": str(row.id), "user_id": user_id, "channel": channel}
        outbox.add(connection, "SUPPORT_CONVERSATION_CREATED", told, now)
        return Heard(row, message, None, asking.of_user(connection, user_id, found))

    return _answer(found, caller, write(found.engine, work))


def opening(key: str) -> str:
    """The id of the first message of a conversation that is opened under an idempotency key."""
    return hashlib.sha256(key.encode()).hexdigest()


def say(
    found: Platform,
    caller: Caller,
    conversation_id: uuid.UUID,
    text: str,
    client_message_id: str | None = None,
    message_type: MessageType = MessageType.TEXT,
    also: Also | None = None,
) -> Said:
    """The next message of the user, answered unless a person is in charge; ``also`` is done in the
    transaction that stores it.

    Raises
    ------
    Conflict
        If the conversation has ended, or the client's id came before with another text.
    """
    now = found.clock()

    def work(connection: Connection) -> Heard:
        row = kept.locked(connection, conversation_id)
        if client_message_id:
            before = kept.said_before(connection, conversation_id, client_message_id)
            if before is not None:
                reply = kept.reply_to(connection, before.id)
                return Heard(row, _same(before, text), reply, asking.known(connection, row, found))
        if row.status in ENDED:
            reopen_row(connection, row, now, found.params.api.reopen_hours)
            row = kept.find(connection, conversation_id)
        row = kept.change(connection, row, {"updated_at": now})
        message = _keep(connection, row.id, text, client_message_id, message_type, now)
        if also:
            also(connection, message)
        if row.status == HELD and sos.count(text):
            row = _alarm(connection, row, now)
        return Heard(row, message, None, asking.known(connection, row, found))

    return _answer(found, caller, write(found.engine, work))


def _alarm(connection: Connection, row: Row[Any], now: datetime) -> Row[Any]:
    """The assistant rests while a person is in charge, but danger must not wait in the queue."""
    if handover.make_urgent(connection, row, handover.Reason.danger(), now):
        line = kept.say(connection, row.id, {
            "sender": Sender.SYSTEM, "message_type": MessageType.SYSTEM, "created_at": now,
            "content": wording.handover(Priority.URGENT),
        })  # fmt: skip
        mail.queue_reply(connection, row, line, now)
    return kept.find(connection, row.id)


def _same(before: Row[Any], text: str) -> Row[Any]:
    if (before.sender, before.content) != (Sender.USER, text):
        named = before.client_message_id
        raise Conflict(f"client_message_id {named} came before with another text; use a new id")
    return before


def _keep(
    connection: Connection,
    conversation_id: uuid.UUID,
    text: str,
    client_message_id: str | None,
    message_type: MessageType,
    now: datetime,
) -> Row[Any]:
    return kept.say(connection, conversation_id, {
        "sender": Sender.USER, "message_type": message_type, "content": text,
        "client_message_id": client_message_id, "created_at": now,
    })  # fmt: skip


def _answer(found: Platform, caller: Caller, heard: Heard) -> Said:
    """Answer a stored message, once: whoever comes second gets the first one's reply."""
    row, message = heard.conversation, heard.message
    if heard.reply is not None or row.status == HELD:
        return Said(row, message, heard.reply)
    began = time.perf_counter()
    told = asking.ask(found, caller, row, message, heard.known)
    spent = round((time.perf_counter() - began) * 1000)
    try:
        return write(found.engine, lambda c: tell(c, found, row.id, message, told, spent))
    except IntegrityError:  # on PostgreSQL two may have got here: the other's reply stands
        return read(found.engine, lambda c: _as_it_stands(c, row.id, message))


def _as_it_stands(connection: Connection, conversation_id: uuid.UUID, message: Row[Any]) -> Said:
    return Said(
        kept.find(connection, conversation_id), message, kept.reply_to(connection, message.id)
    )


def tell(
    connection: Connection,
    found: Platform,
    conversation_id: uuid.UUID,
    message: Row[Any],
    told: Reply,
    spent: int,
) -> Said:
    """Store the reply and what it means for the conversation, unless somebody did meanwhile."""
    row = kept.locked(connection, conversation_id)
    reply = kept.reply_to(connection, message.id)
    if reply is not None or row.status == HELD:
        return Said(row, message, reply)
    now = found.clock()
    kept.understood(connection, message.id, {
        "intent": told.intent, "sentiment_score": told.sentiment_score,
        "language_code": told.language_code, "entities": told.entities,
    })  # fmt: skip
    reply = kept.say(connection, conversation_id, {
        "sender": Sender.AI, "message_type": MessageType.TEXT, "content": told.content,
        "action": told.action, "confidence_score": told.confidence, "sources": told.sources,
        "intent": told.intent, "language_code": told.language_code, "reply_to": message.id,
        "processing_time_ms": spent, "release": told.release, "created_at": now,
    })  # fmt: skip
    mail.queue_reply(connection, row, reply, now)
    row = kept.change(connection, row, _after(row, told, now))
    if told.action == Action.ESCALATE and row.status == ConversationStatus.RESOLVED:
        handover.reopen(connection, row, now)
        row = kept.find(connection, conversation_id)
    if told.action == Action.ESCALATE and row.status != HELD:
        handover.hand_over(connection, row, handover.Reason.of(told), now)
        row = kept.find(connection, conversation_id)
    return Said(row, message, reply)


def _after(row: Row[Any], told: Reply, now: datetime) -> dict[str, Any]:
    """What a reply changes in its conversation: the first intent in scope stays."""
    intent = row.intent or (told.intent if told.intent != UNKNOWN else None)
    return {
        # ended by its user while the answer was made: it stays so
        "status": row.status if row.status in ENDED else ConversationStatus.IN_PROGRESS,
        "sentiment_score": told.sentiment_score,
        "intent": intent,
        "complexity": complexity(intent) if intent else None,
        "language_code": told.language_code,
        "first_response_at": row.first_response_at or now,
        "updated_at": now,
    }


def reopen_row(connection: Connection, row: Row[Any], now: datetime, hours: float) -> None:
    if row.status != ConversationStatus.RESOLVED:
        raise Conflict(f"expected a resolved conversation, this one is {row.status}")
    if now - row.resolved_at > timedelta(hours=hours):
        raise Conflict(f"resolved more than {hours:g} hours ago; open a new conversation")
    handover.reopen(connection, row, now)
