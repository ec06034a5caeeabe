"""The knowledge base of a day: seed the table, snapshot it, embed, index and judge it.

The table is the knowledge base; the YAML files are its seed. New codes are inserted, items nobody
has edited follow the file, edited ones are left alone and named as conflicts.
"""

import hashlib
import json
import uuid
from datetime import UTC, datetime, time
from typing import Any

import sqlalchemy as sa

from core.enums import Audience, ItemStatus, Vertical
from core.errors import DataRejected
from core.intents import CATEGORIES, CATEGORY_OF
from core.partition import last_day
from pipelines.context import Context
from pipelines.datasets import texts
from pipelines.training import train

NAMESPACE = uuid.UUID("0b3a6a57-63f4-5a0e-8a0e-6f6f1d2a9c11")
FIELDS = (
    "kb_code", "category", "intent", "question", "variants", "answer", "keywords",
    "service_types", "audience", "language_code",
)  # fmt: skip


def build(key: str, ctx: Context) -> dict[str, Any]:
    """Load, snapshot and register the knowledge base as it stands at the end of ``key``."""
    loaded = load(key, ctx)
    rows = snapshot(key, ctx)
    return {**loaded, "items": rows, **train("knowledge_base", key, ctx)}


def problems(items: list[dict[str, Any]]) -> list[str]:
    """Everything wrong with seed items, one line each; empty when there is nothing."""
    found = []
    seen: dict[str, str] = {}
    for item in items:
        code = str(item.get("kb_code"))
        missing = [field for field in FIELDS if not item.get(field)]
        if missing or set(item) - set(FIELDS):
            found.append(f"{code}: missing {missing}, unknown {sorted(set(item) - set(FIELDS))}")
            continue
        checks = {
            f"category {item['category']!r} is not one of the 16": item["category"] in CATEGORIES,
            f"intent {item['intent']!r} is not of category {item['category']}": (
                CATEGORY_OF.get(item["intent"]) == item["category"]
            ),
            f"audience {item['audience']!r} is unknown": item["audience"] in set(Audience),
            f"service types {item['service_types']} are unknown": (
                set(item["service_types"]) <= set(Vertical)
            ),
            "the question is over 500 characters": len(item["question"]) <= 500,
            "the answer is not 12 to 120 words": 12 <= len(item["answer"].split()) <= 120,
            "expected 1 to 20 keywords": 1 <= len(item["keywords"]) <= 20,
            "expected 2 to 4 variants": 2 <= len(item["variants"]) <= 4,
            f"the question stands in {seen.get(item['question'])} too": (
                item["question"] not in seen
            ),
            f"{code} stands twice": code not in seen.values(),
        }
        found += [f"{code}: {text}" for text, fine in checks.items() if not fine]
        seen[item["question"]] = code
    return found


def origin_hash(item: dict[str, Any]) -> str:
    """The hash of what the seed says about an item."""
    seed = {field: item[field] for field in FIELDS}
    return hashlib.sha256(json.dumps(seed, sort_keys=True).encode()).hexdigest()


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
    at = datetime.combine(last_day(key), time(), UTC)
    counts: dict[str, Any] = {"inserted": 0, "updated": 0, "conflicts": []}

    def work(connection: sa.Connection) -> None:
        counts.update(inserted=0, updated=0, conflicts=[])
        _merge(connection, items, at, counts)

    write(ctx.engine, work)
    return counts


def _merge(
    connection: sa.Connection, items: list[dict[str, Any]], at: datetime, counts: dict[str, Any]
) -> None:
    from store.tables import Base, KnowledgeItem, KnowledgeItemVersion

    table = Base.metadata.tables[KnowledgeItem.__tablename__]
    history = Base.metadata.tables[KnowledgeItemVersion.__tablename__]
    there = {row.kb_code: row for row in connection.execute(sa.select(table))}
    for item in items:
        values = {**{f: item[f] for f in FIELDS}, "origin_hash": origin_hash(item)}
        old = there.get(item["kb_code"])
        if old is None:
            fresh = {
                "id": uuid.uuid5(NAMESPACE, item["kb_code"]),
                "status": ItemStatus.ACTIVE,
                "item_version": 1,
                "usage_count": 0,
                "created_at": at,
            }
            connection.execute(table.insert().values(**values, **fresh, last_updated=at))
            number, counts["inserted"] = 1, counts["inserted"] + 1
        elif old.origin_hash == values["origin_hash"]:
            continue
        elif old.edited_by is not None:
            counts["conflicts"].append(item["kb_code"])
            continue
        else:
            number = old.item_version + 1
            change = table.update().where(table.c.id == old.id)
            connection.execute(change.values(**values, item_version=number, last_updated=at))
            counts["updated"] += 1
        connection.execute(
            history.insert().values(
                item_id=old.id if old else uuid.uuid5(NAMESPACE, item["kb_code"]),
                item_version=number,
                status=ItemStatus.ACTIVE,
                item=values,
                edited_at=at,
            )
        )


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
