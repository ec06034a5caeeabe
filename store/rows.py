"""Write many rows at once: replaced whole, or inserted over what has the same key."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import IntegrityError, StatementError

from core.errors import BadInput, RowRefused, SchemaMismatch
from store.db import write
from store.tables import Base

CHUNK = 1_000  # rows a statement; also rows a transaction where rows are independent

Row = Mapping[str, Any]


def replace_rows(
    engine: Engine, table: type[Base], where: Mapping[str, Any], rows: Sequence[Row]
) -> int:
    """Put ``rows`` in the place of every row that equals ``where``, all in one transaction.

    Running it again leaves the same rows: what the nightly KPI writers need. ``where`` maps
    columns to values, e.g. ``{"day": day}``; a row may leave those columns out.

    Returns
    -------
    How many rows stand there now.

    Raises
    ------
    SchemaMismatch
        If a row has unknown columns or lacks one.
    RowRefused
        If a row is outside of ``where``, or a constraint refuses it; nothing has changed then.
    """
    target = _table(table)
    _check_columns(target, [where], complete=False)
    filled = [{**where, **row} for row in rows]
    outside = [row for row in filled if any(row[name] != value for name, value in where.items())]
    if outside:
        raise RowRefused(
            f"{target.name}: expected rows of {dict(where)}; {len(outside)} of {len(rows)} are "
            f"not, the first is {outside[0]}"
        )
    filled = _checked(target, filled)
    same = sa.and_(*(target.c[name] == value for name, value in where.items()))

    def work(connection: Connection) -> int:
        connection.execute(target.delete().where(same))
        for chunk in _chunks(filled):
            connection.execute(target.insert(), chunk)
        return len(filled)

    with _refusals(target):
        return write(engine, work)


def upsert_rows(engine: Engine, table: type[Base], rows: Sequence[Row]) -> int:
    """Insert rows, or overwrite those with the same primary key, 1,000 a transaction.

    For rows that stand alone (feature values): a kill in the middle leaves whole rows, and running
    it again finishes the rest.
    """
    target = _table(table)
    filled = _checked(target, rows)
    keys = [column.name for column in target.primary_key]

    insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert
    new: Any = insert(target)
    rest = {c.name: new.excluded[c.name] for c in target.columns if c.name not in keys}
    upsert = new.on_conflict_do_update(index_elements=keys, set_=rest)
    for chunk in _chunks(filled):
        with _refusals(target):
            write(engine, partial(_execute, upsert, chunk))
    return len(filled)


def _execute(statement: Any, rows: Sequence[Row], connection: Connection) -> None:
    connection.execute(statement, rows)


def _table(table: type[Base]) -> sa.Table:
    return Base.metadata.tables[table.__tablename__]


def _chunks(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    for start in range(0, len(rows), CHUNK):
        yield rows[start : start + CHUNK]


def _check_columns(target: sa.Table, rows: Sequence[Row], *, complete: bool) -> None:
    """A bulk insert takes its columns from the first row only, so every row is looked at here."""
    known = set(target.columns.keys())
    needed = {c.key for c in target.columns if not c.nullable and c.default is None}
    if target.autoincrement_column is not None:
        needed.discard(target.autoincrement_column.key)
    unknown = sorted({name for row in rows for name in row} - known)
    missing = sorted({name for row in rows for name in needed - row.keys()}) if complete else []
    if unknown or missing:
        raise SchemaMismatch(
            f"{target.name}: unknown columns {unknown}; missing columns {missing}; "
            f"the table has {sorted(known)}"
        )


def _checked(target: sa.Table, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The rows with the same columns each; NaN refused, because SQLite would keep it as NULL."""
    _check_columns(target, rows, complete=True)
    nans = {
        name
        for row in rows
        for name, value in row.items()
        if isinstance(value, float) and not math.isfinite(value)
    }
    if nans:
        raise RowRefused(
            f"{target.name}: expected numbers or None, got NaN or infinity in {sorted(nans)}"
        )
    given = {name for row in rows for name in row}
    return [{name: row.get(name, _default(target, name)) for name in given} for row in rows]


def _default(target: sa.Table, name: str) -> Any:
    default = target.columns[name].default
    if not isinstance(default, sa.ColumnDefault):
        return None
    return default.arg(None) if default.is_callable else default.arg


@contextmanager
def _refusals(target: sa.Table) -> Iterator[None]:
    """What the database or a column's type refuses, as our error."""
    try:
        yield
    except IntegrityError as error:
        raise RowRefused(f"{target.name}: the row breaks a constraint: {error.orig}") from error
    except StatementError as error:
        if isinstance(error.orig, (BadInput, TypeError, ValueError, LookupError)):
            raise RowRefused(f"{target.name}: a value does not fit: {error.orig}") from error
        raise
