"""What importers share: batches, reading a source file, units.

Local times become UTC with the zone's rules: an hour that repeats in autumn is read as the second
one (standard time), an hour that spring skips as if the clock had not been set forward. Money is
rounded half to even to whole cents; a mile is 1.609344 km.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import BadInput, SchemaMismatch
from core.schema import AssetSchema, Column
from pipelines.gate_rules import Rule, literal
from pipelines.gate_types import connection

KM_PER_MILE = 1.609344
WHOLE = "all"  # the key of a table that is not split by time
UNDATED = "undated"  # the key of rows without a readable time; they all go to quarantine
KINDS = {"s": "texts", "f": "numbers", "t": "times", "b": "true or false"}


@dataclass(frozen=True)
class Options:
    """What an importer needs to know besides the file."""

    driver_share: float  # of the fare, where the source does not say what the driver got


@dataclass(frozen=True)
class Batch:
    """One partition for the lake: ``table`` has the columns of ``schema``, perhaps as texts.

    ``refused`` marks rows that the importer itself refuses, by rule.
    """

    asset: str
    schema: AssetSchema
    key: str
    table: pa.Table
    refused: Mapping[Rule, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Importer:
    """One kind of data: where it lies in the data folder, what becomes of its columns, how."""

    kind: str
    about: str
    found: str  # in the data folder: the file, or a folder of files that match `pattern`
    read: Callable[[Path, Options], Iterator[Batch]]
    pattern: str = "*.parquet"

    def files_in(self, data: Path) -> list[Path]:
        """Its files in a data folder; none is no error."""
        path = data / self.found
        return sorted(path.glob(self.pattern)) if path.is_dir() else [path] * path.is_file()


def source(path: Path, needed: Mapping[str, str]) -> Path:
    """``path`` if it is a whole Parquet file with the needed columns, each of its kind (`KINDS`).

    Raises
    ------
    BadInput
        If there is no such file, or it is malformed or cut off.
    SchemaMismatch
        Naming every column that is missing or of another kind.
    """
    if not path.is_file():
        raise BadInput(f"expected a Parquet file at {path}; there is none")
    try:
        schema = pq.read_schema(path)
    except (pa.ArrowException, OSError) as error:
        raise BadInput(f"{path}: expected a whole Parquet file, got: {error}") from None
    found = dict(zip(schema.names, schema.types, strict=True))
    missing = [name for name in needed if name not in found]
    wrong = [
        f"{name}: expected {KINDS[kind]}, got {found[name]}"
        for name, kind in needed.items()
        if name in found and not _holds(found[name], kind)
    ]
    if missing or wrong:
        raise SchemaMismatch(
            f"{path}: missing columns {missing}; wrong types {wrong}; it has {list(found)}"
        )
    return path


def _holds(found: pa.DataType, kind: str) -> bool:
    """Whether a column of a file has a kind of values; one of NULLs alone has any."""
    if pa.types.is_dictionary(found):
        return _holds(found.value_type, kind)
    text = pa.types.is_string(found) or pa.types.is_large_string(found)
    number = pa.types.is_integer(found) or pa.types.is_floating(found)
    kinds = {
        "s": text,
        "f": number or pa.types.is_decimal(found),
        "t": pa.types.is_timestamp(found) or pa.types.is_date(found),
        "b": pa.types.is_boolean(found),
    }
    return bool(kinds[kind] or pa.types.is_null(found))


def files(path: Path, pattern: str) -> list[Path]:
    """The file itself, or the files of a folder that match, by name."""
    found = sorted(path.glob(pattern)) if path.is_dir() else [path]
    if not found:
        raise BadInput(f"expected files like {pattern} in {path}; there are none")
    return found


def query(sql: str, tables: Mapping[str, Path | pa.Table], **values: Any) -> pa.Table:
    """Run SQL over files or tables by name; rows of a file keep their order as ``n`` (from 0).

    Raises
    ------
    BadInput
        Naming the files, if a value of theirs cannot be computed with.
    """
    given = {name: value for name, value in values.items() if f"${name}" in sql}
    with connection() as db:
        try:
            for name, table in tables.items():
                if isinstance(table, Path):
                    rows = f"read_parquet({literal(str(table))}, file_row_number = true)"
                    db.execute(f"CREATE VIEW {name} AS SELECT *, file_row_number AS n FROM {rows}")  # noqa: S608
                else:
                    db.register(name, table)
            return db.execute(sql, given).to_arrow_table()
        except duckdb.Error as error:
            paths = ", ".join(str(path) for path in tables.values() if isinstance(path, Path))
            raise BadInput(
                f"{paths or 'the rows'}: expected values as they were published, got: {error}"
            ) from None


def whole(number: str) -> str:
    """SQL: a number as a whole one; what is none (NaN, endless) becomes NULL, which the gate
    refuses in its row alone."""
    return f"TRY_CAST({number} AS BIGINT)"


def cents(amount: str) -> str:
    """SQL: an amount of dollars as whole cents, half to even."""
    return whole(f"round_even(({amount}) * 100, 0)")


def utc(local: str, zone: str) -> str:
    """SQL: a local time of a zone as a moment."""
    return f"timezone('{zone}', {local})"


def schema(name: str, columns: str, key: str) -> AssetSchema:
    """The columns of a table that is no asset of the contract, in the contract's notation."""
    parsed = (word.partition(":") for word in columns.split())
    found = tuple(Column(c, kind.rstrip("?"), kind.endswith("?")) for c, _, kind in parsed)
    return AssetSchema(name, 1, found, tuple(key.split()), None)
