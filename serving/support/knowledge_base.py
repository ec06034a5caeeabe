"""Endpoints of the knowledge base: search, read, create, edit with history, take out."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field, StringConstraints
from sqlalchemy.engine import Connection, Row
from sqlalchemy.exc import IntegrityError

from core.enums import Audience, ItemStatus, Role, Vertical
from core.errors import BadInput, Conflict, ModelMissing
from engines.support.knowledge import asked_alike
from engines.support.policy import Message
from expectations.knowledge_base import problems
from serving.api.callers import Admin, Anyone, Found, Staff
from serving.api.platform import Platform
from serving.api.problems import documented
from serving.schemas import STORABLE, Closed, Hit, Language, Text, shown
from serving.support.release import hits
from store import audit
from store import knowledge_base as kept
from store.db import read, write

router = APIRouter(
    prefix="/knowledge-base",
    tags=["knowledge base"],
    responses=documented(401, 403, 404, 409, 422, 429, 503),
)

Words = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), STORABLE
]


class ItemIn(Closed):
    """What an item of the knowledge base says; how one is written: docs/knowledge_base.md."""

    category: Annotated[str, Field(max_length=100), STORABLE]
    intent: Annotated[str, Field(max_length=64), STORABLE]
    question: Words
    variants: Annotated[list[Words], Field(min_length=2, max_length=4)]
    answer: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000), STORABLE
    ]
    keywords: Annotated[list[Words], Field(min_length=1, max_length=20)]
    service_types: Annotated[list[Vertical], Field(min_length=1)]
    audience: Audience
    language_code: Annotated[str, Field(pattern="^[a-z]{2}$")] = "en"


class ItemChangeIn(Closed):
    """An item as it should be, and the version that was read before."""

    item: ItemIn
    item_version: Annotated[int, Field(ge=1)]


class ItemOut(ItemIn):
    """An item with its history's newest number and how it has done."""

    id: uuid.UUID
    kb_code: str
    status: ItemStatus
    item_version: int
    edited_by: str | None
    usage_count: int
    success_rate: float | None
    last_updated: datetime
    created_at: datetime


class Items(Closed):
    """One page of items, by code."""

    items: list[ItemOut]
    page: int
    page_size: int
    total: int


class ItemVersionOut(Closed):
    """One state of an item."""

    item_version: int
    status: ItemStatus
    item: dict[str, Any]
    edited_by: str | None
    edited_at: datetime


@router.get("/search")
def search(
    who: Anyone,
    found: Found,
    q: Annotated[Text, Query(description="a question, as a user would type it")],
    language: Annotated[Language, Query()] = "",
    audience: Annotated[Audience | None, Query(description="for agents; else the caller's")] = None,
) -> list[Hit]:
    """The items that answer a question best, for the people the caller belongs to."""
    staff = who.role in (Role.AGENT, Role.ADMIN, Role.SERVICE)
    asks = audience if staff and audience else who.audience
    asked = Message(text=q, audience=asks, language_code=language)
    return hits(found.support(), [asked])[0]


@router.get("")
def list_items(
    _who: Staff,
    found: Found,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    page_size: Annotated[int | None, Query(ge=1, le=100)] = None,
    category: Annotated[str | None, Query(max_length=100)] = None,
    intent: Annotated[str | None, Query(max_length=64)] = None,
    status: ItemStatus | None = None,
    language: Annotated[str | None, Query(pattern="^[a-z]{2}$")] = None,
    words: Annotated[str, Query(max_length=200)] = "",
) -> Items:
    """Items by code; ``words`` must stand in question or answer."""
    given = {"category": category, "intent": intent, "status": status, "language_code": language}
    where = {name: value for name, value in given.items() if value is not None}
    size = page_size or found.params.api.page_size
    rows, total = read(found.engine, lambda c: kept.listed(c, where, words.strip(), page, size))
    items = [shown(ItemOut, row) for row in rows]
    return Items(items=items, page=page, page_size=size, total=total)


