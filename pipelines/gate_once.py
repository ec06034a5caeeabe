"""What happens once is delivered once: rows whose key a day before has already brought.

`gate_sql.repeated_rows` looks inside one partition; this looks at its neighbours, those of the same
run and those that the lake already has.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

import duckdb
import numpy as np
import pyarrow as pa

from core.errors import NotAPartition
from core.partition import day_of
from pipelines.gate_quarantine import Delivery
from pipelines.gate_rules import Rule, quoted
from pipelines.gate_sql import PART, ROW, Broken, take
from store.lake import Lake

Earlier = Mapping[str, pa.Table]
"""Day -> at least the key columns of that day's partition in the lake."""
DAY = "_day"
WRITTEN = -1  # the row number of what is in the lake


def day_in(key: str) -> date | None:
    """The day that a partition's key says, if it says one."""
    try:
        return day_of(key)
    except NotAPartition:
        return None


def days_before(lake: Lake, asset: str, keys: Iterable[str], rules: Sequence[Rule]) -> list[str]:
    """The lake's partitions that the ``once`` rules of some deliveries look back at."""
    back = max((rule.days for rule in rules if rule.kind == "once"), default=0)
    delivered = {day for key in keys if (day := day_in(key))}
    wanted = {day - timedelta(days=n) for day in delivered for n in range(1, back + 1)} - delivered
    return [str(day) for day in sorted(wanted) if lake.has(asset, day)]


def keys_before(lake: Lake, asset: str, days: Iterable[str], rules: Sequence[Rule]) -> Earlier:
    """The keys of those partitions."""
    columns = sorted({c for rule in rules if rule.kind == "once" for c in rule.column.split(",")})
    return {day: lake.read(asset, [day], columns=columns) for day in days}


def delivered_again(
    db: duckdb.DuckDBPyConnection,
    deliveries: Sequence[Delivery],
    typed: pa.Table,
    rules: Sequence[Rule],
    bad: np.ndarray,
    earlier: Earlier,
) -> Broken:
    """Rows with a key that stays from one of the days before: the first good one stays.

    A bad row takes no key, so what was refused one day may be delivered again, mended, the next.
    """
    broken: Broken = {}
    days = [day_in(delivery.key) for delivery in deliveries]
    for rule in rules:
        if rule.kind != "once" or len(set(days) - {None}) + len(earlier) < 2:
            continue
        rows = _with_days(typed, rule.column.split(","), days, earlier)
        again = _again(_suspects(db, rows, rule, bad), rule.days)
        if again:
            broken[rule] = np.array(sorted(again), dtype=np.int64)
    return broken


def _with_days(
    typed: pa.Table, columns: list[str], days: Sequence[date | None], earlier: Earlier
) -> pa.Table:
    """Keys, days and row numbers of all deliveries and of what the lake has."""
    ordinals = pa.array([day and day.toordinal() for day in days], pa.int32())
    here = typed.select([*columns, ROW]).append_column(DAY, ordinals.take(typed.column(PART)))
    tables = [here]
    for key, table in earlier.items():
        size = table.num_rows
        written = table.select(columns).append_column(ROW, pa.array(np.full(size, WRITTEN)))
        day = np.full(size, day_of(key).toordinal(), np.int32)
        tables.append(written.append_column(DAY, pa.array(day)).cast(here.schema))
    return pa.concat_tables(tables)


def _suspects(
    db: duckdb.DuckDBPyConnection, rows: pa.Table, rule: Rule, bad: np.ndarray
) -> dict[str, np.ndarray]:
    """The few rows whose key several days have, by key and day, a day's good row first."""
    present = " AND ".join(f"{quoted(c)} IS NOT NULL" for c in rule.column.split(","))
    db.register("once", rows.append_column("n", pa.array(np.arange(rows.num_rows))))
    # Hashes first: a grouping of integers is far cheaper than one of texts.
    sql = (
        f"WITH hashed AS (SELECT n, {DAY}, hash({rule.sql}) AS h FROM once "  # noqa: S608
        f"WHERE {DAY} IS NOT NULL AND {present}), "
        f"seen AS (SELECT h FROM hashed GROUP BY h HAVING min({DAY}) < max({DAY})) "
        "SELECT n FROM hashed SEMI JOIN seen USING (h)"
    )
    some = take(rows, np.sort(db.execute(sql).fetchnumpy()["n"]))
    refused = np.isin(some.column(ROW).to_numpy(), bad)
    db.register("several", some.append_column("_bad", pa.array(refused)))
    sql = (
        f"SELECT dense_rank() OVER (ORDER BY {rule.sql}) AS key, {DAY}, _bad, {ROW} "  # noqa: S608
        f"FROM several ORDER BY key, {DAY}, _bad, {ROW}"
    )
    return db.execute(sql).fetchnumpy()


def _again(rows: Mapping[str, np.ndarray], days: int) -> list[int]:
    """Of rows by key and day those whose key was kept at most so many days before.

    One after the other: whether a row stays decides what it means for the next, so that a range
    ends as its days one by one do.
    """
    found: list[int] = []
    current, kept = None, 0
    columns = (rows[name].tolist() for name in ("key", DAY, "_bad", ROW))
    for key, day, refused, row in zip(*columns, strict=True):
        if key != current:
            current, kept = key, 0
        if row != WRITTEN and 0 < day - kept <= days:
            found.append(row)
        elif not refused:
            kept = day
    return found
