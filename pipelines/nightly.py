"""What the nightly KPI steps share: lake partitions as Ibis tables, and which days to recompute.

A KPI row is a function of the lake, never of the run that wrote it: every step reads the
partitions around its days, whatever its key, so any order of runs ends in the same rows. Beside
the rows stands a mark of what they were made from (digest of every partition, parameters, code);
a changed partition touches the days it can reach.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.errors import NotAPartition
from core.partition import day_of, days_of, window
from core.schema import asset_schema
from pipelines.context import Context
from pipelines.step import code_digest, file_digest, read_json, write_json
from store.lake import LIVE, arrow_schema
from store.tables import Base

if TYPE_CHECKING:
    from collections.abc import Iterator

    import ibis.expr.types as ir

THREADS = 2
Days = set[date]


def lake_days(ctx: Context, asset: str) -> list[date]:
    """The days an asset has partitions for, oldest first; other keys are not days and left out."""
    found = set()
    for key in [*ctx.lake.keys(asset), *ctx.lake.keys(f"{LIVE}{asset}")]:
        try:
            found.add(day_of(key))
        except NotAPartition:
            continue
    return sorted(found)


def parts(ctx: Context, asset: str, day: date) -> list[Path]:
    """The files of one day: what was delivered, and what the live store adds."""
    names = (asset, f"{LIVE}{asset}")
    return [ctx.lake.path(name, day) for name in names if ctx.lake.has(name, day)]


class Reader:
    """Lake partitions as tables of one in-memory DuckDB."""

    def __init__(self, ctx: Context) -> None:
        import ibis

        self.ctx = ctx
        self.connection = ibis.duckdb.connect(threads=THREADS)
        self.connection.raw_sql("SET TimeZone = 'UTC'")

    def table(self, asset: str, days: Iterable[date]) -> "ir.Table":
        """The rows of those days that are written; an empty table if none is."""
        paths = [str(p) for day in sorted(set(days)) for p in parts(self.ctx, asset, day)]
        if not paths:
            return self.connection.create_table(
                f"no_{asset}", schema=_ibis_schema(asset), overwrite=True
            )
        return self.connection.read_parquet(paths, union_by_name=True)

    def snapshots(self, asset: str, days: Iterable[date]) -> "ir.Table":
        """Snapshots with the ``day`` they describe, which is in their file's name only."""
        import ibis

        keys = [day for day in sorted(set(days)) if self.ctx.lake.has(asset, day)]
        if not keys:
            return self.table(asset, []).mutate(day=ibis.null("date"))
        paths = [str(path) for path in self.ctx.lake.paths(asset, keys)]
        rows = self.connection.read_parquet(paths, union_by_name=True, filename=True)
        key = rows.filename.re_extract(r"(\d{4}-\d{2}-\d{2})\.parquet$", 1)
        return rows.mutate(day=key.cast("date")).drop("filename")

    def between(self, asset: str, first: date | None, last: date | None) -> "ir.Table":
        """The rows of all partitions from ``first`` to ``last``, open where None."""
        return self.table(
            asset,
            [
                day
                for day in lake_days(self.ctx, asset)
                if (first is None or day >= first) and (last is None or day <= last)
            ],
        )


def _ibis_schema(asset: str) -> Any:
    import ibis

    contract = ibis.Schema.from_pyarrow(arrow_schema(asset_schema(asset)))
    # Parquet files give nullable columns; tables of both kinds must fit together
    return ibis.schema({name: kind.copy(nullable=True) for name, kind in contract.items()})


@contextmanager
def reading(ctx: Context) -> "Iterator[Reader]":
    """A reader that lets go of its memory at the end."""
    reader = Reader(ctx)
    try:
        yield reader
    finally:
        reader.connection.disconnect()


@dataclass(frozen=True, slots=True)
class Marks:
    """What the rows of a KPI were made from at its last run."""

    path: Path
    made_from: str
    partitions: Mapping[str, str]

    def changed(self) -> dict[str, list[date]]:
        """Days of each asset whose partition is new or other than at the last run.

        Everything has changed if parameters or code have.
        """
        before = self._before()
        found: dict[str, list[date]] = {}
        for name, digest in self.partitions.items():
            if before.get(name) != digest:
                asset, _, key = name.partition("/")
                found.setdefault(asset, []).append(day_of(key))
        return found

    def _before(self) -> dict[str, str]:
        kept = read_json(self.path)
        if kept is None or kept["made_from"] != self.made_from:
            return {}
        return dict(kept["partitions"])

    def remember(self) -> None:
        """To be called when every touched row is written."""
        write_json(self.path, {"made_from": self.made_from, "partitions": dict(self.partitions)})


def marks(ctx: Context, name: str, assets: Sequence[str], module: str, params: str) -> Marks:
    """The state of the lake now, beside what the KPI ``name`` was made from."""
    partitions = {
        f"{asset}/{day}": " ".join(file_digest(path) for path in parts(ctx, asset, day))
        for asset in assets
        for day in lake_days(ctx, asset)
    }
    return Marks(ctx.home / "kpis" / f"{name}.json", f"{code_digest(module)} {params}", partitions)


def wanted_days(
    ctx: Context, key: str, asset: str, recompute_days: int, touched: Iterable[date]
) -> list[date]:
    """The key's days, the ``recompute_days`` that end with it, and what was touched.

    Only days whose partition of ``asset`` is written; the key's own must be, but for those before
    the first one: a range that loads history reaches back further than the asset does.

    Raises
    ------
    PartitionMissing
        Naming the days of the key that the lake does not hold.
    """
    asked = days_of(key)
    there = set(lake_days(ctx, asset))
    begins = min(there, default=asked[0])
    required = [day for day in asked if day >= begins] or asked
    ctx.lake.paths(asset, [day for day in required if day not in there])
    return sorted((set(asked) | set(window(asked[-1], recompute_days)) | set(touched)) & there)


def after(days: Iterable[date], last: int, first: int = 0) -> Days:
    """Every day ``first`` to ``last`` days behind one of ``days``; negative is before."""
    steps = range(first, last + 1)
    return {day + timedelta(days=step) for day in days for step in steps}


def stored_days(ctx: Context, table: type[Base], where: Any = None) -> Days:
    """The days a KPI table has rows for."""
    query = sa.select(table.__table__.c.day).distinct()
    with ctx.engine.connect() as connection:
        found = connection.execute(query if where is None else query.where(where))
        return {row.day for row in found}


def rows_by_day(rows: Iterable[Mapping[str, Any]], days: Sequence[date]) -> dict[date, list[Any]]:
    """Rows sorted into their days; a day without rows has an empty list."""
    found: dict[date, list[Any]] = {day: [] for day in days}
    for row in rows:
        found[row["day"]].append(row)
    return found


def shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as it travels between tasks: its day as text."""
    return {**row, "day": str(row["day"])}
