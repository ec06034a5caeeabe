"""Forget a user: conversations, marks, flags, bookings go, and stay gone when a backup comes back.

The log of erasures holds no user, only an HMAC of the id under TRIPO_PSEUDONYM_SECRET: enough to
know a user again in a restored backup, and to nobody else.
"""

import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from core.enums import ConversationStatus
from store import agents
from store.conversations import CONVERSATION
from store.db import read, write
from store.outbox import OUTBOX
from store.premium_bookings import BOOKING
from store.tables import Base, Erasure, IdempotentCall, UserFlag, UserKey

ERASED = Base.metadata.tables[Erasure.__tablename__]
FLAG = Base.metadata.tables[UserFlag.__tablename__]
KEY = Base.metadata.tables[UserKey.__tablename__]
CALL = Base.metadata.tables[IdempotentCall.__tablename__]


def pseudonym(user_id: str, secret: str) -> str:
    """What stands for a user where the user may not stand."""
    return hmac.new(secret.encode(), user_id.encode(), hashlib.sha256).hexdigest()


def erase(engine: Engine, user_id: str, secret: str, by: str, at: datetime) -> dict[str, int]:
    """Remove everything of a user; how many rows of each kind went. A second time finds none."""

    def work(connection: Connection) -> dict[str, int]:
        gone = _forget(connection, user_id)
        row = {"user": pseudonym(user_id, secret), "erased_at": at, "erased_by": by}
        there = sa.select(ERASED.c.user).where(ERASED.c.user == row["user"])
        if connection.execute(there).first() is None:
            connection.execute(ERASED.insert().values(row))
        return gone

    return write(engine, work)


def _forget(connection: Connection, user_id: str) -> dict[str, int]:
    mine = sa.select(CONVERSATION).where(CONVERSATION.c.user_id == user_id)
    rows = connection.execute(mine).all()
    for row in rows:  # whoever has one in hand gets their place back
        if row.status == ConversationStatus.ESCALATED and row.assigned_agent_id is not None:
            agents.leave_place(connection, row.assigned_agent_id, row.updated_at)
    ids = [str(row.id) for row in rows]
    told = OUTBOX.c.payload["conversation_id"].as_string().in_(ids)
    named = OUTBOX.c.payload["user_id"].as_string() == user_id
    deletions = {
        "events": sa.delete(OUTBOX).where(told | named),
        # their messages, marks and notes go with them
        "conversations": sa.delete(CONVERSATION).where(CONVERSATION.c.user_id == user_id),
        # their claims and logged matches go with them
        "bookings": sa.delete(BOOKING).where(BOOKING.c.rider_id == user_id),
        "flags": sa.delete(FLAG).where(FLAG.c.user_id == user_id),
        # a service's, too: what it was answered is about the user
        "calls": sa.delete(CALL).where(
            (CALL.c.caller == user_id) | CALL.c.response["conversation_id"].as_string().in_(ids)
        ),
        # from now on nobody can tell whose rows in the lake these were
        "keys": sa.delete(KEY).where(KEY.c.user_id == user_id),
    }
    return {name: connection.execute(delete).rowcount for name, delete in deletions.items()}


def log(engine: Engine) -> list[dict[str, Any]]:
    """Every erasure so far, to be carried over a restore."""
    chosen = sa.select(ERASED).order_by(ERASED.c.erased_at)
    return read(engine, lambda c: [dict(row._mapping) for row in c.execute(chosen)])


def replay(engine: Engine, erasures: Iterable[dict[str, Any]], secret: str) -> int:
    """Erase again whoever a restored backup brought back; how many users that was."""

    def work(connection: Connection) -> int:
        known = set(connection.scalars(sa.select(ERASED.c.user)))
        fresh = [row for row in erasures if row["user"] not in known]
        if fresh:
            connection.execute(ERASED.insert(), fresh)
        everybody = known | {row["user"] for row in fresh}
        rows = CONVERSATION.c.user_id, BOOKING.c.rider_id
        named = *rows, FLAG.c.user_id, KEY.c.user_id, CALL.c.caller
        users = {
            user for column in named for user in connection.scalars(sa.select(column).distinct())
        }
        back = [user for user in users if pseudonym(user, secret) in everybody]
        for user in back:
            _forget(connection, user)
        return len(back)

    return write(engine, work)
