"""What the store knows of a user beside their conversations."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from store.tables import Base, UserFlag

FLAG = Base.metadata.tables[UserFlag.__tablename__]
FRAUD = "fraud"
"""The fraud team keeps an eye on this user."""
_OF_USER = (FLAG.c.user_id == sa.bindparam("of_user")) & (FLAG.c.flag == sa.bindparam("named"))
_FLAGGED = sa.select(FLAG.c.since).where(_OF_USER & (FLAG.c.since >= sa.bindparam("from_then")))


def is_flagged(connection: Connection, user_id: str, flag: str, since: datetime) -> bool:
    """Whether a user was given this flag at that moment or later."""
    asked = {"of_user": user_id, "named": flag, "from_then": since}
    return connection.execute(_FLAGGED, asked).first() is not None


def flag(connection: Connection, user_id: str, flag: str, now: datetime) -> None:
    """Give a user a flag; the last time counts."""
    given = {"of_user": user_id, "named": flag}
    again = FLAG.update().where(_OF_USER).values(since=now)
    if not connection.execute(again, given).rowcount:
        connection.execute(FLAG.insert().values(user_id=user_id, flag=flag, since=now))
