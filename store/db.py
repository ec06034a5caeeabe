"""The relational store: SQLite (WAL) by default, PostgreSQL by URL.

Readers use ``read`` or ``engine.connect()``. Writers go through ``write`` or ``session``: on SQLite
they begin with BEGIN IMMEDIATE, so that two writers queue up (5 s) instead of failing halfway.
Those of one process stand in a line of their own before: SQLite's way of waiting is to look again
after 1, 2, 5 ... 100 ms, and under load most writers would be asleep when the file is free.
"""

import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from core.errors import RowRefused, StoreUnavailable

BUSY_TIMEOUT_MS = 5_000
CONNECT_TIMEOUT_S = 5
ATTEMPTS = 5
CONNECTIONS = 20
"""Kept open; a call more opens one of its own and closes it again."""
WRITER = {"writer": True}
T = TypeVar("T")
# another writer was first: PostgreSQL's serialization failure and deadlock
RETRY_SQLSTATES = {"40001", "40P01"}
# what SQLite says about its file rather than about a statement
SQLITE_GONE = (
    "unable to open",
    "disk I/O error",
    "is full",
    "malformed",
    "not a database",
    "readonly",
)


def connect(url: str) -> Engine:
    """An engine that has answered once.

    Raises
    ------
    StoreUnavailable
        Naming the address (never its password) and what the database said.
    """
    try:
        parsed = make_url(url)
        engine = _sqlite(parsed) if parsed.get_backend_name() == "sqlite" else _server(parsed)
    except ArgumentError:
        raise StoreUnavailable(
            "TRIPO_DATABASE_URL is not a database address; expected one like "
            "sqlite:////path/store.db or postgresql+psycopg://user@host/name"
        ) from None
    except ModuleNotFoundError as error:
        raise StoreUnavailable(
            f"the driver {error.name} for {parsed.drivername} is not installed; "
            "install the extra `scale`"
        ) from None
    except OSError as error:
        raise StoreUnavailable(f"cannot make the folder of {shown(parsed)}: {error}") from None
    try:
        with engine.connect() as connection:
            connection.execute(sa.select(1))
    except DBAPIError as error:
        engine.dispose()
        raise unavailable(engine, error) from None
    return engine


def shown(url: URL) -> str:
    """An address without its password."""
    return url.render_as_string(hide_password=True)


def unavailable(engine: Engine, error: Exception) -> StoreUnavailable:
    """The error that says the store at this address does not answer, and why."""
    said = str(getattr(error, "orig", None) or error).strip()
    password = engine.url.password
    if password:
        said = said.replace(str(password), "***")
    return StoreUnavailable(
        f"expected the store at {shown(engine.url)} to answer; it said: {said}. "
        "Check TRIPO_DATABASE_URL or TRIPO_HOME, and that the database runs."
    )


def lacks_tables(engine: Engine) -> StoreUnavailable:
    """The error that says the store answers, but was never migrated."""
    return StoreUnavailable(
        f"the store at {shown(engine.url)} lacks its tables: run `tripo db migrate`"
    )


def _sqlite(url: URL) -> Engine:
    in_file = bool(url.database) and url.database != ":memory:"
    if in_file:
        Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    kept = {"pool_size": CONNECTIONS, "max_overflow": CONNECTIONS} if in_file else {}
    waits = {"timeout": BUSY_TIMEOUT_MS / 1000}
    engine = sa.create_engine(url, connect_args=waits, hide_parameters=True, **kept)
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)
    return engine


def _set_pragmas(connection: Any, _record: object) -> None:
    # the driver's own BEGIN comes too late and without IMMEDIATE: we send it (_begin)
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writer", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _server(url: URL) -> Engine:
    waits = {"connect_timeout": CONNECT_TIMEOUT_S}
    engine = sa.create_engine(url, pool_pre_ping=True, connect_args=waits, hide_parameters=True)
    event.listen(engine, "handle_error", _without_row)
    return engine


def _without_row(context: sa.engine.ExceptionContext) -> None:
    """Errors are logged, and PostgreSQL's DETAIL quotes the row: a person's message, perhaps."""
    original, ours = context.original_exception, context.sqlalchemy_exception
    said = getattr(original, "diag", None)
    if said is not None and said.message_detail and ours is not None:
        original.args = (said.message_primary,)
        ours.args = (f"({type(original).__name__}) {said.message_primary}",)


def read(engine: Engine, work: Callable[[Connection], T]) -> T:
    """Run ``work`` on one consistent view of the store."""
    with answering(engine), engine.connect() as connection:
        return work(connection)


