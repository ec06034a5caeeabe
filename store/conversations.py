"""Conversations and their messages: read, listed, and changed so that two writers never mix.

Every function works on a connection of `store.db.read` or `store.db.write`. Whoever writes locks
the conversation first (`locked`): on SQLite writers stand in line anyway.

What every message runs stands at the top as statements made once: making one anew, and its key in
SQLAlchemy's cache, takes longer than SQLite takes to run it.
"""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from core.enums import ConversationStatus, Sender
from core.errors import Conflict, NotThere
from store.tables import (
    Base,
    ResponseFeedback,
    SupportConversation,
    SupportMessage,
    SupportNote,
)

CONVERSATION = Base.metadata.tables[SupportConversation.__tablename__]
MESSAGE = Base.metadata.tables[SupportMessage.__tablename__]
FEEDBACK = Base.metadata.tables[ResponseFeedback.__tablename__]
NOTE = Base.metadata.tables[SupportNote.__tablename__]
WAITING = (
    (CONVERSATION.c.status == ConversationStatus.ESCALATED)
    & CONVERSATION.c.assigned_agent_id.is_(None)
    & CONVERSATION.c.queued_at.is_not(None)
)
"""In the queue of the agents."""

_ID: sa.BindParameter[uuid.UUID] = sa.bindparam("row_id")
_CONVERSATION_ID: sa.BindParameter[uuid.UUID] = sa.bindparam("of_conversation")
_FIND = sa.select(CONVERSATION).where(CONVERSATION.c.id == _ID)
_LOCK = _FIND.with_for_update()
_START = CONVERSATION.insert().returning(CONVERSATION)
_NEWEST = sa.select(sa.func.coalesce(sa.func.max(MESSAGE.c.seq), 0)).where(
    MESSAGE.c.conversation_id == _CONVERSATION_ID
)
_SAY = MESSAGE.insert().values(seq=_NEWEST.scalar_subquery() + 1).returning(MESSAGE)
_UNDERSTOOD = MESSAGE.update().where(MESSAGE.c.id == _ID)
_MESSAGE = sa.select(MESSAGE).where(MESSAGE.c.id == _ID)
_REPLY_TO = sa.select(MESSAGE).where(MESSAGE.c.reply_to == _ID)
_CHANGE = (
    CONVERSATION.update()
    .where((CONVERSATION.c.id == _ID) & (CONVERSATION.c.version == sa.bindparam("read_version")))
    .returning(CONVERSATION)
)
_ASKED = MESSAGE.alias("asked")
_HELPFUL = (
    sa.select(FEEDBACK.c.id)
    .where((FEEDBACK.c.message_id == MESSAGE.c.id) & FEEDBACK.c.was_helpful)
    .exists()
)
_TURNS = (
    sa.select(
        MESSAGE.c.intent, MESSAGE.c.action, _ASKED.c.sentiment_score, _ASKED.c.entities,
        _HELPFUL.label("helpful"),
    )
    .join(_ASKED, MESSAGE.c.reply_to == _ASKED.c.id)
    .where((MESSAGE.c.conversation_id == _CONVERSATION_ID) & (MESSAGE.c.sender == Sender.AI))
    .order_by(MESSAGE.c.seq)
)  # fmt: skip


def find(connection: Connection, conversation_id: uuid.UUID) -> Row[Any]:
    """The conversation; NotThere without one."""
    return _one(connection, _FIND, conversation_id)


def locked(connection: Connection, conversation_id: uuid.UUID) -> Row[Any]:
    """The conversation, held against other writers until the transaction ends."""
    return _one(connection, _LOCK, conversation_id)


def _one(connection: Connection, select: Any, conversation_id: uuid.UUID) -> Row[Any]:
    row: Row[Any] | None = connection.execute(select, {"row_id": conversation_id}).one_or_none()
    if row is None:
        raise NotThere(f"there is no conversation {conversation_id}")
    return row


def start(connection: Connection, values: Mapping[str, Any]) -> Row[Any]:
    """A new conversation."""
    return connection.execute(_START, {"id": uuid.uuid4(), **values}).one()


def change(connection: Connection, row: Row[Any], values: Mapping[str, Any]) -> Row[Any]:
    """Compare and set: ``values`` into the conversation as it was read; the row as it is then.

    Raises
    ------
    Conflict
        If somebody changed it since.
    """
    given = {**values, "version": row.version + 1, "row_id": row.id, "read_version": row.version}
    if "updated_at" in values:  # read before a wait for the lock, or on a clock that is behind
        given["updated_at"] = max(values["updated_at"], row.created_at)
    changed: Row[Any] | None = connection.execute(_CHANGE, given).one_or_none()
    if changed is None:
        raise Conflict(f"conversation {row.id} was changed by somebody else meanwhile; read again")
    return changed


def say(connection: Connection, conversation_id: uuid.UUID, values: Mapping[str, Any]) -> Row[Any]:
    """The next message of a conversation that is locked; the row as it stands then."""
    new = {"id": uuid.uuid4(), "conversation_id": conversation_id, **values}
    return connection.execute(_SAY, {**new, "of_conversation": conversation_id}).one()


def understood(connection: Connection, message_id: uuid.UUID, values: Mapping[str, Any]) -> None:
    """What the models read out of a message: intent, sentiment_score, language_code, entities."""
    connection.execute(_UNDERSTOOD, {**values, "row_id": message_id})


def message(connection: Connection, message_id: uuid.UUID) -> Row[Any] | None:
    """One message."""
    return connection.execute(_MESSAGE, {"row_id": message_id}).one_or_none()


