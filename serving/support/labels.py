"""Endpoints of the feedback loop: agents correct intents, reviewers decide what is learned from."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy.engine import Connection, Row

from core.enums import Sender
from core.errors import BadInput
from core.intents import LABELS
from serving.api.callers import Admin, Found, Staff
from serving.api.problems import documented
from serving.schemas import Closed, shown
from serving.support import access, learning
from store import audit
from store import conversations as kept
from store import labels as store
from store.db import read, write
from store.tables import LabelSource, ReviewStatus

router = APIRouter(tags=["labels"], responses=documented(401, 403, 404, 409, 422, 429, 503))


class CorrectionIn(Closed):
    """The intent that a message has in truth."""

    intent: str


class ReviewIn(Closed):
    """What becomes of a suggestion; accepting names the label, or agrees with the suggested one."""

    accept: bool
    label: str | None = None


class SuggestionOut(Closed):
    """A message without personal values, what the models took it for, and what it may be."""

    id: uuid.UUID
    source: LabelSource
    text: str
    guessed: str | None
    label: str | None
    suggested_by: str
    status: ReviewStatus
    reviewed_by: str | None
    reviewed_at: datetime | None
    created_at: datetime


@router.post("/conversations/{conversation_id}/messages/{message_id}/label", status_code=201)
def correct(
    conversation_id: uuid.UUID,
    message_id: uuid.UUID,
    given: CorrectionIn,
    who: Staff,
    found: Found,
) -> SuggestionOut:
    """An agent says what a user's message meant; a reviewer decides whether it is learned from."""
    _known(given.intent)

    def work(connection: Connection) -> Row[Any]:
        access.seen(connection, who, conversation_id)
        row = kept.locked(connection, conversation_id)
        message = kept.message(connection, message_id)
        if message is None or message.conversation_id != row.id or message.sender != Sender.USER:
            raise BadInput(
                "message_id: expected a message that the user of this conversation wrote"
            )
        learning.suggest(
            connection, found, row, message, LabelSource.AGENT, who.subject, given.intent
        )
        same = (store.REVIEW.c.message_id == message_id) & (
            store.REVIEW.c.source == LabelSource.AGENT
        )
        return connection.execute(store.REVIEW.select().where(same)).one()

    out: SuggestionOut = shown(SuggestionOut, write(found.engine, work))
    return out


@router.get("/label-reviews")
def list_reviews(
    _who: Admin,
    found: Found,
    status: ReviewStatus = ReviewStatus.PENDING,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> list[SuggestionOut]:
    """What waits for a reviewer, the oldest first; or what was accepted or rejected."""
    rows: Sequence[Row[Any]] = read(found.engine, lambda c: store.listed(c, status, limit))
    return [shown(SuggestionOut, row) for row in rows]


@router.post("/label-reviews/{review_id}")
def review(review_id: uuid.UUID, given: ReviewIn, who: Admin, found: Found) -> SuggestionOut:
    """Accept a suggestion for the next training, or reject it."""
    if given.label is not None:
        _known(given.label)
    status = ReviewStatus.ACCEPTED if given.accept else ReviewStatus.REJECTED
    now = found.clock()

    def work(connection: Connection) -> Row[Any]:
        waiting = connection.execute(
            store.REVIEW.select().where(store.REVIEW.c.id == review_id)
        ).one_or_none()
        label = given.label or (waiting.label if waiting else None)
        if given.accept and waiting is not None and label is None:
            raise BadInput("label: nobody suggested one; name the intent that is meant")
        row = store.review(connection, review_id, status, label, who.subject, now)
        told = {"label": label}
        audit.record(
            connection, who.subject, who.role, f"label.{status.lower()}", str(review_id), now, told
        )
        return row

    out: SuggestionOut = shown(SuggestionOut, write(found.engine, work))
    return out


def _known(intent: str) -> None:
    if intent not in LABELS:
        raise BadInput(f"expected one of {', '.join(LABELS)}; got {intent!r}")
