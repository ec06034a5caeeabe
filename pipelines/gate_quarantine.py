"""Cutting deliveries into rows that stay and rows that go to quarantine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.gate_rules import Rule
from pipelines.gate_sql import take

SPARSE = 250  # rows kept for each refused one, from which copying costs more than slicing
QUARANTINE_SCHEMA = pa.schema(
    [
        ("asset", pa.string()),
        ("key", pa.string()),
        ("row_json", pa.string()),
        ("rule", pa.string()),
        ("column", pa.string()),
        ("reason", pa.string()),
        ("found_at", pa.timestamp("us", tz="UTC")),
    ]
)


@dataclass(frozen=True)
class Delivery:
    """One partition as it came. ``refused`` marks rows that the importer already refuses."""

    key: str
    found_at: datetime
    table: pa.Table
    refused: Mapping[Rule, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Split:
    """One partition after the gate."""

    key: str
    good: pa.Table
    bad: pa.Table

    @property
    def counts(self) -> dict[str, int]:
        good, bad = self.good.num_rows, self.bad.num_rows
        return {"rows_in": good + bad, "rows_out": good, "quarantined": bad}


def cut(
    db: duckdb.DuckDBPyConnection,
    asset: str,
    deliveries: Sequence[Delivery],
    typed: pa.Table,
    bad: np.ndarray,
    broken: Mapping[Rule, np.ndarray],
) -> list[Split]:
    """The partitions again, each with its good and bad rows."""
    sizes = [delivery.table.num_rows for delivery in deliveries]
    ends = np.cumsum(sizes)
    first: dict[int, Rule] = {}
    reasons: dict[int, list[str]] = {}
    for rule, rows in broken.items():
        for row in rows.tolist():
            first.setdefault(row, rule)
            reasons.setdefault(row, []).append(f"{rule.name}: expected {rule.expected}")
    splits = []
    for delivery, size, end in zip(deliveries, sizes, ends, strict=True):
        start = end - size
        wrong = bad[np.searchsorted(bad, start) : np.searchsorted(bad, end)]
        good = _without(typed.slice(start, size), wrong - start)
        refused = _quarantine_rows(db, asset, delivery, wrong, int(start), first, reasons)
        if good.num_rows + refused.num_rows != size:
            raise AssertionError(
                f"{asset} {delivery.key}: rows were lost between {size} in and out"
            )
        splits.append(Split(delivery.key, good, refused))
    return splits


def _without(table: pa.Table, rows: np.ndarray) -> pa.Table:
    """The table without some rows; when they are few, as slices: nothing is copied."""
    if len(rows) * SPARSE > table.num_rows:
        mask = np.ones(table.num_rows, dtype=bool)
        mask[rows] = False
        keep = pa.array(mask)
        columns = [column.filter(keep) for column in table.columns]
        return pa.table(columns, names=table.column_names)
    edges = [-1, *rows.tolist(), table.num_rows]
    runs = [table.slice(a + 1, b - a - 1) for a, b in pairwise(edges) if b - a > 1]
    return pa.concat_tables(runs) if runs else table.slice(0, 0)


def _quarantine_rows(
    db: duckdb.DuckDBPyConnection,
    asset: str,
    delivery: Delivery,
    wrong: np.ndarray,
    start: int,
    first: Mapping[int, Rule],
    reasons: Mapping[int, list[str]],
) -> pa.Table:
    """Bad rows of one delivery, as it came, with why."""
    rules = [first[row] for row in wrong.tolist()]
    same = len(rules)
    return pa.table(
        {
            "asset": [asset] * same,
            "key": [delivery.key] * same,
            "row_json": _as_json(db, take(delivery.table, wrong - start)),
            "rule": [rule.name for rule in rules],
            "column": [rule.column for rule in rules],
            "reason": ["; ".join(reasons[row]) for row in wrong.tolist()],
            "found_at": [delivery.found_at] * same,
        },
        schema=QUARANTINE_SCHEMA,
    )


def _as_json(db: duckdb.DuckDBPyConnection, table: pa.Table) -> pa.ChunkedArray:
    """Each row as JSON; numbers that JSON cannot say become texts."""
    if not table.num_rows:
        return pa.chunked_array([], pa.string())
    for i, kind in enumerate(table.schema.types):
        if pa.types.is_floating(kind) and not pc.all(pc.is_finite(table.column(i))).as_py():
            table = table.set_column(i, table.column_names[i], table.column(i).cast(pa.string()))
    db.register("rows", table)
    found = db.execute("SELECT to_json(rows)::VARCHAR AS row_json FROM rows").to_arrow_table()
    return found.column("row_json")
