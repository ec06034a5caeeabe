"""What stands for a user in the lake: an HMAC under a key of their own, which erasure deletes.

Without the key nobody can tell whose rows these were, nor that a later user is the same.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from store.db import write
from store.tables import Base, UserKey

KEY = Base.metadata.tables[UserKey.__tablename__]
KEY_BYTES = 32
AT_ONCE = 500
"""Users a transaction."""


def pseudonyms(engine: Engine, user_ids: Iterable[str], now: datetime) -> dict[str, str]:
    """One of each user; whoever has no key yet gets one."""
    wanted, keys = sorted(set(user_ids)), dict[str, bytes]()
    for start in range(0, len(wanted), AT_ONCE):
        keys |= write(engine, _Keys(wanted[start : start + AT_ONCE], now))
    return {user: _pseudonym(user, key) for user, key in keys.items()}


@dataclass(frozen=True, slots=True)
class _Keys:
    """The keys of these users, made where they are missing."""

    users: list[str]
    now: datetime

    def __call__(self, connection: Connection) -> dict[str, bytes]:
        theirs = sa.select(KEY.c.user_id, KEY.c.key).where(KEY.c.user_id.in_(self.users))
        known = {row.user_id: row.key for row in connection.execute(theirs)}
        fresh = {u: secrets.token_bytes(KEY_BYTES) for u in self.users if u not in known}
        if fresh:
            rows = [{"user_id": u, "key": k, "created_at": self.now} for u, k in fresh.items()]
            connection.execute(KEY.insert(), rows)
        return known | fresh


def _pseudonym(user_id: str, key: bytes) -> str:
    return f"P{hmac.new(key, user_id.encode(), hashlib.sha256).hexdigest()[:31]}"
