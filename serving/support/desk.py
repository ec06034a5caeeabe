"""What agents do: write to the user, go on and off duty, lose what they leave unanswered.

And what the assistant left: a message whose worker died over it goes to a person.
"""

import uuid
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy.engine import Connection, Row

from core.enums import AgentAvailability, ConversationStatus, MessageType, Sender
from core.errors import Conflict, NotThere
from engines.support.answering import Message, reply_without_release
from serving.api.platform import Platform
from serving.support import handover, talk
from serving.support.release import rules_now
from store import agents, mail
from store import conversations as kept
from store.db import read, write

EVERY_S = 5.0


def write_to_user(
    found: Platform,
    agent_user_id: str,
    conversation_id: uuid.UUID,
    text: str,
    client_message_id: str | None,
) -> Row[Any]:
    """A message of the agent who has the conversation.

    Raises
    ------
    NotThere
        If the conversation is another agent's.
    Conflict
        If it has ended, or the client's id came before with another text.
    """
    now = found.clock()

    def work(connection: Connection) -> Row[Any]:
        agent = agents.by_user(connection, agent_user_id)
        row = kept.locked(connection, conversation_id)
        if row.assigned_agent_id != agent.id:
            raise NotThere(f"there is no conversation {conversation_id} of yours; assign it first")
        if row.status != ConversationStatus.ESCALATED:
            raise Conflict(f"this conversation is {row.status}; reopen it to write in it")
        if client_message_id:
            before = kept.said_before(connection, conversation_id, client_message_id)
            if before is not None and (before.sender, before.content) == (Sender.AGENT, text):
                return before
            if before is not None:
                raise Conflict("client_message_id came before with another text; use a new id")
        message = kept.say(connection, conversation_id, {
            "sender": Sender.AGENT, "message_type": MessageType.TEXT, "content": text,
            "client_message_id": client_message_id, "created_at": now,
        })  # fmt: skip
        mail.queue_reply(connection, row, message, now)
        kept.change(connection, row, {
            "first_agent_reply_at": row.first_agent_reply_at or now, "updated_at": now,
        })  # fmt: skip
        return message

    return write(found.engine, work)


def set_availability(
    connection: Connection, agent_id: uuid.UUID, status: AgentAvailability, now: datetime
) -> None:
    """On duty: the queue fills the free places. Off duty: what they have goes back to it."""
    agents.set_availability(connection, agent_id, status, now)
    if status == AgentAvailability.AVAILABLE:
        handover.next_for(connection, agents.find(connection, agent_id), now)
    elif status == AgentAvailability.OFFLINE:
        for row in agents.conversations_of(connection, agent_id):
            # locked: what the user writes at this moment must not undo all of it
            held = kept.locked(connection, row.id)
            if held.assigned_agent_id == agent_id and held.status == row.status:
                handover.back_to_queue(connection, held, now)


def look_after(found: Platform) -> int:
    """Give unanswered conversations back to the queue, settle what users have left (how many
    conversations it was), and give whoever has a place what waits."""
    now, api = found.clock(), found.params.api
    late = api.assignment_timeout_s, api.agent_silence_s
    taken = write(found.engine, lambda c: handover.take_back(c, now, *late))
    taken += _pick_up(found, now - timedelta(seconds=api.assignment_timeout_s))
    taken += write(found.engine, lambda c: handover.settle(c, now, api.settle_hours))
    write(found.engine, lambda c: handover.fill(c, now))
    return taken


def _pick_up(found: Platform, before: datetime) -> int:
    """Hand over what was stored before that moment and never answered; how many it was.

    Not answered now: the message may be what its worker died of.
    """
    rows = read(found.engine, lambda c: kept.idle(c, before, unanswered=True))
    for row in rows:
        asked = read(found.engine, partial(kept.message, message_id=row.asked_id))
        if asked is not None:
            reply = reply_without_release(Message(text=asked.content), rules_now(found.engine))
            hand_over = partial(
                talk.tell, found=found, conversation_id=row.id, message=asked, told=reply, spent=0
            )
            write(found.engine, hand_over)
    return len(rows)
