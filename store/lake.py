"""The lake: Parquet partitions ``<asset>/<key>.parquet``, written whole or not at all.

The only module that reads or writes lake files. ``landing`` is the same thing written once.
"""

import json
import os
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import PartitionImmutable, PartitionMissing, SchemaMismatch
from core.schema import AssetSchema, asset_schema

ARROW = {
    "s": pa.string(),
    "i": pa.int64(),
    "c": pa.int64(),
    "f": pa.float64(),
    "b": pa.bool_(),
    "t": pa.timestamp("us", tz="UTC"),
    "d": pa.date32(),
    "S": pa.list_(pa.string()),
}
QUARANTINE = "quarantine"
LIVE = "live_"
"""Before the name of an asset: what the live store adds to it (`pipelines.live_conversations`)."""
META = b"tripo"


def arrow_schema(asset: AssetSchema) -> pa.Schema:
    """The Arrow schema of an asset, with its name and version in the metadata."""
    fields = [pa.field(c.name, ARROW[c.type], c.nullable) for c in asset.columns]
    meta = json.dumps({"asset": asset.name, "schema_version": asset.version}, sort_keys=True)
    return pa.schema(fields, metadata={META: meta.encode()})


def conform(table: pa.Table, asset: AssetSchema) -> pa.Table:
    """``table`` with exactly the contract's columns, in its order and types.

    Raises
    ------
    SchemaMismatch
        Naming every missing, surplus and uncastable column at once.
    """
    wanted = arrow_schema(asset)
    missing = [n for n in wanted.names if n not in table.column_names]
    surplus = [n for n in table.column_names if n not in wanted.names]
    wrong = []
    columns = []
    for field in wanted:
        if field.name in missing:
            continue
        try:
            columns.append(table.column(field.name).cast(field.type))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            wrong.append(f"{field.name}: expected {field.type}, got {error}")
    if missing or surplus or wrong:
        raise SchemaMismatch(
            f"{asset.name}: missing columns {missing}; unknown columns {surplus}; "
            f"wrong types {wrong}; the contract is docs/domain.md section 7"
        )
    return pa.table(columns, schema=wanted)


def write_whole(table: pa.Table, target: Path) -> Path:
    """Write beside ``target`` and rename, so that a reader never sees half a file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        pq.write_table(table, partial, compression="zstd")
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target


def _unlink(path: Path) -> int:
    there = path.exists()
    path.unlink(missing_ok=True)
    return int(there)


class Lake:
    """Partitions under one root folder. Keys are days (``2026-11-21``) or other file-safe words."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, asset: str, key: str | date) -> Path:
        return self.root / asset / f"{key}.parquet"

    def has(self, asset: str, key: str | date) -> bool:
        return self.path(asset, key).exists()

    def keys(self, asset: str) -> list[str]:
        """Keys that are written, oldest first."""
        return sorted(p.stem for p in (self.root / asset).glob("*.parquet") if p.name[0] != ".")

    def paths(self, asset: str, keys: Iterable[str | date]) -> list[Path]:
        """The files of ``keys``; PartitionMissing names all that are not there."""
        found = {str(key): self.path(asset, key) for key in keys}
        missing = [key for key, path in found.items() if not path.exists()]
        if missing:
            raise PartitionMissing(
                f"{asset}: expected partitions {', '.join(found)}; not written yet: "
                f"{', '.join(missing)}. Run the step that makes {asset} for them first."
            )
        return list(found.values())

    def write(self, asset: str, key: str | date, table: pa.Table) -> Path:
        """Write one partition of a canonical asset; its columns must meet the contract."""
        return write_whole(conform(table, asset_schema(asset)), self.path(asset, key))

    def write_free(self, asset: str, key: str | date, table: pa.Table) -> Path:
        """Write a derived table that has no contract of its own (features, reports, truth)."""
        return write_whole(table, self.path(asset, key))

    def read(
        self, asset: str, keys: Sequence[str | date], columns: list[str] | None = None
    ) -> pa.Table:
        """The rows of several partitions, in the order of ``keys``; readers union by name."""
        tables = [pq.read_table(p, columns=columns) for p in self.paths(asset, keys)]
        return pa.concat_tables(tables, promote_options="default") if tables else pa.table({})

    def remove(self, asset: str, key: str | date) -> int:
        """Remove a partition with its quarantine and meta; returns how many Parquet files went."""
        path = self.path(asset, key)
        path.with_name(f"{path.name}.meta.json").unlink(missing_ok=True)
        return _unlink(self.root / QUARANTINE / asset / f"{key}.parquet") + _unlink(path)

    def quarantine(self, asset: str, key: str | date, bad: pa.Table) -> Path:
        """Keep the rows a gate refused: asset, key, row_json, rule, column, reason, found_at."""
        return write_whole(bad, self.root / QUARANTINE / asset / f"{key}.parquet")

    def quarantined(self, asset: str, key: str | date) -> int:
        """How many rows of a partition are in quarantine."""
        path = self.root / QUARANTINE / asset / f"{key}.parquet"
        return pq.read_metadata(path).num_rows if path.exists() else 0


class Landing:
    """What a source system delivered, ``<day>/<asset>.parquet``: written once, never changed."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, day: str | date, asset: str) -> Path:
        return self.root / str(day) / f"{asset}.parquet"

    def days(self, asset: str) -> list[str]:
        return sorted(p.parent.name for p in self.root.glob(f"*/{asset}.parquet"))

    def assets(self, day: str | date) -> list[str]:
        return sorted(p.stem for p in (self.root / str(day)).glob("*.parquet") if p.name[0] != ".")

    def write(self, day: str | date, asset: str, table: pa.Table) -> Path:
        """Deliver one file. Delivering the same rows again is nothing; other rows are refused."""
        target = self.path(day, asset)
        if target.exists():
            if pq.read_table(target).equals(table):
                return target
            raise PartitionImmutable(
                f"{target} was delivered before with other rows; landing is never changed. "
                "Use another TRIPO_HOME for another city."
            )
        return write_whole(table, target)

    def read(self, day: str | date, asset: str) -> pa.Table:
        path = self.path(day, asset)
        if not path.exists():
            raise PartitionMissing(
                f"expected {asset} of {day} in {self.root}; it was not delivered"
            )
        return pq.read_table(path)

    def remove(self, day: str | date, asset: str) -> int:
        """Remove what retention no longer allows; returns how many files went."""
        return _unlink(self.path(day, asset))
