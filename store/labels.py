"""Suggested labels: kept, reviewed, and read for the next training."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from core.errors import Conflict, NotThere
from store.tables import Base, LabelReview, ReviewStatus

REVIEW = Base.metadata.tables[LabelReview.__tablename__]


def suggest(connection: Connection, values: Mapping[str, Any]) -> uuid.UUID:
    """A suggestion that waits for a reviewer; one of the same message and source is replaced as
    long as nobody has reviewed it.

    Raises
    ------
    Conflict
        If it was reviewed already.
    """
    same = (REVIEW.c.message_id == values["message_id"]) & (REVIEW.c.source == values["source"])
    before = connection.execute(sa.select(REVIEW).where(same)).one_or_none()
    if before is None:
        review_id = uuid.uuid4()
        connection.execute(
            REVIEW.insert().values(id=review_id, status=ReviewStatus.PENDING, **values)
        )
        return review_id
    if before.status != ReviewStatus.PENDING:
        raise Conflict(f"the label of this message was {before.status} by {before.reviewed_by}")
    connection.execute(REVIEW.update().where(REVIEW.c.id == before.id).values(**values))
    found: uuid.UUID = before.id
    return found


def listed(connection: Connection, status: ReviewStatus, limit: int) -> Sequence[Row[Any]]:
    """Suggestions of this status, the oldest first."""
    chosen = sa.select(REVIEW).where(REVIEW.c.status == status).order_by(REVIEW.c.created_at)
    return connection.execute(chosen.limit(limit)).all()


def review(
    connection: Connection,
    review_id: uuid.UUID,
    status: ReviewStatus,
    label: str | None,
    by: str,
    now: datetime,
) -> Row[Any]:
    """Accept with this label, or reject; the row as it stands then.

    Raises
    ------
    NotThere, Conflict
        Without such a suggestion; if somebody has reviewed it.
    """
    mine = REVIEW.c.id == review_id
    waits = mine & (REVIEW.c.status == ReviewStatus.PENDING)
    done = {"status": status, "label": label, "reviewed_by": by, "reviewed_at": now}
    changed = connection.execute(REVIEW.update().where(waits).values(**done)).rowcount
    row: Row[Any] | None = connection.execute(sa.select(REVIEW).where(mine)).one_or_none()
    if row is None:
        raise NotThere(f"there is no suggestion {review_id}")
    if changed != 1:
        raise Conflict(f"this suggestion was {row.status} by {row.reviewed_by}")
    return row


def accepted(connection: Connection, before: datetime) -> Sequence[Any]:
    """text, label, writer of what was accepted before a moment, in the order of acceptance."""
    agreed = (REVIEW.c.status == ReviewStatus.ACCEPTED) & (REVIEW.c.reviewed_at < before)
    chosen = sa.select(REVIEW.c.text, REVIEW.c.label, REVIEW.c.writer).where(agreed)
    return connection.execute(chosen.order_by(REVIEW.c.reviewed_at, REVIEW.c.id)).all()
