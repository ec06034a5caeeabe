"""Columns and types of a delivery: the first thing the gate looks at.

A column that is missing, unknown or of another kind refuses the whole delivery; a single value
that cannot be read as its type (``"abc"`` among the integers of a CSV file) refuses its row.
"""

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import SchemaMismatch
from core.schema import AssetSchema, Column
from store.lake import ARROW

WORDS = {
    "s": "text",
    "i": "whole number",
    "c": "whole number of cents",
    "f": "finite number",
    "b": "true or false",
    "t": "time (UTC)",
    "d": "date",
    "S": "list of texts",
}
# How DuckDB reads one value that Arrow could not; a number with a fraction is no whole number.
SQL_CAST = {
    "i": "CASE WHEN TRY_CAST(x AS DOUBLE) = trunc(TRY_CAST(x AS DOUBLE)) "
    "THEN TRY_CAST(x AS BIGINT) END",
    "f": "TRY_CAST(x AS DOUBLE)",
    "b": "TRY_CAST(x AS BOOLEAN)",
    "t": "TRY_CAST(x AS TIMESTAMPTZ)",
    "d": "TRY_CAST(x AS DATE)",
    "s": "TRY_CAST(x AS VARCHAR)",
    "S": "TRY_CAST(x AS VARCHAR[])",
}


def connection() -> duckdb.DuckDBPyConnection:
    """DuckDB in memory, in UTC, with the two threads that a step may use."""
    db = duckdb.connect(config={"threads": 2})
    db.execute("SET TimeZone = 'UTC'")  # after connecting: only then is its extension loaded
    return db


def _same_kind(found: pa.DataType, letter: str) -> bool:
    """Whether values of a type can be read as the contract's type at all."""
    text = pa.types.is_string(found) or pa.types.is_large_string(found)
    if text or pa.types.is_null(found):
        return True
    if pa.types.is_dictionary(found):
        return _same_kind(found.value_type, letter)
    number = pa.types.is_integer(found) or pa.types.is_floating(found)
    if letter in "icf":
        return number or pa.types.is_decimal(found)
    moment = pa.types.is_timestamp(found) or pa.types.is_date(found)
    same = {"t": moment, "d": moment, "b": pa.types.is_boolean(found), "S": pa.types.is_list(found)}
    return bool(same.get(letter, False))


def check_columns(table: pa.Table, schema: AssetSchema) -> None:
    """Raise SchemaMismatch naming every missing, unknown and wrongly typed column at once."""
    found = dict(zip(table.column_names, table.schema.types, strict=True))
    repeated = sorted({n for n in table.column_names if table.column_names.count(n) > 1})
    missing = [name for name in schema.names if name not in found]
    unknown = [name for name in found if name not in schema.names]
    wrong = [
        f"{column.name}: expected {ARROW[column.type]}, got {found[column.name]}"
        for column in schema.columns
        if column.name in found and not _same_kind(found[column.name], column.type)
    ]
    if missing or unknown or wrong or repeated:
        raise SchemaMismatch(
            f"{schema.name}: missing columns {missing}; unknown columns {unknown}; repeated "
            f"columns {repeated}; wrong types {wrong}; the contract is docs/domain.md section 7"
        )


def read_values(values: pa.ChunkedArray, letter: str) -> pa.ChunkedArray:
    """Values in the type of a letter; those that cannot be read become NULL.

    Raises
    ------
    SchemaMismatch
        For types so rare that no value of theirs can be read: halves, decimals of 256 bits.
    """
    wanted = ARROW[letter]
    if values.type == wanted:
        return values
    if pa.types.is_timestamp(values.type) and letter == "d":
        return pc.floor_temporal(values, unit="day").cast(wanted)
    try:
        return values.cast(wanted, safe=not pa.types.is_timestamp(values.type))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        source = pa.table({"x": values})
        sql = SQL_CAST["i" if letter == "c" else letter]
        try:
            with connection() as db:
                db.register("source", source)
                read = db.execute(f"SELECT {sql} AS x FROM source").to_arrow_table()  # noqa: S608
        except duckdb.Error as error:
            raise SchemaMismatch(
                f"expected a column that can be read as {wanted}, got {values.type}: {error}"
            ) from None
        return read.column("x").cast(wanted)


def _unreadable(column: Column, before: pa.ChunkedArray, after: pa.ChunkedArray) -> pa.Array:
    """Rows whose value was lost in reading, or is a number that is not finite."""
    lost = np.zeros(len(before), dtype=bool)
    if after is not before:
        lost = pc.and_(pc.is_valid(before), pc.is_null(after)).to_numpy()
    if column.type == "f":
        lost = lost | pc.fill_null(pc.invert(pc.is_finite(after)), False).to_numpy()
    return lost


def conform(table: pa.Table, schema: AssetSchema) -> tuple[pa.Table, dict[str, np.ndarray]]:
    """The table in the contract's columns, order and types, and the rows that could not be read.

    Returns the typed table and, for every column with unreadable values, a mask of their rows.
    NaN and infinity are unreadable: NULL is how "not known" is said.

    Raises
    ------
    SchemaMismatch
        Naming every missing, unknown and wrongly typed column at once.
    """
    check_columns(table, schema)
    columns, unreadable = {}, {}
    for column in schema.columns:
        before = table.column(column.name)
        after = read_values(before, column.type)
        lost = _unreadable(column, before, after)
        if lost.any():
            unreadable[column.name] = lost
        columns[column.name] = after
    return pa.table(columns), unreadable
