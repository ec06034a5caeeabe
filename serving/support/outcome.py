"""How a conversation ends and what is said of it: hand over, mark, resolve, reopen."""

import uuid
from contextlib import suppress
from dataclasses import replace
from typing import Any

from sqlalchemy.engine import Connection, Row

from core.enums import ConversationStatus, Priority, Role, Sender
from core.errors import BadInput, Conflict, NotAllowed
from serving.api.identity import Caller
from serving.api.platform import Platform
from serving.support import handover, learning, talk
from serving.support.handover import URGENCY
from serving.support.talk import ENDED, HELD
from store import conversations as kept
from store import outbox
from store.db import write
from store.tables import LabelSource


def escalate(
    found: Platform, conversation_id: uuid.UUID, reason: str, priority: Priority
) -> Row[Any]:
    """A person is wanted: always honoured. The conversation as it stands then."""
    now = found.clock()

    def work(connection: Connection) -> Row[Any]:
        row = kept.locked(connection, conversation_id)
        if row.status == ConversationStatus.CLOSED:
            raise Conflict("this conversation is closed; open a new one")
        if row.status == ConversationStatus.RESOLVED:
            talk.reopen_row(connection, row, now, found.params.api.reopen_hours)
            row = kept.find(connection, conversation_id)
        asked = handover.Reason.asked(reason, priority)
        if row.status != HELD:
            handover.hand_over(connection, row, asked, now)
        elif URGENCY.index(priority) > URGENCY.index(row.priority):
            # the team stays: what it was handed over for has not changed
            same = replace(asked, code=row.reason_code, team=handover.team_of(row))
            handover.make_urgent(connection, row, same, now)
        return kept.find(connection, conversation_id)

    return write(found.engine, work)


def require_user(caller: Caller) -> None:
    """NotAllowed for staff: a mark is what the user says, and would be of their own answers."""
    if caller.role not in (Role.USER, Role.SERVICE):
        raise NotAllowed(
            f"expected the user to mark an answer, got a caller with role {caller.role}"
        )


def rate(
    found: Platform,
    conversation_id: uuid.UUID,
    message_id: uuid.UUID,
    rating: int,
    was_helpful: bool | None,
    comment: str | None,
) -> uuid.UUID:
    """Keep what the user says of an answer; its id.

    Raises
    ------
    BadInput
        If the message is not an answer of this conversation.
    """
    now = found.clock()

    def work(connection: Connection) -> uuid.UUID:
        kept.locked(connection, conversation_id)  # of two marks at once the second replaces
        marked = kept.message(connection, message_id)
        if marked is None or marked.conversation_id != conversation_id:
            raise BadInput(f"message_id: expected a message of this conversation, got {message_id}")
        if marked.sender not in (Sender.AI, Sender.AGENT):
            raise BadInput("message_id: expected an answer, got a message of the user's own")
        feedback_id = kept.rate(connection, {
            "message_id": message_id, "conversation_id": conversation_id, "user_rating": rating,
            "was_helpful": was_helpful, "follow_up_required": was_helpful is False,
            "user_comment": comment, "created_at": now,
        })  # fmt: skip
        if was_helpful is False and marked.reply_to is not None:
            _to_review(connection, found, marked)
        told = {"conversation_id": str(conversation_id), "message_id": str(message_id),
                "rating": rating, "was_helpful": was_helpful}  # fmt: skip
        outbox.add(connection, "AI_FEEDBACK_RECEIVED", told, now)
        return feedback_id

    return write(found.engine, work)


def resolve(found: Platform, caller: Caller, conversation_id: uuid.UUID) -> Row[Any]:
    """Ended: the user says so, or an agent."""
    now = found.clock()

    def work(connection: Connection) -> Row[Any]:
        row = kept.locked(connection, conversation_id)
        if row.status in ENDED:
            raise Conflict(f"this conversation is {row.status}; only one that goes on is resolved")
        handover.resolve(connection, row, caller.role, now)
        return kept.find(connection, conversation_id)

    return write(found.engine, work)


def reopen(found: Platform, conversation_id: uuid.UUID) -> Row[Any]:
    """Not ended after all; Conflict when it goes on, is closed, or ended too long ago."""
    now = found.clock()

    def work(connection: Connection) -> Row[Any]:
        row = kept.locked(connection, conversation_id)
        talk.reopen_row(connection, row, now, found.params.api.reopen_hours)
        return kept.find(connection, conversation_id)

    return write(found.engine, work)


def _to_review(connection: Connection, found: Platform, marked: Row[Any]) -> None:
    """An answer that did not help: what was asked waits for a reviewer."""
    asked = kept.message(connection, marked.reply_to)
    if asked is not None:
        row = kept.find(connection, marked.conversation_id)
        with suppress(Conflict):  # somebody has reviewed it: that stands
            learning.suggest(connection, found, row, asked, LabelSource.FEEDBACK, "user")