@router.get("/{item_id}")
def get_item(item_id: uuid.UUID, _who: Staff, found: Found) -> ItemOut:
    """One item."""
    row: ItemOut = shown(ItemOut, read(found.engine, lambda c: kept.find(c, item_id)))
    return row


@router.get("/{item_id}/versions")
def get_versions(item_id: uuid.UUID, _who: Staff, found: Found) -> list[ItemVersionOut]:
    """Every state the item has had, oldest first."""

    def work(connection: Connection) -> Sequence[Row[Any]]:
        kept.find(connection, item_id)
        return kept.versions(connection, item_id)

    return [shown(ItemVersionOut, row) for row in read(found.engine, work)]


@router.post("", status_code=201)
def create(given: ItemIn, who: Admin, found: Found) -> ItemOut:
    """A new item; it answers within two seconds."""
    values, now = _checked(given, found, ""), found.clock()

    def work(connection: Connection) -> Row[Any]:
        code = kept.next_code(connection)
        item_id = kept.create(connection, {**values, "kb_code": code}, who.subject, now)
        audit.record(connection, who.subject, who.role, "item.create", code, now)
        return kept.find(connection, item_id)

    return _written(found, work)


@router.put("/{item_id}")
def edit(item_id: uuid.UUID, given: ItemChangeIn, who: Admin, found: Found) -> ItemOut:
    """The next version of an item; refused if somebody edited it since it was read."""
    before, now = read(found.engine, lambda c: kept.find(c, item_id)), found.clock()
    values = _checked(given.item, found, before.kb_code)

    def work(connection: Connection) -> Row[Any]:
        row = kept.find(connection, item_id)
        if row.item_version != given.item_version:
            raise Conflict(
                f"expected version {row.item_version} of {row.kb_code} to be edited, got "
                f"{given.item_version}; read it again"
            )
        whole = {**values, "kb_code": row.kb_code}
        number = kept.change(connection, row, whole, ItemStatus.ACTIVE, who.subject, now)
        told = {"item_version": number}
        audit.record(connection, who.subject, who.role, "item.edit", row.kb_code, now, told)
        return kept.find(connection, item_id)

    return _written(found, work)


@router.delete("/{item_id}")
def take_out(item_id: uuid.UUID, who: Admin, found: Found) -> ItemOut:
    """The item answers no longer; it and its history stay, and an edit brings it back."""
    now = found.clock()

    def work(connection: Connection) -> Row[Any]:
        row = kept.find(connection, item_id)
        if row.status == ItemStatus.INACTIVE:
            raise Conflict(f"item {row.kb_code} is inactive already")
        item = {name: getattr(row, name) for name in (*ItemIn.model_fields, "kb_code")}
        kept.change(connection, row, item, ItemStatus.INACTIVE, who.subject, now)
        audit.record(connection, who.subject, who.role, "item.take_out", row.kb_code, now)
        return kept.find(connection, item_id)

    return _written(found, work)


def _checked(given: ItemIn, found: Platform, code: str) -> dict[str, Any]:
    """The item's fields.

    Raises
    ------
    BadInput
        Naming what is wrong with its form, or the item that asks the same already.
    """
    values = given.model_dump(mode="json")
    wrong = problems([{**values, "kb_code": code or "KB0000", "language_code": "en"}])
    if wrong:
        raise BadInput("; ".join(line.removeprefix("KB0000: ") for line in wrong))
    try:
        release = found.support()
    except ModelMissing:
        return values
    same = asked_alike(release, given.question, given.audience, given.language_code, code)
    if same:
        raise BadInput(f"question: {same} asks the same; edit that item, or say what differs")
    return values


def _written(found: Platform, work: Any) -> ItemOut:
    try:
        row = write(found.engine, work)
    except IntegrityError:
        raise Conflict("somebody else wrote an item at the same moment; try again") from None
    found.live.refresh_soon()
    item: ItemOut = shown(ItemOut, row)
    return item
