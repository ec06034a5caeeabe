"""Drafts of the knowledge base: how a new or changed item comes before users, or does not.

A draft is a version of an item that waits; what was there before goes on being served. Each night
it becomes the item if the linter finds nothing that it does not find without it, and no question of
the frozen set (`kb_validation.csv`) loses its item to it. What stays a draft says why.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any

import numpy as np
import pandas as pd
import sqlalchemy as sa
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.enums import Audience, ItemStatus, Vertical
from core.errors import BadInput
from core.intents import LABELS
from core.partition import last_day, midnight
from expectations.knowledge_base import FIELDS, TRANSLATION_OF
from models.contract import Artefact
from pipelines import artefacts
from pipelines.context import Context
from pipelines.datasets import knowledge_base as dataset
from pipelines.datasets import texts
from pipelines.knowledge_base import NAMESPACE
from pipelines.knowledge_base_lint import faults
from store.db import write
from store.knowledge_base import append_version, drafts
from store.tables import Base, KnowledgeItem

ITEM = Base.metadata.tables[KnowledgeItem.__tablename__]
NO_RELEASE = "no release of the support models is there to hold it against"
Text = Annotated[str, Field(min_length=1)]


class Proposed(BaseModel):
    """An item in the seed's form, with its category: what the table can hold."""

    model_config = ConfigDict(extra="forbid", strict=True)

    kb_code: str = Field(pattern=r"^KB\d{4}$")
    category: str = Field(min_length=1, max_length=100)
    intent: str = Field(min_length=1, max_length=64)
    question: str = Field(min_length=1, max_length=500)
    variants: list[Text]
    answer: str = Field(min_length=1, max_length=2000)
    keywords: list[Text]
    service_types: list[Annotated[Vertical, Field(strict=False)]]
    audience: Annotated[Audience, Field(strict=False)]
    language_code: str = Field(pattern=r"^[a-z]{2}$")
    translation_of: str | None = Field(None, pattern=r"^KB\d{4}$")


def propose(items: Sequence[Mapping[str, Any]], by: str, at: datetime, ctx: Context) -> list[str]:
    """Keep items as drafts, in the seed's form with ``category``; their codes.

    A draft of an item that was taken out brings it back.

    Raises
    ------
    BadInput
        Naming every field, of every item, that the table cannot hold; nothing is kept then.
    """
    proposed, wrong = [], []
    for number, item in enumerate(items, start=1):
        try:
            proposed.append(Proposed.model_validate(dict(item)).model_dump(mode="json"))
        except ValidationError as error:
            name = item.get("kb_code", f"item {number}")
            for e in error.errors():
                wrong.append(
                    f"{name}: {'.'.join(map(str, e['loc']))}: {e['msg']}, got {e['input']!r:.60}"
                )
    if wrong:
        raise BadInput("\n".join(wrong))

    def work(connection: sa.Connection) -> None:
        for values in proposed:
            _keep(connection, values, by, at)

    write(ctx.engine, work)
    return [values["kb_code"] for values in proposed]


def _keep(connection: sa.Connection, values: dict[str, Any], by: str, at: datetime) -> None:
    """A new item has a row, as a draft; a known one keeps its row until the draft is admitted."""
    code = values["kb_code"]
    own = connection.execute(sa.select(ITEM).where(ITEM.c.kb_code == code)).first()
    identity = own.id if own else uuid.uuid5(NAMESPACE, code)
    if own is None:
        fresh = {"id": identity, "item_version": 1, "usage_count": 0, "created_at": at}
        stamp = {"status": ItemStatus.DRAFT, "edited_by": by, "last_updated": at}
        connection.execute(ITEM.insert().values(**values, **fresh, **stamp))
    append_version(connection, identity, ItemStatus.DRAFT, values, at, by)


def admit(key: str, ctx: Context) -> dict[str, Any]:
    """Make items of the drafts that may be: ``{"admitted": [code], "drafts": {code: why not}}``.

    One after the other, so that a draft is held against those admitted before it. Drafts written
    after ``key`` are left for their own night.
    """
    end = midnight(last_day(key) + timedelta(days=1))
    with ctx.engine.connect() as connection:
        waiting = [draft for draft in drafts(connection).values() if draft.edited_at < end]
    admitted: list[str] = []
    kept: dict[str, str] = {}
    for draft in sorted(waiting, key=lambda draft: str(draft.item["kb_code"])):
        code = draft.item["kb_code"]
        if why := _objection(draft.item, ctx):
            kept[code] = why
        elif write(ctx.engine, partial(_activate, draft=draft)):
            admitted.append(code)
        else:
            kept[code] = "was written anew meanwhile; the new draft has its turn next"
    return {"admitted": admitted, "drafts": kept}


def _activate(connection: sa.Connection, draft: Any) -> bool:
    """Whether the draft was still the newest, and is the item now."""
    newest = drafts(connection).get(draft.item_id)
    if newest is None or newest.seq != draft.seq:
        return False
    at, by = draft.edited_at, draft.edited_by
    number = append_version(connection, draft.item_id, ItemStatus.ACTIVE, draft.item, at, by)
    change = {**draft.item, "status": ItemStatus.ACTIVE, "item_version": number, "edited_by": by}
    connection.execute(
        ITEM.update().where(ITEM.c.id == draft.item_id).values(**change, last_updated=at)
    )
    return True


def _objection(item: dict[str, Any], ctx: Context) -> str:
    """Why an item may not be shown; empty if it may."""
    chosen = sa.select(ITEM).where(ITEM.c.status == ItemStatus.ACTIVE).order_by(ITEM.c.kb_code)
    with ctx.engine.connect() as connection:
        rows = [dict(row._mapping) for row in connection.execute(chosen)]
    shown = [{f: row[f] for f in (*FIELDS, TRANSLATION_OF) if row[f]} for row in rows]
    others = [other for other in shown if other["kb_code"] != item["kb_code"]]
    proposed = [*others, {name: value for name, value in item.items() if value}]
    # of any item: a changed original can make a fault of its translations
    before = set(faults(shown, ctx))
    if wrong := [line for line in faults(proposed, ctx) if line not in before]:
        return "; ".join(wrong)
    encoder, base = (artefacts.champion(name, ctx) for name in ("encoder", "knowledge_base"))
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
    asked = dataset.to_learn(fields)
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
