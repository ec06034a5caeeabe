"""Which rows break which rules: the gate's SQL, run by DuckDB over one Arrow table."""

from collections.abc import Mapping, Sequence

import duckdb
import numpy as np
import pyarrow as pa

from core.errors import DataRejected
from pipelines.gate_rules import Rule, quoted

PART, ROW = "_part", "_row"  # which delivery a row came in, and its place among all rows
Broken = dict[Rule, np.ndarray]
Known = Mapping[str, Sequence[str]]


def take(table: pa.Table, rows: np.ndarray) -> pa.Table:
    """The rows of a table, column by column: whole tables are many times slower in Arrow 25."""
    indices = pa.array(rows)
    return pa.table([column.take(indices) for column in table.columns], names=table.column_names)


def _run(db: duckdb.DuckDBPyConnection, sql: str, known: Known) -> duckdb.DuckDBPyConnection:
    """Execute with those of the known lists that the statement names."""
    return db.execute(sql, {name: list(v) for name, v in known.items() if f"${name}" in sql})


def broken_rows(
    db: duckdb.DuckDBPyConnection,
    typed: pa.Table,
    rules: Sequence[Rule],
    known: Known,
) -> Broken:
    """Which rows break which row rule: one scan for the few bad rows, then each rule on those."""
    ours = [rule for rule in rules if rule.kind == "row" and rule.sql]
    if not ours:
        return {}
    anything = " OR ".join(rule.sql for rule in ours)
    sql = f"SELECT {ROW} FROM typed WHERE {anything}"  # noqa: S608
    rows = np.sort(_run(db, sql, known).fetchnumpy()[ROW])
    if not len(rows):
        return {}
    db.register("suspects", take(typed, rows))
    flags = ", ".join(f"coalesce({rule.sql}, FALSE) AS r{i}" for i, rule in enumerate(ours))
    sql = f"SELECT {ROW}, {flags} FROM suspects ORDER BY {ROW}"  # noqa: S608
    found = _run(db, sql, known).fetchnumpy()
    masks = {rule: np.asarray(found[f"r{i}"], dtype=bool) for i, rule in enumerate(ours)}
    return {rule: rows[mask] for rule, mask in masks.items() if mask.any()}


def repeated_rows(
    db: duckdb.DuckDBPyConnection, typed: pa.Table, rules: Sequence[Rule], bad: np.ndarray
) -> Broken:
    """Rows whose key a good row, or an earlier bad one, of the same partition already has."""
    broken: Broken = {}
    for rule in rules:
        if rule.kind != "unique":
            continue
        key = f"{PART}, {rule.sql}"
        present = " AND ".join(f"{quoted(c)} IS NOT NULL" for c in rule.column.split(","))
        # Hashes first: a grouping of integers is far cheaper than one of texts.
        hashed = f"SELECT {ROW}, hash({key}) AS h FROM typed WHERE {present}"  # noqa: S608
        sql = (
            f"WITH hashed AS ({hashed}), "  # noqa: S608
            "seen AS (SELECT h FROM hashed GROUP BY h HAVING count(*) > 1) "
            f"SELECT {ROW} FROM hashed SEMI JOIN seen USING (h)"
        )
        suspects = np.sort(db.execute(sql).fetchnumpy()[ROW])
        if not len(suspects):
            continue
        some = take(typed, suspects)
        some = some.append_column("_bad", pa.array(np.isin(suspects, bad)))
        db.register("repeats", some)
        order = f"row_number() OVER (PARTITION BY {key} ORDER BY _bad, {ROW})"
        sql = f"SELECT {ROW} FROM repeats QUALIFY {order} > 1"  # noqa: S608
        rows = np.sort(db.execute(sql).fetchnumpy()[ROW])
        if len(rows):
            broken[rule] = rows
    return broken


def check_shares(
    db: duckdb.DuckDBPyConnection,
    asset: str,
    rules: Sequence[Rule],
    known: Known,
) -> None:
    """Raise DataRejected if a rule that holds for a share of the table does not."""
    for rule in rules:
        if rule.kind != "share":
            continue
        sql = (
            f"SELECT count(*) FILTER ({rule.counted}), "  # noqa: S608 -- compiled from our suites
            f"count(*) FILTER ({rule.counted} AND {rule.sql}) FROM typed"
        )
        (rows, wrong) = _run(db, sql, known).fetchall()[0]
        if wrong > rule.tolerated * rows:
            raise DataRejected(
                f"{asset}: rule {rule.name}: column {rule.column}: expected {rule.expected} in "
                f"{1 - rule.tolerated:.1%} of rows; {wrong} of {rows} break it; nothing was written"
            )
