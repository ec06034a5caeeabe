"""How a store is copied to a folder, checked there and put back: SQLite and PostgreSQL.

A fingerprint is, per table, how many rows it has and a SHA-256 over all of them in key order.
"""

import hashlib
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from core.errors import StoreUnavailable
from store.db import answering, shown

Fingerprint = dict[str, dict[str, int | str]]

FETCH = 5_000  # rows in memory at a time


def fingerprint(connection: Connection) -> Fingerprint:
    """Rows and content hash of every table, as one consistent view of the store has them."""
    inspector = sa.inspect(connection)
    found: Fingerprint = {}
    for name in sorted(inspector.get_table_names()):
        columns = sorted(column["name"] for column in inspector.get_columns(name))
        key = inspector.get_pk_constraint(name)["constrained_columns"] or columns
        table = sa.table(name, *map(sa.column, columns))
        query = sa.select(table).order_by(*(table.c[column] for column in key))
        digest, rows = hashlib.sha256(), 0
        result = connection.execution_options(yield_per=FETCH).execute(query)
        for part in result.partitions():
            rows += len(part)
            digest.update("\n".join(map(repr, map(tuple, part))).encode())
        found[name] = {"rows": rows, "sha256": digest.hexdigest()}
    return found


def dump(engine: Engine, folder: Path) -> Fingerprint:
    """Copy the running store into ``folder``; the fingerprint is of exactly what was copied."""
    with answering(engine):
        return (_dump_sqlite if _is_sqlite(engine) else _dump_postgres)(engine, folder)


def check(engine: Engine, folder: Path) -> Fingerprint:
    """Restore the copy beside the store, where it harms nobody, and fingerprint it."""
    with answering(engine), (_opened if _is_sqlite(engine) else _scratch)(engine, folder) as copy:
        return fingerprint(copy)


def load(engine: Engine, folder: Path) -> Fingerprint:
    """Put the copy in the place of the store, whole or not at all."""
    with answering(engine):
        (_load_sqlite if _is_sqlite(engine) else _load_postgres)(engine, folder)
        with engine.connect() as connection:
            return fingerprint(connection)


def file_name(engine: Engine) -> str:
    return "store.db" if _is_sqlite(engine) else "store.dump"


def _is_sqlite(engine: Engine) -> bool:
    return engine.dialect.name == "sqlite"


def _dump_sqlite(engine: Engine, folder: Path) -> Fingerprint:
    with engine.connect() as connection:
        found = fingerprint(connection)  # its first read fixes what this transaction sees
        raw = connection.connection.dbapi_connection
        target = sqlite3.connect(folder / file_name(engine))
        try:
            raw.backup(target)  # type: ignore[union-attr]
            target.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it
        finally:
            target.close()
    return found


@contextmanager
def _opened(engine: Engine, folder: Path) -> Iterator[Connection]:
    path = (folder / file_name(engine)).absolute()
    copy = sa.create_engine(f"sqlite:///file:{path}?mode=ro&uri=true")
    try:
        with copy.connect() as connection:
            yield connection
    finally:
        copy.dispose()


def _load_sqlite(engine: Engine, folder: Path) -> None:
    source = sqlite3.connect(f"file:{(folder / file_name(engine)).absolute()}?mode=ro", uri=True)
    live = engine.raw_connection()
    try:
        source.backup(live.dbapi_connection)  # type: ignore[arg-type]
    finally:
        live.close()
        source.close()


def _dump_postgres(engine: Engine, folder: Path) -> Fingerprint:
    level = "REPEATABLE READ"
    with engine.connect().execution_options(isolation_level=level) as connection:
        snapshot = connection.scalar(sa.select(sa.func.pg_export_snapshot()))
        _tool(
            engine,
            *("pg_dump", "--format=custom", "--no-owner", f"--snapshot={snapshot}"),
            f"--file={folder / file_name(engine)}",
        )
        return fingerprint(connection)


@contextmanager
def _scratch(engine: Engine, folder: Path) -> Iterator[Connection]:
    """A database of its own for the restore check, dropped afterwards."""
    name = f"tripo_check_{os.getpid()}"
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as admin:
        admin.exec_driver_sql(f'DROP DATABASE IF EXISTS "{name}"')
        admin.exec_driver_sql(f'CREATE DATABASE "{name}"')
        copy = sa.create_engine(engine.url.set(database=name))
        try:
            _tool(copy, "pg_restore", "--no-owner", str(folder / file_name(engine)))
            with copy.connect() as connection:
                yield connection
        finally:
            copy.dispose()
            admin.exec_driver_sql(f'DROP DATABASE "{name}"')


def _load_postgres(engine: Engine, folder: Path) -> None:
    options = ("--clean", "--if-exists", "--single-transaction", "--no-owner")
    _tool(engine, "pg_restore", *options, str(folder / file_name(engine)))


def _tool(engine: Engine, program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs; the password travels in the environment only."""
    # `set(password=None)` would keep the password, and show it as ***
    url = engine.url._replace(drivername="postgresql", password=None)
    env = {**os.environ, "PGPASSWORD": str(engine.url.password or "")}
    target = f"--dbname={url.render_as_string()}"
    try:
        done = subprocess.run(
            [program, target, *arguments], env=env, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise StoreUnavailable(
            f"expected PostgreSQL's {program} on PATH; install the client of the server's version"
        ) from None
    if done.returncode:
        raise StoreUnavailable(f"{program} of {shown(engine.url)} failed: {done.stderr.strip()}")
