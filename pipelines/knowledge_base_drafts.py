"""Drafts of the knowledge base: how a new or changed item comes before users, or does not.

A draft is a version of an item that waits; what was there before goes on being served. Each night
it becomes the item if the linter finds nothing and no question of the frozen set
(`kb_validation.csv`) loses its item to it. What stays a draft says why.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa
from numpy.typing import NDArray

from core.enums import ItemStatus
from core.errors import BadInput
from core.intents import LABELS
from core.partition import last_day
from expectations.knowledge_base import FIELDS, TRANSLATION_OF
from models.contract import Artefact
from pipelines import artefacts
from pipelines.context import Context
from pipelines.datasets import knowledge_base as dataset
from pipelines.datasets import texts
from pipelines.knowledge_base import NAMESPACE
from pipelines.knowledge_base_lint import faults
from store.db import write
from store.tables import Base, KnowledgeItem, KnowledgeItemVersion

ITEM, VERSION = (
    Base.metadata.tables[table.__tablename__] for table in (KnowledgeItem, KnowledgeItemVersion)
)
NO_RELEASE = "no release of the support models is there to hold it against"


def propose(items: Sequence[Mapping[str, Any]], by: str, at: datetime, ctx: Context) -> list[str]:
    """Keep items as drafts, in the seed's form with ``category``; their codes.

    Raises
    ------
    BadInput
        If an item lacks a field: it could not be stored.
    """
    for item in items:
        missing = [field for field in FIELDS if not item.get(field)]
        if missing:
            raise BadInput(
                f"{item.get('kb_code')}: expected {', '.join(FIELDS)}; missing {missing}"
            )

    def work(connection: sa.Connection) -> None:
        for item in items:
            _keep(connection, {f: item.get(f) for f in (*FIELDS, TRANSLATION_OF)}, by, at)

    write(ctx.engine, work)
    return [str(item["kb_code"]) for item in items]


def _keep(connection: sa.Connection, values: dict[str, Any], by: str, at: datetime) -> None:
    """A new item has a row, as a draft; a known one keeps its row until the draft is admitted."""
    code = values["kb_code"]
    own = connection.execute(sa.select(ITEM).where(ITEM.c.kb_code == code)).first()
    identity = own.id if own else uuid.uuid5(NAMESPACE, code)
    if own is None:
        fresh = {"id": identity, "item_version": 1, "usage_count": 0, "created_at": at}
        stamp = {"status": ItemStatus.DRAFT, "edited_by": by, "last_updated": at}
        connection.execute(ITEM.insert().values(**values, **fresh, **stamp))
    _append(connection, identity, ItemStatus.DRAFT, values, by, at)


def _append(
    connection: sa.Connection,
    identity: uuid.UUID,
    status: ItemStatus,
    values: Mapping[str, Any],
    by: str | None,
    at: datetime,
) -> int:
    newest = sa.select(sa.func.max(VERSION.c.item_version)).where(VERSION.c.item_id == identity)
    number = int(connection.scalar(newest) or 0) + 1
    entry = {"item_id": identity, "item_version": number, "status": status, "item": dict(values)}
    connection.execute(VERSION.insert().values(**entry, edited_by=by, edited_at=at))
    return number


def drafts(ctx: Context) -> list[Any]:
    """The newest version of every item whose newest version is a draft, by code."""
    latest = sa.select(sa.func.max(VERSION.c.seq)).group_by(VERSION.c.item_id)
    wanted = VERSION.c.seq.in_(latest) & (VERSION.c.status == ItemStatus.DRAFT)
    with ctx.engine.connect() as connection:
        found = connection.execute(sa.select(VERSION).where(wanted)).all()
    return sorted(found, key=lambda version: str(version.item["kb_code"]))


def admit(key: str, ctx: Context) -> dict[str, Any]:
    """Make items of the drafts that may be: ``{"admitted": [code], "drafts": {code: why not}}``.

    One after the other, so that a draft is held against those admitted before it.
    """
    at = datetime.combine(last_day(key), time(), UTC)
    admitted: list[str] = []
    kept: dict[str, str] = {}
    for draft in drafts(ctx):
        code = draft.item["kb_code"]
        if why := _objection(draft.item, ctx):
            kept[code] = why
            continue
        write(ctx.engine, partial(_activate, draft=draft, at=at))
        admitted.append(code)
    return {"admitted": admitted, "drafts": kept}


def _activate(connection: sa.Connection, draft: Any, at: datetime) -> None:
    by = draft.edited_by
    number = _append(connection, draft.item_id, ItemStatus.ACTIVE, draft.item, by, at)
    change = {**draft.item, "status": ItemStatus.ACTIVE, "item_version": number, "edited_by": by}
    connection.execute(
        ITEM.update().where(ITEM.c.id == draft.item_id).values(**change, last_updated=at)
    )


def _objection(item: dict[str, Any], ctx: Context) -> str:
    """Why an item may not be shown; empty if it may."""
    code = item["kb_code"]
    chosen = sa.select(ITEM).where(ITEM.c.status == ItemStatus.ACTIVE).order_by(ITEM.c.kb_code)
    with ctx.engine.connect() as connection:
        rows = [dict(row._mapping) for row in connection.execute(chosen)]
    shown = [{f: row[f] for f in (*FIELDS, TRANSLATION_OF) if row[f]} for row in rows]
    others = [other for other in shown if other["kb_code"] != code]
    proposed = [*others, {name: value for name, value in item.items() if value}]
    if wrong := [line for line in faults(proposed, ctx) if line.startswith(f"{code}:")]:
        return "; ".join(wrong)
    release = {name: artefacts.champion(name, ctx) for name in ("encoder", "knowledge_base")}
    encoder, base = release["encoder"], release["knowledge_base"]
    if encoder is None or base is None:
        return NO_RELEASE
    taken = _lost(shown, proposed, encoder, base, ctx)
    return f"takes the first place from the right item of: {' | '.join(taken)}" if taken else ""


def _lost(
    shown: list[dict[str, Any]],
    proposed: list[dict[str, Any]],
    encoder: Artefact,
    base: Artefact,
    ctx: Context,
) -> list[str]:
    """Frozen questions that find their item first as things stand, and not as proposed."""
    fields = pd.DataFrame(shown)[["kb_code", "audience", "language_code"]]
    asked = dataset.to_trust(fields)
    rows = texts.with_vectors(asked[asked["kb_code"] != ""], encoder, ctx)
    right = rows["kb_code"].to_numpy()
    now, then = (_first(base, items, rows, encoder, ctx) == right for items in (shown, proposed))
    return rows.loc[now & ~then, "text"].tolist()


def _first(
    base: Artefact,
    items: list[dict[str, Any]],
    asked: pd.DataFrame,
    encoder: Artefact,
    ctx: Context,
) -> NDArray[np.object_]:
    """The code found first for each question among some items, ranked as the release does."""
    from models.support import heads, retrieval

    listed = pd.DataFrame(items).assign(item_version=1)
    listed["variants"] = listed["variants"].map(json.dumps)
    known = texts.with_vectors(dataset.parts(listed), encoder, ctx)
    retriever = retrieval.load(retrieval.reindexed(base, known))
    found = retriever.search(
        asked["text"].tolist(),
        heads.stack(asked["embedding"].tolist()),
        np.full((len(asked), len(LABELS)), 1 / len(LABELS)),  # these move the confidence only
        asked["audience"].tolist(),
        asked["language_code"].tolist(),
    )
    codes = np.array([*(item["kb_code"] for item in retriever.items), ""], dtype=object)
    return codes[found.places[:, 0]]
