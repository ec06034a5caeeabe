"""What every benchmark prints and keeps: rows with their bar and their peers, and the machine."""

import json
import os
import platform
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pipelines.step import write_json

PACKAGES = ("torch", "transformers", "onnxruntime", "scikit-learn", "numpy", "duckdb")


@dataclass(frozen=True)
class Row:
    """One figure: the median of its repeats, the bar it is held to, and peers on the same data."""

    name: str
    values: tuple[float, ...]
    unit: str
    bar: float | None
    higher_is_better: bool = True
    peers: Mapping[str, float] = field(default_factory=dict)
    note: str = ""

    @property
    def value(self) -> float:
        """Median of the repeats."""
        return statistics.median(self.values)

    @property
    def met(self) -> bool | None:
        """Whether the bar is reached; None without a bar."""
        if self.bar is None:
            return None
        return self.value >= self.bar if self.higher_is_better else self.value <= self.bar

    def shown(self) -> dict[str, Any]:
        """``{name, value, unit, bar, met, repeats, spread, peers, note}``; spread: max − min."""
        found = asdict(self)
        del found["values"], found["higher_is_better"]
        return {
            **found,
            "value": round(self.value, 4),
            "met": self.met,
            "repeats": len(self.values),
            "spread": round(max(self.values) - min(self.values), 4),
            "peers": {name: round(peer, 4) for name, peer in self.peers.items()},
        }


def keep(path: Path, bench: str, rows: Sequence[Row]) -> dict[str, Any]:
    """Lay the rows over those of earlier calls in ``path`` and return what the file now says."""
    known = json.loads(path.read_text()) if path.exists() else {}
    before = {row["name"]: row for row in known.get(bench, {}).get("rows", [])}
    now = {"measured": datetime.now(UTC).isoformat(timespec="seconds")}
    before |= {row.name: {**row.shown(), **now} for row in rows}
    found = {"machine": machine(), "versions": versions(), "rows": [*before.values()]}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {**known, bench: found})
    return found


def machine() -> str:
    """Processor, cores and memory in words."""
    lines = _lines("/proc/cpuinfo")
    model = next((v for k, v in lines if k == "model name"), platform.processor() or "unknown")
    kib = next((v for k, v in _lines("/proc/meminfo") if k == "MemTotal"), "0 kB").split()[0]
    return f"{model}, {os.cpu_count()} cores, {int(kib) // 2**20} GiB"


def _lines(path: str) -> Iterator[tuple[str, str]]:
    found = Path(path)
    for line in found.read_text().splitlines() if found.exists() else []:
        name, _, value = line.partition(":")
        yield name.strip(), value.strip()


def versions() -> dict[str, str]:
    """Of Python and of the libraries that figures depend on."""
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}
