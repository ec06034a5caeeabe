"""What the store knows of a user beside their conversations."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from store.tables import Base, UserFlag

FLAG = Base.metadata.tables[UserFlag.__tablename__]
FRAUD = "fraud"
"""The fraud team keeps an eye on this user."""


def is_flagged(connection: Connection, user_id: str, flag: str) -> bool:
    """Whether a user has this flag."""
    mine = (FLAG.c.user_id == user_id) & (FLAG.c.flag == flag)
    return connection.execute(sa.select(FLAG.c.since).where(mine)).first() is not None


def flag(connection: Connection, user_id: str, flag: str, now: datetime) -> None:
    """Give a user a flag; the first time counts."""
    if not is_flagged(connection, user_id, flag):
        connection.execute(FLAG.insert().values(user_id=user_id, flag=flag, since=now))
