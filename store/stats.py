"""How big the store is: rows and bytes by table."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import OperationalError

from store.db import lacks_tables, read


def table_stats(engine: Engine) -> list[dict[str, Any]]:
    """Rows and bytes (with indexes) of every table, biggest first; bytes None if not counted."""

    def work(connection: Connection) -> list[dict[str, Any]]:
        sizes = _sizes(connection)
        names = sa.inspect(connection).get_table_names()
        if not names:
            raise lacks_tables(engine)
        counts = {n: sa.select(sa.func.count()).select_from(sa.table(n)) for n in names}
        found = [
            {"table": name, "rows": connection.scalar(count) or 0, "bytes": sizes.get(name)}
            for name, count in counts.items()
        ]
        return sorted(found, key=lambda row: (-(row["bytes"] or 0), row["table"]))

    return read(engine, work)


def total_bytes(engine: Engine) -> int:
    """The size of the whole database; free pages of SQLite count."""
    if engine.dialect.name == "postgresql":
        query = "SELECT pg_database_size(current_database())"
    else:
        query = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    return read(engine, lambda connection: int(connection.exec_driver_sql(query).scalar_one()))


def _sizes(connection: Connection) -> dict[str, int]:
    if connection.dialect.name == "postgresql":
        query = "SELECT relname, pg_total_relation_size(relid) FROM pg_stat_user_tables"
    else:
        query = (
            "SELECT m.tbl_name, sum(s.pgsize) FROM dbstat s "
            "JOIN sqlite_master m ON m.name = s.name WHERE s.aggregate GROUP BY m.tbl_name"
        )
    try:
        return {name: int(size) for name, size in connection.exec_driver_sql(query)}
    except OperationalError:  # an SQLite built without dbstat
        return {}
