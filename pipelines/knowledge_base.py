"""The knowledge base of a day: seed the table, snapshot it, embed, index and judge it.

The table is the knowledge base; the YAML files are its seed. New codes are inserted, items nobody
has edited follow the file, edited ones are left alone and named as conflicts.
"""

import hashlib
import json
import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.enums import ItemStatus
from core.errors import DataRejected
from core.partition import last_day, midnight
from expectations.knowledge_base import FIELDS, TRANSLATION_OF, problems
from pipelines.context import Context
from pipelines.datasets import texts
from pipelines.training import train

NAMESPACE = uuid.UUID("0b3a6a57-63f4-5a0e-8a0e-6f6f1d2a9c11")


def build(key: str, ctx: Context) -> dict[str, Any]:
    """Load, admit drafts, snapshot and register the knowledge base as of the end of ``key``."""
    from pipelines.knowledge_base_drafts import admit

    loaded = load(key, ctx)
    judged = admit(key, ctx)
    rows = snapshot(key, ctx)
    return {**loaded, **judged, "items": rows, **train("knowledge_base", key, ctx)}


def origin_hash(item: dict[str, Any]) -> str:
    """The hash of what the seed says about an item."""
    said = {field: item[field] for field in (*FIELDS, TRANSLATION_OF) if field in item}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def load(key: str, ctx: Context) -> dict[str, Any]:
    """Bring the seed into the table.

    Raises
    ------
    DataRejected
        Naming everything that is wrong with the seed; nothing is written then.
    """
    from store.db import write

    items = texts.items()
    wrong = problems(items)
    if wrong:
        raise DataRejected(f"the knowledge base has {len(wrong)} problems: {'; '.join(wrong[:20])}")
    at = midnight(last_day(key))
    counts: dict[str, Any] = {"inserted": 0, "updated": 0, "conflicts": []}

    def work(connection: sa.Connection) -> None:
        counts.update(inserted=0, updated=0, conflicts=[])
        _merge(connection, items, at, counts)

    write(ctx.engine, work)
    return counts


def _merge(
    connection: sa.Connection, items: list[dict[str, Any]], at: datetime, counts: dict[str, Any]
) -> None:
    from store.knowledge_base import append_version, drafts
    from store.tables import Base, KnowledgeItem

    table = Base.metadata.tables[KnowledgeItem.__tablename__]
    waiting = drafts(connection)
    there = {row.kb_code: row for row in connection.execute(sa.select(table))}
    for item in items:
        values = {f: item.get(f) for f in (*FIELDS, TRANSLATION_OF)}
        values["origin_hash"] = origin_hash(item)
        old = there.get(item["kb_code"])
        if old is None:
            identity = uuid.uuid5(NAMESPACE, item["kb_code"])
            fresh = {
                "id": identity,
                "status": ItemStatus.ACTIVE,
                "item_version": 1,
                "usage_count": 0,
                "created_at": at,
            }
            connection.execute(table.insert().values(**values, **fresh, last_updated=at))
            append_version(connection, identity, ItemStatus.ACTIVE, values, at, new=True)
            counts["inserted"] += 1
        elif old.origin_hash == values["origin_hash"]:
            continue
        elif old.edited_by is not None or old.id in waiting:
            counts["conflicts"].append(item["kb_code"])
        else:
            number = append_version(connection, old.id, ItemStatus.ACTIVE, values, at)
            change = table.update().where(table.c.id == old.id)
            connection.execute(change.values(**values, item_version=number, last_updated=at))
            counts["updated"] += 1


def snapshot(key: str, ctx: Context) -> int:
    """Write the active items to ``lake/knowledge_base/<day>.parquet``; how many there are."""
    import pyarrow as pa

    from store.tables import KnowledgeItem

    table = KnowledgeItem.__table__
    chosen = sa.select(table).where(table.c.status == ItemStatus.ACTIVE).order_by(table.c.kb_code)
    with ctx.engine.connect() as connection:
        rows = [dict(row._mapping) for row in connection.execute(chosen)]
    columns = {
        "kb_code": [r["kb_code"] for r in rows],
        "item_version": [r["item_version"] for r in rows],
        **{
            name: [str(r[name]) for r in rows]
            for name in ("category", "intent", "question", "answer", "audience", "language_code")
        },
        **{
            name: [json.dumps(r[name]) for r in rows]
            for name in ("variants", "keywords", "service_types")
        },
    }
    ctx.lake.write_free("knowledge_base", last_day(key), pa.table(columns))
    return len(rows)
