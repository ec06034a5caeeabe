"""Versions of the knowledge base's items: every state an item has had, and which wait as drafts."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.enums import ItemStatus
from core.errors import Conflict, NotThere
from store.tables import Base, KnowledgeItem, KnowledgeItemVersion

ITEM = Base.metadata.tables[KnowledgeItem.__tablename__]
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


def newest(connection: sa.Connection) -> int:
    """The number of the newest version of any item; grows with every change."""
    return int(connection.scalar(sa.select(sa.func.max(VERSION.c.seq))) or 0)


def active_items(connection: sa.Connection) -> list[dict[str, Any]]:
    """Every item that answers, in the order of their codes."""
    chosen = sa.select(ITEM).where(ITEM.c.status == ItemStatus.ACTIVE).order_by(ITEM.c.kb_code)
    return [dict(row._mapping) for row in connection.execute(chosen)]


def find(connection: sa.Connection, item_id: uuid.UUID) -> sa.Row[Any]:
    """One item; NotThere without it."""
    row: sa.Row[Any] | None = connection.execute(
        sa.select(ITEM).where(ITEM.c.id == item_id)
    ).one_or_none()
    if row is None:
        raise NotThere(f"there is no item {item_id} in the knowledge base")
    return row


def versions(connection: sa.Connection, item_id: uuid.UUID) -> list[sa.Row[Any]]:
    """Every state of an item, oldest first."""
    mine = VERSION.c.item_id == item_id
    return list(connection.execute(sa.select(VERSION).where(mine).order_by(VERSION.c.seq)).all())


def next_code(connection: sa.Connection) -> str:
    """The next free code."""
    highest = connection.scalar(sa.select(sa.func.max(ITEM.c.kb_code))) or "KB0000"
    return f"KB{int(highest[2:]) + 1:04d}"


def create(
    connection: sa.Connection,
    values: Mapping[str, Any],
    by: str,
    at: datetime,
    status: ItemStatus = ItemStatus.ACTIVE,
) -> uuid.UUID:
    """A new item and its first version; its id."""
    item_id = uuid.uuid4()
    fresh = {"id": item_id, "item_version": 1, "usage_count": 0, "created_at": at}
    stamp = {"status": status, "edited_by": by, "last_updated": at}
    connection.execute(ITEM.insert().values(**values, **fresh, **stamp))
    append_version(connection, item_id, status, values, at, by, new=True)
    return item_id


def change(
    connection: sa.Connection,
    row: sa.Row[Any],
    values: Mapping[str, Any],
    status: ItemStatus,
    by: str,
    at: datetime,
) -> int:
    """Compare and set: the next version of an item as it was read; its number.

    Raises
    ------
    Conflict
        If somebody changed the item since.
    """
    number = append_version(connection, row.id, status, values, at, by)
    mine = (ITEM.c.id == row.id) & (ITEM.c.item_version == row.item_version)
    stamp = {"status": status, "item_version": number, "edited_by": by, "last_updated": at}
    if connection.execute(ITEM.update().where(mine).values(**values, **stamp)).rowcount != 1:
        raise Conflict(f"item {row.kb_code} was changed by somebody else meanwhile; read again")
    return number


def cited(connection: sa.Connection, kb_code: str) -> None:
    """One more answer that cites this item."""
    mine = ITEM.c.kb_code == kb_code
    connection.execute(ITEM.update().where(mine).values(usage_count=ITEM.c.usage_count + 1))


def listed(
    connection: sa.Connection, where: Mapping[str, Any], words: str, page: int, size: int
) -> tuple[list[sa.Row[Any]], int]:
    """One page of items by code, and how many there are; ``words`` must stand in question or
    answer."""
    wanted = sa.and_(sa.true(), *(ITEM.c[name] == value for name, value in where.items()))
    if words:
        stands_in = (
            ITEM.c[name].icontains(words, autoescape=True) for name in ("question", "answer")
        )
        wanted &= sa.or_(*stands_in)
    chosen = sa.select(ITEM).where(wanted).order_by(ITEM.c.kb_code)
    rows = connection.execute(chosen.limit(size).offset((page - 1) * size)).all()
    total = connection.scalar(sa.select(sa.func.count()).select_from(ITEM).where(wanted))
    return list(rows), int(total or 0)
