"""What importers share: batches, reading a source file, units.

Local times become UTC with the zone's rules: an hour that repeats in autumn is read as the second
one (standard time), an hour that spring skips as if the clock had not been set forward. Money is
rounded half to even to whole cents; a mile is 1.609344 km.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import BadInput, SchemaMismatch
from core.schema import AssetSchema, Column
from pipelines.gate_rules import Rule
from pipelines.gate_types import connection

KM_PER_MILE = 1.609344
WHOLE = "all"  # the key of a table that is not split by time


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
    found: str  # in the data folder
    read: Callable[[Path, Options], Iterator[Batch]]


def source(path: Path, needed: Iterable[str]) -> Path:
    """``path`` if it is a whole Parquet file with the needed columns.

    Raises
    ------
    BadInput
        If there is no such file, or it is malformed or cut off.
    SchemaMismatch
        Naming the columns that are missing.
    """
    if not path.is_file():
        raise BadInput(f"expected a Parquet file at {path}; there is none")
    try:
        names = pq.read_schema(path).names
    except (pa.ArrowException, OSError) as error:
        raise BadInput(f"{path}: expected a whole Parquet file, got: {error}") from None
    missing = [name for name in needed if name not in names]
    if missing:
        raise SchemaMismatch(f"{path}: missing columns {missing}; it has {names}")
    return path


def files(path: Path, pattern: str) -> list[Path]:
    """The file itself, or the files of a folder that match, by name."""
    found = sorted(path.glob(pattern)) if path.is_dir() else [path]
    if not found:
        raise BadInput(f"expected files like {pattern} in {path}; there are none")
    return found


def query(sql: str, tables: Mapping[str, Path | pa.Table], **values: Any) -> pa.Table:
    """Run SQL over files or tables by name; rows of a file keep their order as ``n`` (from 0)."""
    with connection() as db:
        for name, table in tables.items():
            if isinstance(table, Path):
                rows = f"read_parquet({str(table)!r}, file_row_number = true)"
                db.execute(f"CREATE VIEW {name} AS SELECT *, file_row_number AS n FROM {rows}")  # noqa: S608
            else:
                db.register(name, table)
        return db.execute(sql, {k: v for k, v in values.items() if f"${k}" in sql}).to_arrow_table()


def cents(amount: str) -> str:
    """SQL: an amount of dollars as whole cents, half to even."""
    return f"CAST(round_even(({amount}) * 100, 0) AS BIGINT)"


def utc(local: str, zone: str) -> str:
    """SQL: a local time of a zone as a moment."""
    return f"timezone('{zone}', {local})"


def schema(name: str, columns: str, key: str) -> AssetSchema:
    """The columns of a table that is no asset of the contract, in the contract's notation."""
    parsed = (word.partition(":") for word in columns.split())
    found = tuple(Column(c, kind.rstrip("?"), kind.endswith("?")) for c, _, kind in parsed)
    return AssetSchema(name, 1, found, tuple(key.split()), None)
