"""One conversation as it goes on: hear a message, answer it, hand over, mark, resolve, reopen.

A message is stored before it is answered: whatever fails afterwards, it is kept, and the same
message sent again (by its client id) gets its answer. The engine runs outside of transactions.
"""

import hashlib
import logging
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.engine import Connection, Row
from sqlalchemy.exc import IntegrityError

from core.enums import (
    Action,
    Channel,
    ConversationStatus,
    LoyaltyTier,
    MessageType,
    Priority,
    Role,
    Sender,
)
from core.errors import Conflict, LookupUnavailable, ModelMissing
from core.intents import UNKNOWN, complexity
from engines.support import sos, wording
from engines.support.answering import Reply, reply_without_release
from engines.support.order_words import with_order
from engines.support.policy import Message
from engines.support.turns import Turn, so_far
from serving.api.identity import Caller
from serving.api.platform import Platform
from serving.support import handover
from serving.support.release import rules_now
from store import conversations as kept
from store import mail, outbox, users
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
            return Heard(row, _same(before, text), reply, _known(connection, row, found))
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
        return Heard(row, message, None, _of_user(connection, user_id, found))

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
                return Heard(row, _same(before, text), reply, _known(connection, row, found))
        if row.status in ENDED:
            reopen_row(connection, row, now, found.params.api.reopen_hours)
            row = kept.find(connection, conversation_id)
        row = kept.change(connection, row, {"updated_at": now})
        message = _keep(connection, row.id, text, client_message_id, message_type, now)
        if also:
            also(connection, message)
        if row.status == HELD and sos.count(text):
            row = _alarm(connection, row, now)
        return Heard(row, message, None, _known(connection, row, found))

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
    told = _ask(found, caller, heard)
    spent = round((time.perf_counter() - began) * 1000)
    try:
        return write(found.engine, lambda c: tell(c, found, row.id, message, told, spent))
    except IntegrityError:  # on PostgreSQL two may have got here: the other's reply stands
        return read(found.engine, lambda c: _as_it_stands(c, row.id, message))


def _as_it_stands(connection: Connection, conversation_id: uuid.UUID, message: Row[Any]) -> Said:
    return Said(
        kept.find(connection, conversation_id), message, kept.reply_to(connection, message.id)
    )


def _known(connection: Connection, row: Row[Any], found: Platform) -> dict[str, Any]:
    """What the engine may know of the conversation and its user so far."""
    turns = so_far(_turns(kept.turns(connection, row.id)))
    return {**turns, **_of_user(connection, row.user_id, found)}


def _of_user(connection: Connection, user_id: str, found: Platform) -> dict[str, Any]:
    since = found.clock() - timedelta(days=found.params.api.fraud_flag_days)
    return {"fraud_flagged": users.is_flagged(connection, user_id, users.FRAUD, since)}


def _ask(found: Platform, caller: Caller, heard: Heard) -> Reply:
    """What the engine says; without a release a person takes over."""
    row, message = heard.conversation, heard.message
    asked = Message(
        text=message.content,
        audience=caller.audience.value,
        loyalty_tier=_tier(found, caller, row.user_id).value,
        order_id=row.order_id,
        asked_at=message.created_at,
        **heard.known,
    )
    try:
        reply = found.answers.to(asked)
    except ModelMissing:
        return reply_without_release(asked, rules_now(found.engine))
    return _in_friendly_words(found, _with_order(found, reply, row.user_id), message.content)


def _tier(found: Platform, caller: Caller, user_id: str) -> LoyaltyTier:
    """A user's token says their tier; who writes for a user through a service has no token."""
    return caller.loyalty_tier if caller.role == Role.USER else found.company.tier(user_id)


def _with_order(found: Platform, reply: Reply, user_id: str) -> Reply:
    """An answer about an order, with how that order stands; as it was where nobody can say."""
    if reply.order_id is None:
        return reply
    try:
        return with_order(reply, found.company.own_order(reply.order_id, user_id))
    except LookupUnavailable as error:
        log.warning("answered without a look at the order: %s", error)
        return reply


def _in_friendly_words(found: Platform, reply: Reply, text: str) -> Reply:
    """An answer that is sure of its source, reworded if a model for that is configured."""
    sure = (reply.confidence or 0.0) >= found.params.support.high_confidence
    if reply.action != Action.ANSWER or not (reply.sources and sure and found.rephraser):
        return reply
    return replace(reply, content=found.rephraser.words(reply.content, text))


def _turns(rows: Sequence[Row[Any]]) -> list[Turn]:
    """The turns so far; an entity is new where no earlier message had it."""
    seen: set[tuple[str, str]] = set()
    turns: list[Turn] = []
    for row in rows:
        named = {(e["type"], str(e["normalised"])) for e in row.entities or []}
        turns.append(
            Turn(
                row.intent or UNKNOWN,
                row.action,
                row.sentiment_score or 0.0,
                new_entity=bool(turns) and bool(named - seen),
                helpful=bool(row.helpful),
            )
        )
        seen |= named
    return turns


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
