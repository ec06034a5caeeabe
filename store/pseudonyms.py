"""What stands for a user in the lake: an HMAC under a key of their own, which erasure deletes.

Without the key nobody can tell whose rows these were, nor that a later user is the same.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from store.tables import Base, UserKey

KEY = Base.metadata.tables[UserKey.__tablename__]
KEY_BYTES = 32
AT_ONCE = 500


def pseudonyms(connection: Connection, user_ids: Iterable[str], now: datetime) -> dict[str, str]:
    """One of each user; whoever has no key yet gets one. Needs a connection of `store.db.write`."""
    wanted = sorted(set(user_ids))
    keys: dict[str, bytes] = {}
    for start in range(0, len(wanted), AT_ONCE):
        some = sa.select(KEY.c.user_id, KEY.c.key).where(
            KEY.c.user_id.in_(wanted[start : start + AT_ONCE])
        )
        keys |= {row.user_id: row.key for row in connection.execute(some)}
    fresh = {user: secrets.token_bytes(KEY_BYTES) for user in wanted if user not in keys}
    if fresh:
        rows = [{"user_id": user, "key": key, "created_at": now} for user, key in fresh.items()]
        connection.execute(KEY.insert(), rows)
    keys |= fresh
    return {user: _pseudonym(user, keys[user]) for user in wanted}


def _pseudonym(user_id: str, key: bytes) -> str:
    return f"P{hmac.new(key, user_id.encode(), hashlib.sha256).hexdigest()[:31]}"
