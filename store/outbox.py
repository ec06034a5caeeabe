"""Events to publish: written in the transaction of the change, published afterwards in order.

A crash between the two loses nothing: what is not marked as published is published again.
"""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from store.tables import Base, OutboxEvent

OUTBOX = Base.metadata.tables[OutboxEvent.__tablename__]


def add(connection: Connection, name: str, payload: Mapping[str, Any], now: datetime) -> uuid.UUID:
    """Write an event; its id, by which consumers know that it came before."""
    event_id = uuid.uuid4()
    values = {"id": event_id, "name": name, "payload": dict(payload), "created_at": now}
    connection.execute(OUTBOX.insert().values(values))
    return event_id


def unpublished(connection: Connection, limit: int = 100) -> list[Row[Any]]:
    """The oldest events that nobody has published."""
    chosen = sa.select(OUTBOX).where(OUTBOX.c.published_at.is_(None)).order_by(OUTBOX.c.seq)
    return list(connection.execute(chosen.limit(limit)).all())


def published(connection: Connection, seq: int, now: datetime) -> None:
    """Mark one as published."""
    connection.execute(OUTBOX.update().where(OUTBOX.c.seq == seq).values(published_at=now))
