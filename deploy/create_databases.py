"""Create the named PostgreSQL databases beside the store's, if they are not there."""

import sys

import sqlalchemy as sa

from core.settings import settings


def create(names: list[str]) -> None:
    """Create each database that does not exist yet.

    Every other container waits for this one, so here a known secret is refused for all of them.
    """
    found = settings()
    found.require_safe()
    engine = sa.create_engine(found.store_url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            there = set(connection.scalars(sa.text("SELECT datname FROM pg_database")))
            for name in sorted(set(names) - there):
                connection.execute(sa.text(f'CREATE DATABASE "{name}"'))
    finally:
        engine.dispose()


if __name__ == "__main__":
    create(sys.argv[1:])
