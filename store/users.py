"""What the store knows of a user beside their conversations."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from store.tables import Base, UserFlag

FLAG = Base.metadata.tables[UserFlag.__tablename__]
FRAUD = "fraud"
"""The fraud team keeps an eye on this user."""
_FLAGGED = sa.select(FLAG.c.since).where(
    (FLAG.c.user_id == sa.bindparam("of_user")) & (FLAG.c.flag == sa.bindparam("named"))
)


def is_flagged(connection: Connection, user_id: str, flag: str) -> bool:
    """Whether a user has this flag."""
    return connection.execute(_FLAGGED, {"of_user": user_id, "named": flag}).first() is not None


def flag(connection: Connection, user_id: str, flag: str, now: datetime) -> None:
    """Give a user a flag; the first time counts."""
    if not is_flagged(connection, user_id, flag):
        connection.execute(FLAG.insert().values(user_id=user_id, flag=flag, since=now))
