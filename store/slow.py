"""Statements that take long: told in the log as they happen, and as PostgreSQL remembers them.

Never with their values: those are what people wrote.
"""

import logging
import time
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError

from core.errors import StoreUnavailable
from store.db import read

log = logging.getLogger(__name__)
SLOW_S = 0.2
LONGEST = 500
BEGAN = "tripo_began"
REMEMBERED = """
SELECT query, calls, mean_exec_time, max_exec_time FROM pg_stat_statements s
JOIN pg_database d ON d.oid = s.dbid WHERE d.datname = current_database()
ORDER BY mean_exec_time DESC LIMIT 10
"""


def watch(engine: Engine) -> None:
    """Log every statement of this engine that takes ``SLOW_S`` or longer."""
    event.listen(engine, "before_cursor_execute", _before)
    event.listen(engine, "after_cursor_execute", _after)


def _before(connection: Connection, _cursor: Any, _sql: str, *_: Any) -> None:
    connection.info[BEGAN] = time.perf_counter()


def _after(connection: Connection, _cursor: Any, sql: str, *_: Any) -> None:
    spent = time.perf_counter() - connection.info.pop(BEGAN, float("inf"))
    if spent >= SLOW_S:
        log.warning("a statement took %.0f ms: %s", 1000 * spent, shortened(sql))


def shortened(sql: str) -> str:
    """A statement on one line, cut where it gets long."""
    line = " ".join(sql.split())
    return line if len(line) <= LONGEST else f"{line[:LONGEST]} ..."


def slowest(engine: Engine) -> list[dict[str, Any]] | None:
    """The ten slowest statements on average: statement, calls, mean_ms, max_ms. None where the
    database does not remember them: SQLite, or PostgreSQL without pg_stat_statements."""
    if engine.dialect.name != "postgresql":
        return None
    try:
        rows = read(engine, lambda connection: connection.exec_driver_sql(REMEMBERED).all())
    except (DBAPIError, StoreUnavailable):  # the view is missing, or may not be read
        return None
    return [
        {
            "statement": shortened(row.query),
            "calls": int(row.calls),
            "mean_ms": round(float(row.mean_exec_time), 2),
            "max_ms": round(float(row.max_exec_time), 2),
        }
        for row in rows
    ]
