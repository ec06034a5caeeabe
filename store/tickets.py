"""What the ticket system was last told of each conversation that a person had to take over."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from store.conversations import CONVERSATION
from store.tables import Base, Ticket

TICKET = Base.metadata.tables[Ticket.__tablename__]


def due(connection: Connection, now: datetime, limit: int = 50) -> list[Row[Any]]:
    """Conversations handed over that have changed since their ticket was looked at: all columns of
    the conversation, with external_id, digest and attempts of the ticket."""
    told = TICKET.c.seen_version
    changed = told.is_(None) | ((told < CONVERSATION.c.version) & (TICKET.c.next_attempt_at <= now))
    chosen = (
        sa.select(CONVERSATION, TICKET.c.external_id, TICKET.c.digest, TICKET.c.attempts)
        .outerjoin(TICKET, TICKET.c.conversation_id == CONVERSATION.c.id)
        .where(CONVERSATION.c.escalated_at.is_not(None) & changed)
        .order_by(CONVERSATION.c.escalated_at)
        .limit(limit)
    )
    return list(connection.execute(chosen).all())


def told(
    connection: Connection, row: Row[Any], external_id: str, digest: str, now: datetime
) -> None:
    """The system knows this version."""
    _put(
        connection, row.id, external_id=external_id, seen_version=row.version, digest=digest,
        attempts=0, next_attempt_at=now,
    )  # fmt: skip


def failed(connection: Connection, row: Row[Any], again_at: datetime) -> None:
    """It could not be told; what it knew before stays."""
    _put(
        connection, row.id, external_id=row.external_id, seen_version=-1, digest=row.digest,
        attempts=(row.attempts or 0) + 1, next_attempt_at=again_at,
    )  # fmt: skip


def _put(connection: Connection, conversation_id: uuid.UUID, **values: Any) -> None:
    mine = TICKET.c.conversation_id == conversation_id
    if connection.execute(TICKET.update().where(mine).values(values)).rowcount == 0:
        connection.execute(TICKET.insert().values(conversation_id=conversation_id, **values))
