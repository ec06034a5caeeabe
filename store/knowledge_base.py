"""Versions of the knowledge base's items: every state an item has had, and which wait as drafts."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.enums import ItemStatus
from store.tables import Base, KnowledgeItemVersion

VERSION = Base.metadata.tables[KnowledgeItemVersion.__tablename__]


def append_version(
    connection: sa.Connection,
    item_id: uuid.UUID,
    status: ItemStatus,
    item: Mapping[str, Any],
    at: datetime,
    by: str | None = None,
    new: bool = False,
) -> int:
    """Write the next state of an item, or the first of a ``new`` one; its number, from 1."""
    newest = sa.select(sa.func.max(VERSION.c.item_version)).where(VERSION.c.item_id == item_id)
    number = 1 + (0 if new else int(connection.scalar(newest) or 0))
    entry = {"item_id": item_id, "item_version": number, "status": status, "item": dict(item)}
    connection.execute(VERSION.insert().values(**entry, edited_by=by, edited_at=at))
    return number


def drafts(connection: sa.Connection) -> dict[uuid.UUID, Any]:
    """The newest version of every item whose newest version is a draft, by the item's id."""
    latest = sa.select(sa.func.max(VERSION.c.seq)).group_by(VERSION.c.item_id)
    wanted = VERSION.c.seq.in_(latest) & (VERSION.c.status == ItemStatus.DRAFT)
    rows = connection.execute(sa.select(VERSION).where(wanted).order_by(VERSION.c.seq))
    return {row.item_id: row for row in rows}
