"""Create the named PostgreSQL databases beside the store's, if they are not there."""

import sys

import sqlalchemy as sa

from core.settings import settings


def create(names: list[str]) -> None:
    """Create each database that does not exist yet; two containers may try at once."""
    engine = sa.create_engine(settings().store_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        there = set(connection.scalars(sa.text("SELECT datname FROM pg_database")))
        for name in sorted(set(names) - there):
            try:
                connection.execute(sa.text(f'CREATE DATABASE "{name}"'))
            except sa.exc.ProgrammingError as error:
                if "already exists" not in str(error):
                    raise


if __name__ == "__main__":
    create(sys.argv[1:])
