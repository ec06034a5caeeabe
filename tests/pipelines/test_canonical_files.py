"""A file of one's own in the canonical columns: read by day, or refused with what is wrong."""

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from core.errors import BadInput, PartitionImmutable
from core.params import load_params
from core.settings import Settings
from pipelines.context import Context
from pipelines.real_data import import_file
from tests.gate_rows import table

ROOT = Path(__file__).parents[2]


@pytest.fixture
def ctx(tmp_path):
    return Context(Settings(home=tmp_path / "home"), load_params(ROOT / "params.yaml"))


def as_csv(rows: pa.Table, path: Path) -> Path:
    pyarrow.csv.write_csv(
        pa.table({n: rows.column(n).cast(pa.string()) for n in rows.column_names}), path
    )
    return path


def test_an_own_csv_file_in_canonical_columns_fills_the_asset_by_day(ctx, tmp_path):
    nextday = {
        "started_at": datetime(2026, 11, 22, 1, tzinfo=UTC),
        "ended_at": datetime(2026, 11, 22, 2, tzinfo=UTC),
    }
    rows = table("trips", *[{"wait_minutes": None}] * 30, nextday)
    counts = import_file("trips", as_csv(rows, tmp_path / "own.csv"), ctx)
    assert counts["trips"]["rows_out"] == 31
    assert ctx.lake.keys("trips") == ["2026-11-21", "2026-11-22"]
    assert ctx.lake.read("trips", ["2026-11-21"]).equals(rows.slice(0, 30))


def test_rows_without_a_readable_day_are_quarantined_and_counted(ctx, tmp_path):
    rows = table("trips", *[{}] * 30)
    text = pa.table({n: rows.column(n).cast(pa.string()) for n in rows.column_names})
    ended = text.column("ended_at").to_pylist()
    ended[3], ended[4] = "tomorrow", None
    text = text.set_column(text.column_names.index("ended_at"), "ended_at", [ended])
    pyarrow.csv.write_csv(text, tmp_path / "own.csv")
    over = {"gate.tolerated_share": 0.5}
    loose = Context(ctx.settings, load_params(ROOT / "params.yaml", overrides=over))
    counts = import_file("trips", tmp_path / "own.csv", loose)
    assert (counts["trips"]["rows_out"], counts["trips"]["quarantined"]) == (28, 2)
    (undated,) = (ctx.lake.root / "quarantine" / "trips").glob("undated-*.parquet")
    rules = pq.read_table(undated).column("rule").to_pylist()
    assert rules == ["type:ended_at", "present:ended_at"]


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "expected a whole, well-formed file"),
        ("a,b\n1,2,3\n", "expected a whole, well-formed file"),
        ("a,b\n1,2\n", "missing columns"),
    ],
    ids=["empty", "ragged", "other columns"],
)
def test_a_malformed_csv_is_refused(ctx, tmp_path, text, message):
    path = tmp_path / "own.csv"
    path.write_text(text)
    with pytest.raises(BadInput, match=message):
        import_file("trips", path, ctx)
    assert not ctx.lake.root.exists()


def test_an_own_file_without_rows_or_of_another_format_is_refused(ctx, tmp_path):
    with pytest.raises(BadInput, match="expected rows of trips, got an empty file"):
        import_file("trips", as_csv(table("trips", {}).slice(0, 0), tmp_path / "own.csv"), ctx)
    (tmp_path / "own.xlsx").write_bytes(b"PK")
    with pytest.raises(BadInput, match=r"ends in \.csv or \.parquet"):
        import_file("trips", tmp_path / "own.xlsx", ctx)


def test_a_snapshot_needs_the_day_it_describes(ctx, tmp_path):
    vehicles = pa.table(
        {"vehicle_id": ["V1"], "type": ["SEDAN"], "year": [2015], "features": [["a"]]}
    )
    pq.write_table(vehicles, tmp_path / "own.parquet")
    with pytest.raises(BadInput, match=r"vehicles is a snapshot.*--day"):
        import_file("vehicles", tmp_path / "own.parquet", ctx)
    import_file("vehicles", tmp_path / "own.parquet", ctx, date(2026, 11, 21))
    assert ctx.lake.keys("vehicles") == ["2026-11-21"]


def test_own_files_never_replace_days_the_city_delivered(ctx, tmp_path):
    rows = table("trips", {})
    ctx.landing.write("2026-11-21", "trips", rows)
    with pytest.raises(PartitionImmutable, match="TRIPO_HOME"):
        import_file("trips", as_csv(rows, tmp_path / "own.csv"), ctx)
