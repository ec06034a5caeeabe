"""What the datasets of tabular models share: days of the lake, SQL over them, one digest."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd

from core.errors import BadInput, PartitionMissing
from core.partition import last_day, midnight, range_key, window
from pipelines.context import Context
from pipelines.step import files_digest

THREADS = 2


def days_until(asset: str, key: str, most: int, ctx: Context) -> list[date]:
    """The unbroken days of an asset that end with the last day of ``key``, at most ``most``.

    Raises
    ------
    PartitionMissing
        If the last day is not there, or a day between the first and the last is missing.
    """
    last = last_day(key)
    wanted = window(last, most)
    there = set(ctx.lake.keys(asset))
    first = next((day for day in wanted if day.isoformat() in there), None)
    if first is None or last.isoformat() not in there:
        raise PartitionMissing(
            f"{asset}: expected partitions that end with {last}; the lake has "
            f"{max(there, default='none')}. Run the ingest DAG for that day first."
        )
    days = wanted[wanted.index(first) :]
    ctx.lake.paths(asset, days)
    return days


def snapshot(asset: str, key: str, ctx: Context) -> Path:
    """The newest snapshot of an asset on or before the last day of ``key``."""
    known = [k for k in ctx.lake.keys(asset) if k <= last_day(key).isoformat()]
    if not known:
        raise PartitionMissing(f"{asset}: expected a snapshot on or before {last_day(key)}; none")
    return ctx.lake.path(asset, known[-1])


def query(sql: str, tables: Mapping[str, Sequence[Path]]) -> pd.DataFrame:
    """Run SQL over Parquet files, each named list of them a view; DuckDB in memory only."""
    with duckdb.connect(config={"threads": THREADS}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for name, paths in tables.items():
            files = connection.from_parquet([str(p) for p in paths], union_by_name=True)
            files.create_view(name)
        return connection.execute(sql).df()


def digests(tables: Mapping[str, Sequence[Path]]) -> dict[str, str]:
    """One digest an asset, over the files that are read."""
    return {name: files_digest(paths) for name, paths in tables.items()}


def combined(parts: Mapping[str, str]) -> str:
    """One digest over several, for the dataset as a whole."""
    text = "\n".join(f"{name} {digest}" for name, digest in sorted(parts.items()))
    return hashlib.sha256(text.encode()).hexdigest()


def span(days: Sequence[date]) -> str:
    """Days as a key, for what a dataset says about itself."""
    return range_key(days[0], days[-1]) if days else "none"


def by_day(
    rows: pd.DataFrame, column: str, days: Sequence[date], holdout_days: int
) -> dict[str, pd.DataFrame]:
    """Test: rows of the last ``holdout_days`` days; validate: as many before; train: the rest.

    Raises
    ------
    BadInput
        If no day is left to train on.
    """
    if len(days) < 2 * holdout_days + 1:
        raise BadInput(
            f"expected at least {2 * holdout_days + 1} days to split ({holdout_days} to test, "
            f"{holdout_days} to validate), got {len(days)}: {span(days)}"
        )
    at = pd.to_datetime(rows[column], utc=True)
    test, validate = (pd.Timestamp(midnight(days[-n * holdout_days])) for n in (1, 2))
    return {
        "train": rows[at < validate],
        "validate": rows[(at >= validate) & (at < test)],
        "test": rows[at >= test],
    }
