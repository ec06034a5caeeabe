"""Which partitions of an asset hold an id: the hashes of each partition's ids, kept sorted."""

from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import duckdb
import numpy as np
import numpy.typing as npt

Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Partition:
    """``stamp`` tells one file from the next under its name; ``example`` is an id in it."""

    stamp: Stamp
    hashes: npt.NDArray[np.uint64]
    example: str | None

    def may_hold(self, wanted: np.uint64) -> bool:
        at = int(np.searchsorted(self.hashes, wanted))
        return at < len(self.hashes) and self.hashes[at] == wanted


class Places:
    """Eight bytes a row of ``key`` in the partitions of ``folder``; a file that is new or another
    one than before is read when next asked."""

    def __init__(self, folder: Path, key: str) -> None:
        self._folder, self._key = folder, key
        self._known: dict[Path, _Partition] = {}
        self._reading = Lock()

    def of(self, cursor: duckdb.DuckDBPyConnection, wanted: str) -> list[Path]:
        """Partitions that may hold the id, oldest first."""
        known = self._now(cursor)
        row = cursor.execute("SELECT hash(?::VARCHAR)", [wanted]).fetchone()
        number = np.uint64(row[0]) if row else np.uint64(0)
        return [path for path, partition in known.items() if partition.may_hold(number)]

    def example(self) -> tuple[Path, str] | None:
        """An id that is there, in the newest partition that has one."""
        newest_first = reversed(list(self._known.items()))
        return next(((path, one.example) for path, one in newest_first if one.example), None)

    def _now(self, cursor: duckdb.DuckDBPyConnection) -> dict[Path, _Partition]:
        with self._reading:
            known = {}
            for path in sorted(self._folder.glob("[0-9]*.parquet")):
                stat = path.stat()
                stamp = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
                before = self._known.get(path)
                same = before is not None and before.stamp == stamp
                known[path] = before if before and same else self._read(cursor, path, stamp)
            self._known = known
            return known

    def _read(self, cursor: duckdb.DuckDBPyConnection, path: Path, stamp: Stamp) -> _Partition:
        # the key is ours, the path is bound
        ids = f"SELECT {self._key} AS id FROM read_parquet(?)"  # noqa: S608
        hashes = cursor.execute(f"SELECT hash(id) AS h FROM ({ids})", [str(path)])  # noqa: S608
        numbers = np.sort(hashes.fetchnumpy()["h"])
        example = cursor.execute(f"{ids} LIMIT 1", [str(path)]).fetchone()
        return _Partition(stamp, numbers, example[0] if example else None)
