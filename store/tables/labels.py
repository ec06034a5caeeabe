"""Labels that people suggest for messages, and what a reviewer made of them."""

import uuid
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from store.tables.base import Base, longest, one_of, uuid_key
from store.tables.support import FOREIGN_ID


class LabelSource(StrEnum):
    """Where a suggestion comes from."""

    AGENT = "AGENT"
    FEEDBACK = "FEEDBACK"


class ReviewStatus(StrEnum):
    """What became of it."""

    PENDING = "PENDING"
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"


class LabelReview(Base):
    """A message, without personal values, that may be learned from once a person agrees.

    ``label`` is the intent that is meant; empty until somebody says, as after an unhelpful answer.
    ``writer`` is an HMAC of who wrote the message: enough to count what one person contributes.
    """

    __tablename__ = "label_reviews"
    __table_args__ = (
        sa.UniqueConstraint("message_id", "source"),
        longest("text", 5000),
        sa.CheckConstraint("status != 'ACCEPTED' OR label IS NOT NULL", name="accepted_has_label"),
        sa.Index(None, "status", "created_at"),
        sa.Index(None, "reviewed_at"),
    )

    id: Mapped[uuid.UUID] = uuid_key()
    message_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("support_messages.id", ondelete="CASCADE")
    )
    source: Mapped[LabelSource] = mapped_column(one_of(LabelSource, "source"))
    text: Mapped[str] = mapped_column(sa.Text)
    guessed: Mapped[str | None] = mapped_column(sa.String(64))
    label: Mapped[str | None] = mapped_column(sa.String(64))
    release: Mapped[str | None] = mapped_column(sa.String(64))
    writer: Mapped[str] = mapped_column(FOREIGN_ID)
    suggested_by: Mapped[str] = mapped_column(FOREIGN_ID)
    status: Mapped[ReviewStatus] = mapped_column(one_of(ReviewStatus, "status"))
    reviewed_by: Mapped[str | None] = mapped_column(FOREIGN_ID)
    reviewed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
