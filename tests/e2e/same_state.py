"""What two homes must have in common to be in the same state (docs/architecture.md, section 3).

Lake bytes, store rows without surrogate ids and times, hashes of what serves. How long an answer
took is measured, so it differs between any two runs and is left out here, with all that follows
from it.
"""

import hashlib
import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

MEASURED = "processing_time_ms"
TIMES = ("_at", "_seconds", "time_ms", "last_updated")
SURROGATES = ("id", "item_id", "release", "release_id", "version", "previous_release_id", "who")
DRAWN = re.compile(
    r"\b[0-9a-f]{32}\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|processing_time_ms\W+\d+"
)
"""Ids that are drawn and times that are measured, inside what a cell holds."""
BOOKKEEPING = ("alembic_version", "promotion_audit", "release_pointers", "monitoring_results")


def lake(home: Path) -> dict[str, str]:
    """Path -> digest of every partition, quarantine included."""
    files = sorted((home / "lake").rglob("*.parquet"))
    return {str(path.relative_to(home)): _digest(path) for path in files}


def _digest(path: Path) -> str:
    if path.parent.name != "messages":
        return hashlib.sha256(path.read_bytes()).hexdigest()
    table = pq.read_table(path)
    kept = [name for name in table.column_names if name != MEASURED]
    return hashlib.sha256(
        json.dumps(table.select(kept).to_pylist(), default=str).encode()
    ).hexdigest()


def rows(home: Path) -> dict[str, list[str]]:
    """Table -> its rows as text, sorted."""
    connection = sqlite3.connect(home / "store.db")
    try:
        names = [
            n for (n,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")
        ]
        return {n: _rows(connection, n) for n in sorted(names) if n not in BOOKKEEPING}
    finally:
        connection.close()


def _rows(connection: sqlite3.Connection, table: str) -> list[str]:
    columns = [str(row[1]) for row in connection.execute(f"PRAGMA table_info({table})")]
    kept = [c for c in columns if c not in SURROGATES and not c.endswith(TIMES)]
    found = connection.execute(f"SELECT {', '.join(kept) or 'NULL'} FROM {table}")
    return sorted(DRAWN.sub("…", json.dumps(row, default=str)) for row in found)


def champions(home: Path) -> dict[str, Any]:
    """Product -> model -> file hashes of what serves."""
    connection = sqlite3.connect(home / "store.db")
    try:
        pointers = connection.execute("SELECT product, manifest FROM release_pointers").fetchall()
    finally:
        connection.close()
    return {
        product: {name: m["files"] for name, m in json.loads(manifest)["members"].items()}
        for product, manifest in pointers
    }
