"""Events to publish: written in the transaction of the change, published afterwards in order.

A crash between the two loses nothing: what is not marked as published is published again.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from store.tables import Base, OutboxEvent

OUTBOX = Base.metadata.tables[OutboxEvent.__tablename__]
_ADD = OUTBOX.insert()
_UNPUBLISHED = (
    sa.select(OUTBOX)
    .where(OUTBOX.c.published_at.is_(None))
    .order_by(OUTBOX.c.seq)
    .limit(sa.bindparam("most", type_=sa.Integer))
)


def add(connection: Connection, name: str, payload: Mapping[str, Any], now: datetime) -> uuid.UUID:
    """Write an event; its id, by which consumers know that it came before."""
    event_id = uuid.uuid4()
    values = {"id": event_id, "name": name, "payload": dict(payload), "created_at": now}
    connection.execute(_ADD, values)
    return event_id


def unpublished(connection: Connection, limit: int = 100) -> list[Row[Any]]:
    """The oldest events that nobody has published."""
    return list(connection.execute(_UNPUBLISHED, {"most": limit}).all())


def published(connection: Connection, seqs: Sequence[int], now: datetime) -> None:
    """Mark these as published."""
    connection.execute(OUTBOX.update().where(OUTBOX.c.seq.in_(seqs)).values(published_at=now))
