"""The gate: splits what a source delivered into rows to keep and rows for quarantine.

Rules come from the asset's suite in ``expectations/``, compiled to SQL (`gate_rules`); all rows of
all deliveries of an asset are looked at in one DuckDB pass. Rows in = rows good + rows bad, always.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache

import numpy as np
import pyarrow as pa

from core.errors import DataRejected
from core.schema import AssetSchema
from pipelines.gate_once import Earlier, day_in, delivered_again
from pipelines.gate_quarantine import Delivery, Split, cut
from pipelines.gate_rules import Rule
from pipelines.gate_sql import (
    PART,
    ROW,
    Broken,
    Known,
    broken_rows,
    check_shares,
    repeated_rows,
)
from pipelines.gate_types import WORDS, conform, connection

__all__ = ["Delivery", "Split", "split", "split_all"]


def split(
    table: pa.Table,
    schema: AssetSchema,
    key: str,
    found_at: datetime,
    rules: Sequence[Rule],
    tolerated: float = 1.0,
    *,
    known: Known | None = None,
) -> tuple[pa.Table, pa.Table]:
    """Split one partition into (good, bad); see `split_all`."""
    delivery = Delivery(key, found_at, table)
    (one,) = split_all([delivery], schema, rules, tolerated, known=known)
    return one.good, one.bad


def split_all(
    deliveries: Sequence[Delivery],
    schema: AssetSchema,
    rules: Sequence[Rule],
    tolerated: float = 1.0,
    *,
    tolerated_day: float = 1.0,
    asset: str = "",
    known: Known | None = None,
    earlier: Earlier | None = None,
) -> list[Split]:
    """Split many partitions of one asset in one pass; each has its own keys and row counts.

    Good rows have the contract's columns and types; bad rows those of the quarantine: the row as
    it came, the first rule it breaks, all of them in ``reason``. ``asset`` is the lake's name where
    it is not the contract's; ``known`` gives the lists some rules compare with, ``earlier`` the
    keys of the days before that are written already.

    Raises
    ------
    SchemaMismatch
        If columns are missing, unknown or of another kind.
    DataRejected
        If a rule about the whole table is broken, or too many rows of all or of one day are bad.
    """
    if not deliveries:
        return []
    asset, known = asset or schema.name, dict(known or {})
    rules = [rule for rule in rules if rule.needs is None or rule.needs in known]
    typed, broken = _typed(deliveries, schema)
    _check_rows(asset, deliveries, rules)
    with connection() as db:
        db.register("typed", typed)
        check_shares(db, asset, rules, known)
        broken |= broken_rows(db, typed, rules, known)
        broken |= repeated_rows(db, typed, rules, _rows(broken))
        broken |= delivered_again(db, deliveries, typed, rules, _rows(broken), earlier or {})
        bad = _rows(broken)
        _check_tolerated(asset, deliveries, broken, bad, tolerated, tolerated_day)
        return cut(db, asset, deliveries, typed.select(schema.names), bad, broken)


def _rows(broken: Broken) -> np.ndarray:
    return np.unique(np.concatenate([np.empty(0, dtype=np.int64), *broken.values()]))


def _typed(deliveries: Sequence[Delivery], schema: AssetSchema) -> tuple[pa.Table, Broken]:
    """All deliveries as one typed table with part and row numbers, and what broke on the way."""
    tables: list[pa.Table] = []
    found: dict[Rule, list[np.ndarray]] = {}
    offset = 0
    for part, delivery in enumerate(deliveries):
        table, unreadable = conform(delivery.table, schema)
        tables.append(table.append_column(PART, pa.array(np.full(len(table), part, np.int32))))
        rows: dict[Rule, np.ndarray] = dict(delivery.refused)
        for column, mask in unreadable.items():
            letter = next(c.type for c in schema.columns if c.name == column)
            rows[_type_rule(column, letter)] = mask
        for rule, mask in rows.items():
            found.setdefault(rule, []).append(np.flatnonzero(mask) + offset)
        offset += len(table)
    typed = pa.concat_tables(tables)
    typed = typed.append_column(ROW, pa.array(np.arange(offset)))
    return typed, {rule: np.concatenate(parts) for rule, parts in found.items()}


@cache
def _type_rule(column: str, letter: str) -> Rule:
    return Rule(f"type:{column}", column, f"a {WORDS[letter]}", "row")


def _check_rows(asset: str, deliveries: Sequence[Delivery], rules: Sequence[Rule]) -> None:
    for rule in rules:
        if rule.kind != "rows":
            continue
        for delivery in deliveries:
            rows = delivery.table.num_rows
            if rows < (rule.low or 0) or (rule.high is not None and rows > rule.high):
                raise DataRejected(
                    f"{asset} {delivery.key}: expected {rule.expected}, got {rows} "
                    f"(rule {rule.name}); nothing was written. Deliver the whole partition again."
                )


def _check_tolerated(
    asset: str,
    deliveries: Sequence[Delivery],
    broken: Mapping[Rule, np.ndarray],
    bad: np.ndarray,
    tolerated: float,
    tolerated_day: float,
) -> None:
    rows = sum(delivery.table.num_rows for delivery in deliveries)
    days = _broken_days(deliveries, bad, tolerated_day)
    if len(bad) > tolerated * rows:
        came = f"at most {tolerated:.1%} bad rows, got {_share(len(bad), rows)}"
    elif days:
        came = f"at most {tolerated_day:.1%} bad rows in any one day, got {'; '.join(days)}"
    else:
        return
    worst = sorted(broken.items(), key=lambda item: (-len(item[1]), item[0].name))
    listed = "; ".join(
        f"rule {rule.name} (column {rule.column}, expected {rule.expected}): {len(found)} rows"
        for rule, found in worst
    )
    raise DataRejected(f"{asset}: expected {came}; nothing was written. {listed}")


def _broken_days(deliveries: Sequence[Delivery], bad: np.ndarray, tolerated: float) -> list[str]:
    """Days with more bad rows than tolerated; a partition whose key is no day is none."""
    found = []
    start = 0
    for delivery in deliveries:
        rows = delivery.table.num_rows
        wrong = int(np.searchsorted(bad, start + rows) - np.searchsorted(bad, start))
        start += rows
        if day_in(delivery.key) and wrong > tolerated * rows:
            found.append(f"{delivery.key}: {_share(wrong, rows)}")
    return found


def _share(wrong: int, rows: int) -> str:
    return f"{wrong} of {rows} ({wrong / rows:.1%})"
