"""Rows broken on purpose, the way real feeds break them, so that the gate has work."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simulator.people import Ints

DUPLICATE = "duplicate_key"
UNKNOWN_ZONE = "Z99"
Note = tuple[str, str, str, str]
"""Asset, key of the row, fault, column."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, in which column, and the values that make it so for the given rows."""

    name: str
    column: str
    values: Callable[[pa.Table], pa.Array]


def _same(value: object) -> Callable[[pa.Table], pa.Array]:
    return lambda rows: pa.array([value] * rows.num_rows)


def _negative(column: str) -> Callable[[pa.Table], pa.Array]:
    return lambda rows: pc.subtract(pc.negate(pc.abs(rows[column])), 1)


def _after(column: str, minutes: int) -> Callable[[pa.Table], pa.Array]:
    """Minutes after another time of the row; where that one is NULL the row stays as it was."""
    wait = minutes * 60_000_000
    return lambda rows: pc.add(rows[column], pa.scalar(wait, pa.duration("us")))


def _more_than(column: str, by: float) -> Callable[[pa.Table], pa.Array]:
    return lambda rows: pc.add(rows[column], by)


NAN = _same(float("nan"))
FAULTS: dict[str, tuple[Fault, ...]] = {
    "orders": (
        Fault("negative_fare", "quoted_fare", _negative("quoted_fare")),
        Fault("unknown_zone", "zone_id", _same(UNKNOWN_ZONE)),
        Fault("nan_distance", "distance_km", NAN),
        Fault("dropoff_before_pickup", "picked_up_at", _after("completed_at", 9)),
    ),
    "trips": (
        Fault("negative_fare", "gross_fare", _negative("gross_fare")),
        Fault("nan_distance", "distance_km", NAN),
        Fault("dropoff_before_pickup", "started_at", _after("ended_at", 7)),
    ),
    "payments": (Fault("negative_amount", "amount", _negative("amount")),),
    "exposures": (Fault("impossible_propensity", "propensity", _same(1.5)),),
    "driver_days": (
        Fault("engaged_beyond_online", "engaged_minutes", _more_than("online_minutes", 60.0)),
    ),
    "market_hours": (Fault("impossible_weather", "weather", _same(7.0)),),
    "feedback": (Fault("impossible_rating", "user_rating", _same(9)),),
    "messages": (),
    "rider_days": (Fault("negative_spend", "spend", _negative("spend")),),
}


def soil(
    asset: str, key: str, table: pa.Table, share: float, rng: np.random.Generator
) -> tuple[pa.Table, list[Note]]:
    """The table with about ``share`` of its rows broken, each in one way, and what was done.

    Duplicates are added at the end.
    """
    count = int(rng.binomial(table.num_rows, share)) if asset in FAULTS else 0
    if not count:
        return table, []
    faults = FAULTS[asset]
    rows = rng.choice(table.num_rows, count, replace=False)
    kind = rng.integers(0, len(faults) + 1, count)
    notes: list[Note] = []
    keys = table[key]
    for i, fault in enumerate(faults):
        mine = _able(table, np.sort(rows[kind == i]), fault)
        table = _replaced(table, mine, fault)
        notes += _notes(asset, keys, mine, fault.name, fault.column)
    twice = np.sort(rows[kind == len(faults)])
    notes += _notes(asset, keys, twice, DUPLICATE, key)
    return pa.concat_tables([table, table.take(pa.array(twice))]) if len(twice) else table, notes


def _able(table: pa.Table, rows: Ints, fault: Fault) -> Ints:
    """Rows that the fault can be put in: those for which it yields a value."""
    valid = fault.values(table.take(pa.array(rows))).is_valid()
    return np.asarray(rows[np.asarray(valid.to_numpy(zero_copy_only=False), dtype=bool)])


def _replaced(table: pa.Table, rows: Ints, fault: Fault) -> pa.Table:
    if not len(rows):
        return table
    column = table[fault.column].combine_chunks()
    mask = np.zeros(table.num_rows, dtype=bool)
    mask[rows] = True
    values = fault.values(table.take(pa.array(rows))).cast(column.type)
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    changed = pc.replace_with_mask(column, pa.array(mask), values)
    return table.set_column(table.column_names.index(fault.column), fault.column, changed)


def _notes(asset: str, keys: pa.ChunkedArray, rows: Ints, fault: str, column: str) -> list[Note]:
    return [(asset, str(keys[int(i)]), fault, column) for i in rows]


def truth_table(notes: list[Note]) -> pa.Table:
    """What was broken: asset, key, fault, column."""
    columns = list(zip(*notes, strict=True)) or [()] * 4
    names = ("asset", "key", "fault", "column")
    return pa.table({n: pa.array(c, pa.string()) for n, c in zip(names, columns, strict=True)})
