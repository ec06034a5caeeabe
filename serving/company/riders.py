"""The newest day of riders, kept in memory: every first message asks who its user is."""

from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

KEY = "rider_id"
COLUMNS = (KEY, "loyalty_tier", "plan")
Stamp = tuple[Path, int, int, int]


@dataclass(frozen=True, slots=True)
class _Day:
    """``stamp`` tells one file from the next under its name."""

    stamp: Stamp
    table: pa.Table


class Riders:
    """`COLUMNS` of the newest partition of ``folder``; one that is new, or another than before, is
    read when next asked."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._day: _Day | None = None
        self._reading = Lock()

    def of(self, rider_id: str) -> dict[str, Any] | None:
        """The row of a rider; OSError or ArrowException where the partition cannot be read."""
        newest = max(self._folder.glob("[0-9]*.parquet"), default=None)
        if newest is None:
            return None
        table = self._now(newest)
        place = pc.index(table[KEY], pa.scalar(rider_id, table.schema.field(KEY).type)).as_py()
        return table.slice(place, 1).to_pylist()[0] if place >= 0 else None

    def _now(self, newest: Path) -> pa.Table:
        stat = newest.stat()
        stamp = (newest, stat.st_ino, stat.st_mtime_ns, stat.st_size)
        with self._reading:
            if self._day is None or self._day.stamp != stamp:
                self._day = _Day(stamp, pq.read_table(newest, columns=list(COLUMNS)))
            return self._day.table
