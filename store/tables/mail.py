"""E-mail conversations: what came and what goes out; and the tickets that mirror hand-overs."""

import uuid
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from store.tables.base import Base, one_of, uuid_key


class MailState(StrEnum):
    """RECEIVED came in; the others are on their way out, gone, or given up."""

    RECEIVED = "RECEIVED"
    WAITING = "WAITING"
    SENT = "SENT"
    FAILED = "FAILED"


class MailMessage(Base):
    """One mail, and the message of the conversation that it carries. A mail comes once."""

    __tablename__ = "mail_messages"
    __table_args__ = (
        sa.Index(None, "state", "next_attempt_at"),
        sa.Index(None, "conversation_id", "created_at"),
    )

    id: Mapped[uuid.UUID] = uuid_key()
    mail_id: Mapped[str] = mapped_column(sa.String(255), unique=True)
    """The Message-ID, without its brackets."""
    conversation_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("support_conversations.id", ondelete="CASCADE")
    )
    message_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("support_messages.id", ondelete="CASCADE"), unique=True
    )
    state: Mapped[MailState] = mapped_column(one_of(MailState, "state"))
    address: Mapped[str] = mapped_column(sa.String(320))
    """Of the user, whichever way the mail goes."""
    subject: Mapped[str] = mapped_column(sa.String(500))
    in_reply_to: Mapped[str | None] = mapped_column(sa.String(255))
    attempts: Mapped[int]
    next_attempt_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


class Ticket(Base):
    """What the ticket system was last told of a conversation; ``digest`` of what it was told."""

    __tablename__ = "tickets"
    __table_args__ = (sa.Index(None, "next_attempt_at"),)

    conversation_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("support_conversations.id", ondelete="CASCADE"), primary_key=True
    )
    external_id: Mapped[str | None] = mapped_column(sa.String(255))
    seen_version: Mapped[int]
    digest: Mapped[str | None] = mapped_column(sa.String(64))
    attempts: Mapped[int]
    next_attempt_at: Mapped[datetime]
