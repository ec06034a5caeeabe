"""One's own files in the canonical columns, CSV or Parquet, for any asset of the contract."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from core.errors import BadInput
from core.schema import AssetSchema, asset_schema
from pipelines.gate_types import check_columns, read_values
from pipelines.importers.base import UNDATED, Batch
from pipelines.importers.trip_records import by_key
from pipelines.step import file_digest

ABOUT = """A CSV (with a header) or Parquet file in the columns of docs/domain.md section 7.
maps:     every column by its name; times without a zone are UTC; an empty CSV field is NULL
derives:  nothing
NULL:     only what the file leaves empty and the contract allows to be
key:      the UTC day of the asset's time; rows without a readable one go to quarantine under
          'undated-' and a digest of the file; drivers, vehicles, riders and subscriptions are
          snapshots and need --day
again:    a day that the lake has with other rows is refused, unless --replace is given"""


EARLIEST_DAY = "2000-01-01"
"""Orders and rides are of this century; a day of the year 1 breaks every look back."""


def read(asset: str, path: Path, day: date | None = None) -> Iterator[Batch]:
    """Partitions by UTC day; a snapshot asset is one partition, of ``day``.

    Raises
    ------
    BadInput
        If the file is missing, malformed or empty, or a snapshot comes without its day.
    SchemaMismatch
        If columns are missing, unknown or of another kind.
    """
    schema = asset_schema(asset)
    table = read_table(path)
    check_columns(table, schema)
    if not table.num_rows:
        raise BadInput(f"{path}: expected rows of {asset}, got an empty file")
    if schema.day_column is None:
        if day is None:
            raise BadInput(f"{asset} is a snapshot; expected the day it describes (--day)")
        yield Batch(asset, schema, day.isoformat(), table)
        return
    if day is not None:
        raise BadInput(
            f"{asset} has its day in {schema.day_column}; --day is for snapshots, leave it out"
        )
    # by file: the next file's undated rows must not take the place of these
    undated = f"{UNDATED}-{file_digest(path)[:12]}"
    days = _days(table, schema, schema.day_column, undated)
    early = np.sort(days[days < EARLIEST_DAY])
    if len(early):
        raise BadInput(
            f"{path}: expected {schema.day_column} of {EARLIEST_DAY} or later, got {early[0]} in "
            f"{len(early)} rows; such a date is mostly an exporting program's empty value. Leave "
            "it empty, and the row goes to quarantine"
        )
    keys = pa.array(days)
    yield from by_key(asset, asset, table.append_column("key", keys), {})


def read_table(path: Path) -> pa.Table:
    """The rows of a CSV file, as texts, or of a Parquet file."""
    if path.is_dir():
        raise BadInput(f"expected one CSV or Parquet file, got the folder {path}")
    if not path.is_file():
        raise BadInput(f"expected a CSV or Parquet file at {path}; there is none")
    try:
        if path.suffix.lower() == ".parquet":
            return pq.read_table(path)
        if path.suffix.lower() == ".csv":
            return _csv(path)
    except (pa.ArrowException, OSError) as error:
        raise BadInput(f"{path}: expected a whole, well-formed file, got: {error}") from None
    raise BadInput(f"expected a file that ends in .csv or .parquet, got {path.name}")


def _csv(path: Path) -> pa.Table:
    with pyarrow.csv.open_csv(path) as reader:
        names = reader.schema.names
    convert = pyarrow.csv.ConvertOptions(
        column_types={name: pa.string() for name in names},
        strings_can_be_null=True,
        quoted_strings_can_be_null=True,
        null_values=[""],
    )
    return pyarrow.csv.read_csv(path, convert_options=convert)


def _days(table: pa.Table, schema: AssetSchema, column: str, undated: str) -> np.ndarray:
    letter = next(c.type for c in schema.columns if c.name == column)
    moments = read_values(table.column(column), letter)
    days = read_values(moments, "d").cast(pa.string())
    return np.where(days.is_null().to_numpy(), undated, days.fill_null("").to_numpy())