def said_before(
    connection: Connection, conversation_id: uuid.UUID, client_message_id: str
) -> Row[Any] | None:
    """The message that came with this id of the client's, if it came before."""
    same = (MESSAGE.c.conversation_id == conversation_id) & (
        MESSAGE.c.client_message_id == client_message_id
    )
    return connection.execute(sa.select(MESSAGE).where(same)).one_or_none()


def opened(
    connection: Connection, user_id: str, client_message_id: str, since: datetime
) -> Row[Any] | None:
    """The first message of the user's conversation that was opened with this id, if one was."""
    theirs = (CONVERSATION.c.user_id == user_id) & (CONVERSATION.c.created_at >= since)
    first = (MESSAGE.c.client_message_id == client_message_id) & (MESSAGE.c.seq == 1)
    chosen = sa.select(MESSAGE).join(CONVERSATION, MESSAGE.c.conversation_id == CONVERSATION.c.id)
    return connection.execute(chosen.where(theirs & first).limit(1)).one_or_none()


def reply_to(connection: Connection, message_id: uuid.UUID) -> Row[Any] | None:
    """The assistant's reply to a message."""
    return connection.execute(_REPLY_TO, {"row_id": message_id}).one_or_none()


def messages(
    connection: Connection,
    conversation_id: uuid.UUID,
    after_seq: int = 0,
    last: int | None = None,
) -> list[Row[Any]]:
    """Messages after a number, oldest first; only the ``last`` ones where that is given."""
    mine = (MESSAGE.c.conversation_id == conversation_id) & (MESSAGE.c.seq > after_seq)
    chosen = sa.select(MESSAGE).where(mine).order_by(MESSAGE.c.seq.desc()).limit(last)
    return list(reversed(connection.execute(chosen).all()))


def turns(connection: Connection, conversation_id: uuid.UUID) -> list[Row[Any]]:
    """The assistant's replies, oldest first: intent, action, what they answered, and the best mark.

    Columns: intent, action, sentiment_score and entities of the user's message, helpful.
    """
    return list(connection.execute(_TURNS, {"of_conversation": conversation_id}).all())


def idle(
    connection: Connection, before: datetime, unanswered: bool = False, limit: int = 500
) -> list[Row[Any]]:
    """Conversations with the assistant in which nothing has happened since: all columns, with
    action and created_at of the last message, as ``replied_at``; lines of the system are none.

    ``unanswered``: those instead whose user wrote last, with that message's id as ``asked_id``.
    """
    # looked up for each conversation that is left: all messages would be read otherwise
    last = (
        sa.select(MESSAGE.c.id)
        .where(
            (MESSAGE.c.conversation_id == CONVERSATION.c.id) & (MESSAGE.c.sender != Sender.SYSTEM)
        )
        .order_by(MESSAGE.c.seq.desc())
        .limit(1)
        .correlate(CONVERSATION)
        .scalar_subquery()
    )
    by_user = MESSAGE.c.sender.is_not_distinct_from(Sender.USER)
    who_wrote = by_user if unanswered else ~by_user
    goes_on = CONVERSATION.c.status.in_([ConversationStatus.OPEN, ConversationStatus.IN_PROGRESS])
    chosen = (
        sa.select(
            CONVERSATION, MESSAGE.c.action, MESSAGE.c.created_at.label("replied_at"),
            MESSAGE.c.id.label("asked_id"),
        )
        .outerjoin(MESSAGE, MESSAGE.c.id == last)
        .where(goes_on & (CONVERSATION.c.updated_at <= before) & who_wrote)
        .order_by(CONVERSATION.c.updated_at)
        .limit(limit)
    )  # fmt: skip
    return list(connection.execute(chosen).all())


def matching(where: Mapping[str, Any]) -> sa.ColumnElement[bool]:
    """Conversations whose columns hold these values."""
    return sa.and_(sa.true(), *(CONVERSATION.c[name] == value for name, value in where.items()))


def open_to_agent(agent_id: uuid.UUID) -> sa.ColumnElement[bool]:
    """What an agent may see: what was ever given to them, and what waits."""
    return (CONVERSATION.c.assigned_agent_id == agent_id) | WAITING


def listed(
    connection: Connection, wanted: sa.ColumnElement[bool], page: int, size: int
) -> tuple[list[Row[Any]], int]:
    """One page of conversations, newest first, and how many there are in all."""
    order = CONVERSATION.c.created_at.desc(), CONVERSATION.c.id
    chosen = sa.select(CONVERSATION).where(wanted).order_by(*order)
    rows = connection.execute(chosen.limit(size).offset((page - 1) * size)).all()
    total = connection.scalar(sa.select(sa.func.count()).select_from(CONVERSATION).where(wanted))
    return list(rows), int(total or 0)


def rate(connection: Connection, values: Mapping[str, Any]) -> uuid.UUID:
    """What a user said about an answer; a second mark of the same answer replaces the first."""
    mine = FEEDBACK.c.message_id == values["message_id"]
    connection.execute(FEEDBACK.delete().where(mine))
    feedback_id = uuid.uuid4()
    connection.execute(FEEDBACK.insert().values(id=feedback_id, **values))
    return feedback_id


def note(connection: Connection, values: Mapping[str, Any]) -> uuid.UUID:
    """A note of an agent's."""
    note_id = uuid.uuid4()
    connection.execute(NOTE.insert().values(id=note_id, **values))
    return note_id


def notes(connection: Connection, conversation_id: uuid.UUID) -> list[Row[Any]]:
    """All notes, oldest first."""
    mine = NOTE.c.conversation_id == conversation_id
    return list(connection.execute(sa.select(NOTE).where(mine).order_by(NOTE.c.created_at)).all())
