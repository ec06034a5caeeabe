"""A disk that is full while a partition is written."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.schema import asset_schema
from pipelines.gate_rules import rules_of
from pipelines.step import write_json
from store.lake import arrow_schema
from tests.gate_rows import TRIP

ROOT = Path(__file__).parents[2]
SPACE = 256 * 1024


def many_trips(path: Path) -> Path:
    """Some 500 kB of trips of one day, however they are compressed."""
    keys = np.random.default_rng(7).bytes(30_000 * 8)
    ids = [keys[i : i + 8].hex() for i in range(0, len(keys), 8)]
    rows = [{**TRIP, "trip_id": f"{n}-{name}"} for n, name in enumerate(ids)]
    pq.write_table(pa.Table.from_pylist(rows, schema=arrow_schema(asset_schema("trips"))), path)
    return path


def limited() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (SPACE, SPACE))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 kB, where the rights are there to make one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SPACE}", "tripo-test", str(folder)]
    try:
        made = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        made = False
    if not made:
        pytest.skip("mounting a small file system needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def import_into(home: Path, path: Path, **how) -> subprocess.CompletedProcess[str]:
    rules_of("trips", home / "gate")
    return subprocess.run(
        [sys.executable, "-m", "cli.main", "data", "import", "trips", str(path)],
        cwd=ROOT,
        env={**os.environ, "TRIPO_HOME": str(home), "COLUMNS": "500"},
        capture_output=True,
        text=True,
        check=False,
        **how,
    )


def require_one_message_and_no_partition(done: subprocess.CompletedProcess[str], home: Path):
    assert done.returncode == 1, done.stderr
    (message,) = done.stderr.strip().splitlines()
    assert message.startswith("OSError: expected files and ports that can be used, got: ")
    assert "run the same again" in message
    assert list((home / "lake" / "trips").iterdir()) == []


def test_a_full_disk_is_one_message_and_leaves_no_part_of_a_partition(tmp_path, small_disk):
    path = many_trips(tmp_path / "own.parquet")
    done = import_into(small_disk, path)
    require_one_message_and_no_partition(done, small_disk)
    assert "No space left on device" in done.stderr


def test_a_file_that_may_not_grow_is_one_message_and_leaves_no_part_of_it(tmp_path):
    home = tmp_path / "home"
    done = import_into(home, many_trips(tmp_path / "own.parquet"), preexec_fn=limited)
    require_one_message_and_no_partition(done, home)
    assert "File too large" in done.stderr


def test_json_that_did_not_fit_leaves_nothing_behind(small_disk):
    whole = write_json(small_disk / "kept.json", {"rows": 1})
    with pytest.raises(OSError, match="No space left"):
        write_json(small_disk / "large.json", {"text": "x" * 2 * SPACE})
    assert list(small_disk.iterdir()) == [whole]
