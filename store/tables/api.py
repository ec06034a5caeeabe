"""What the API keeps beside its objects: events to publish, calls made before, who did what."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.enums import Role
from store.tables.base import Base, one_of, uuid_key
from store.tables.support import FOREIGN_ID, SEQUENCE


class OutboxEvent(Base):
    """An event written with the change it tells of, and published afterwards, in this order."""

    __tablename__ = "outbox_events"
    __table_args__ = (
        sa.Index(None, "published_at", "seq"),
        {"sqlite_autoincrement": True},
    )

    seq: Mapped[int] = mapped_column(SEQUENCE, primary_key=True, autoincrement=True)
    id: Mapped[uuid.UUID] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(sa.String(64))
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    published_at: Mapped[datetime | None]


class HandledEvent(Base):
    """An event of another system whose effect stands in the store; it comes once more in vain."""

    __tablename__ = "handled_events"

    id: Mapped[str] = mapped_column(FOREIGN_ID, primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(64))
    handled_at: Mapped[datetime]


class IdempotentCall(Base):
    """A call with an idempotency key and what it was answered, to answer the same again."""

    __tablename__ = "idempotent_calls"
    __table_args__ = (sa.Index(None, "created_at"),)

    caller: Mapped[str] = mapped_column(FOREIGN_ID, primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    request_hash: Mapped[str] = mapped_column(sa.String(64))
    response: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]


class AuditEntry(Base):
    """One act of administration: who, what, to which object. Never changed."""

    __tablename__ = "audit_log"
    __table_args__ = (sa.Index(None, "at"), sa.Index(None, "subject"))

    id: Mapped[uuid.UUID] = uuid_key()
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(FOREIGN_ID)
    role: Mapped[Role] = mapped_column(one_of(Role, "role"))
    action: Mapped[str] = mapped_column(sa.String(64))
    subject: Mapped[str] = mapped_column(sa.String(100))
    detail: Mapped[dict[str, Any] | None]


class SpentToken(Base):
    """A refresh token that was used; it can be used once."""

    __tablename__ = "spent_tokens"
    __table_args__ = (sa.Index(None, "expires_at"),)

    id: Mapped[str] = mapped_column(FOREIGN_ID, primary_key=True)
    expires_at: Mapped[datetime]


class UserFlag(Base):
    """What another system said of a user, and support has to know: an eye is kept on fraud."""

    __tablename__ = "user_flags"

    user_id: Mapped[str] = mapped_column(FOREIGN_ID, primary_key=True)
    flag: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    since: Mapped[datetime]


class UserKey(Base):
    """What a user's pseudonym in the lake is made with; deleted, the pseudonym is nobody's."""

    __tablename__ = "user_keys"

    user_id: Mapped[str] = mapped_column(FOREIGN_ID, primary_key=True)
    key: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    created_at: Mapped[datetime]


class Erasure(Base):
    """A user who was forgotten, as an HMAC of the id: known when a backup brings them back."""

    __tablename__ = "erasures"

    user: Mapped[str] = mapped_column(FOREIGN_ID, primary_key=True)
    erased_at: Mapped[datetime]
    erased_by: Mapped[str] = mapped_column(FOREIGN_ID)