def write(engine: Engine, work: Callable[[Connection], T], attempts: int = ATTEMPTS) -> T:
    """Run ``work`` in one transaction and commit; again from its start if another was first.

    Keep it to 1,000 rows and 100 ms: everybody else waits.

    Raises
    ------
    StoreUnavailable
        When the store does not answer, has no tables, or stays busy through all attempts.
    """
    for attempt in range(1, attempts):
        try:
            return _once(engine, work)
        except DBAPIError as error:
            if not is_busy(error):
                raise
        time.sleep(0.05 * attempt * (1 + random.random()))  # noqa: S311 -- spreads the retries
    with answering(engine):
        return _once(engine, work)


def _once(engine: Engine, work: Callable[[Connection], T]) -> T:
    with answering(engine, busy=False), _line(engine), _writer(engine).begin() as connection:
        return work(connection)


def _writer(engine: Engine) -> Engine:
    """The engine whose transactions write; kept, as making it anew costs more than a statement."""
    made: Engine | None = vars(engine).get("tripo_writer")
    if made is None:
        made = vars(engine)["tripo_writer"] = engine.execution_options(**WRITER)
    return made


@contextmanager
def _line(engine: Engine) -> Iterator[None]:
    """Where the writers of this process wait for each other; PostgreSQL has many at a time.

    As long as for another process: whoever writes inside of a write would wait for themselves.
    """
    if engine.dialect.name != "sqlite":
        yield
        return
    turn = _turn(str(engine.url.database))
    if not turn.acquire(timeout=BUSY_TIMEOUT_MS / 1000):
        raise unavailable(engine, TimeoutError("another write of this process goes on"))
    try:
        yield
    finally:
        turn.release()


@cache
def _turn(_database: str) -> threading.Lock:
    return threading.Lock()


@contextmanager
def session(engine: Engine) -> Iterator[Session]:
    """A unit of work on typed rows: commits at the end, rolls back on any error."""
    with answering(engine), _line(engine), Session(_writer(engine)) as unit, unit.begin():
        yield unit


@contextmanager
def answering(engine: Engine, busy: bool = True) -> Iterator[None]:
    """Turn "no answer" into StoreUnavailable and values of a wrong kind into RowRefused; what else
    a statement did wrong passes through.

    ``busy`` False lets the driver's "locked" pass, for those who try again.
    """
    try:
        yield
    except (DBAPIError, PoolTimeout) as error:
        if is_gone(error) or (busy and is_busy(error)):
            raise unavailable(engine, error) from error
        if _lacks_tables(error):
            raise lacks_tables(engine) from error
        if isinstance(error, DataError):  # NUL in a text of PostgreSQL, a number out of its range
            raise RowRefused(
                "expected values that the store can hold; one of them is not"
            ) from None
        raise


def is_busy(error: Exception) -> bool:
    """Another writer held the lock or was first; trying again can help."""
    original = getattr(error, "orig", None)
    if getattr(original, "sqlstate", None) in RETRY_SQLSTATES:
        return True
    return isinstance(error, OperationalError) and "is locked" in str(original)


def is_gone(error: Exception) -> bool:
    """The database does not answer (as opposed to: it refuses this statement)."""
    if isinstance(error, PoolTimeout) or getattr(error, "connection_invalidated", False):
        return True
    original = getattr(error, "orig", None)
    if isinstance(original, sqlite3.Error):
        return any(words in str(original) for words in SQLITE_GONE)
    return isinstance(error, OperationalError) and not is_busy(error)


def _lacks_tables(error: Exception) -> bool:
    original = getattr(error, "orig", None)
    undefined = getattr(original, "sqlstate", None) == "42P01"
    return undefined or "no such table" in str(original)


def migrate(engine: Engine, revision: str = "head") -> str | None:
    """Move the tables to ``revision``; see ``store.migrate``, which costs Alembic's import."""
    from store.migrate import migrate as move

    return move(engine, revision)


def health(engine: Engine) -> dict[str, Any]:
    """Whether the store answers, how fast, and whether its tables are those of this version."""
    from store.migrate import current_revision, head_revision, known

    started = time.perf_counter()
    with answering(engine), engine.connect() as connection:
        current = current_revision(connection)
        problems = _problems(connection)
    head = head_revision()
    if current != head:
        newer = current is not None and not known(current)
        mend = "a newer version did that: update this one" if newer else "run `tripo db migrate`"
        problems.append(f"migrated to {current}, expected {head}: {mend}")
    return {
        "ok": not problems,
        "database": shown(engine.url),
        "dialect": engine.dialect.name,
        "revision": current,
        "head": head,
        "problems": problems,
        "ms": round(1000 * (time.perf_counter() - started), 2),
    }


def _problems(connection: Connection) -> list[str]:
    """What the database finds wrong with itself; PostgreSQL checks its pages when it reads them."""
    if connection.dialect.name != "sqlite":
        return []
    found = [row[0] for row in connection.exec_driver_sql("PRAGMA quick_check(5)")]
    orphans = len(connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall())
    wrong = [] if found == ["ok"] else found
    return [*wrong, f"{orphans} rows point to rows that do not exist"] if orphans else wrong
