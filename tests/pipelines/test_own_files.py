"""A second file of one's own: what it may replace, and what it is compared with."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from core.errors import BadInput, DataRejected, PartitionImmutable
from core.params import load_params
from core.settings import Settings
from pipelines.context import Context
from pipelines.real_data import import_file, take_back
from tests.gate_rows import table

ROOT = Path(__file__).parents[2]
ENDED = datetime(2026, 11, 21, 9, tzinfo=UTC)


def context(home: Path, **gate: float) -> Context:
    over = {f"gate.{name}": value for name, value in gate.items()}
    return Context(Settings(home=home), load_params(ROOT / "params.yaml", overrides=over))


@pytest.fixture
def ctx(tmp_path):
    return context(tmp_path / "home", tolerated_share=0.5)


def trips(path: Path, *ids: str, later: int = 0, **change) -> Path:
    """A file of trips of 2026-11-21, or of so many days later."""
    ended = ENDED + timedelta(days=later)
    times = {"started_at": ended - timedelta(hours=1), "ended_at": ended}
    pq.write_table(table("trips", *[{"trip_id": i, **times, **change} for i in ids]), path)
    return path


def joined(path: Path, *files: Path) -> Path:
    pq.write_table(pa.concat_tables([pq.read_table(file) for file in files]), path)
    return path


def files(ctx: Context) -> dict[str, bytes]:
    root = ctx.lake.root
    return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*.parquet"))}


def kept(ctx: Context, day: str = "2026-11-21") -> list[str]:
    return ctx.lake.read("trips", [day]).column("trip_id").to_pylist()


def test_a_second_file_with_other_rows_of_a_day_is_refused_and_names_the_day(ctx, tmp_path):
    import_file("trips", trips(tmp_path / "a.parquet", "T1"), ctx)
    before = files(ctx)
    same, next_day = (
        trips(tmp_path / "b.parquet", "T2"),
        trips(tmp_path / "c.parquet", "T3", later=1),
    )
    more = joined(tmp_path / "more.parquet", same, next_day)
    with pytest.raises(PartitionImmutable, match=r"but 2026-11-21 came before.*--replace"):
        import_file("trips", more, ctx)
    assert files(ctx) == before


def test_other_bad_rows_of_a_day_are_other_rows_of_it(ctx, tmp_path):
    good, bad = trips(tmp_path / "a.parquet", "T1"), trips(tmp_path / "b.parquet", "T2", tips=-1)
    import_file("trips", joined(tmp_path / "both.parquet", good, bad), ctx)
    with pytest.raises(PartitionImmutable, match="2026-11-21"):
        import_file("trips", good, ctx)
    assert ctx.lake.quarantined("trips", "2026-11-21") == 1


def test_the_same_file_again_changes_nothing(ctx, tmp_path):
    path = trips(tmp_path / "a.parquet", "T1", "T2")
    first = import_file("trips", path, ctx)
    before = files(ctx)
    assert import_file("trips", path, ctx) == first
    assert files(ctx) == before


def test_with_replace_the_second_file_takes_the_place_of_the_first(ctx, tmp_path):
    import_file("trips", trips(tmp_path / "a.parquet", "T1"), ctx)
    import_file("trips", trips(tmp_path / "b.parquet", "T2", "T3"), ctx, replace=True)
    assert kept(ctx) == ["T2", "T3"]


def test_a_day_that_becomes_all_bad_does_not_keep_its_old_partition(tmp_path):
    lax = context(tmp_path / "home", tolerated_share=1.0, tolerated_day_share=1.0)
    import_file("trips", trips(tmp_path / "a.parquet", "T1"), lax)
    counts = import_file("trips", trips(tmp_path / "b.parquet", "T1", tips=-1), lax, replace=True)
    assert counts["trips"]["rows_out"] == 0
    assert lax.lake.keys("trips") == []
    assert lax.lake.quarantined("trips", "2026-11-21") == 1


def test_undated_rows_of_two_files_are_both_kept(ctx, tmp_path):
    for name in ("T1", "T2"):
        rows = table("trips", {"trip_id": name}, {"trip_id": f"{name}-undated"})
        text = pa.table({n: rows.column(n).cast(pa.string()) for n in rows.column_names})
        day = {"T1": "2026-11-21 09:00:00Z", "T2": "2026-11-22 09:00:00Z"}[name]
        for column, value in (("started_at", "2026-11-21 08:00:00Z"), ("ended_at", day)):
            place = text.column_names.index(column)
            text = text.set_column(place, column, [[value, "tomorrow"]])
        pyarrow.csv.write_csv(text, tmp_path / f"{name}.csv")
        import_file("trips", tmp_path / f"{name}.csv", ctx)
    undated = (ctx.lake.root / "quarantine" / "trips").glob("undated-*.parquet")
    assert sum(pq.read_metadata(path).num_rows for path in undated) == 2


def test_a_trip_that_the_day_before_has_goes_to_quarantine(ctx, tmp_path):
    import_file("trips", trips(tmp_path / "a.parquet", "T1"), ctx)
    import_file("trips", trips(tmp_path / "b.parquet", "T1", "T2", later=1), ctx)
    assert kept(ctx, "2026-11-22") == ["T2"]
    bad = pq.read_table(ctx.lake.root / "quarantine" / "trips" / "2026-11-22.parquet")
    assert bad.column("rule").to_pylist() == ["once"]


def test_a_file_with_one_wholly_broken_day_is_refused(ctx, tmp_path):
    good = trips(tmp_path / "a.parquet", *(f"T{i}" for i in range(9)))
    bad = trips(tmp_path / "b.parquet", "T9", later=1, tips=-1)
    with pytest.raises(DataRejected, match=r"any one day, got 2026-11-22: 1 of 1"):
        import_file("trips", joined(tmp_path / "both.parquet", good, bad), ctx)
    assert not ctx.lake.root.exists()


def test_orders_of_a_zone_that_the_lake_does_not_know_go_to_quarantine(ctx, tmp_path):
    orders = table("orders", {"zone_id": "Z01"}, {"zone_id": "Z99"})
    pq.write_table(orders, tmp_path / "orders.parquet")
    assert import_file("orders", tmp_path / "orders.parquet", ctx)["orders"]["quarantined"] == 0
    hours = {
        "zone_id": [z for z in ("Z01", "Z02") for _ in range(24)],
        "hour": [datetime(2026, 11, 20, h, tzinfo=UTC) for _ in range(2) for h in range(24)],
        **dict.fromkeys(("requests", "unmet"), [0] * 48),
        **dict.fromkeys(("available_drivers", "weather", "event"), [0.0] * 48),
        "holiday": [False] * 48,
        "competitor_index": [1.0] * 48,
    }
    pq.write_table(pa.table(hours), tmp_path / "hours.parquet")
    import_file("market_hours", tmp_path / "hours.parquet", ctx)
    counts = import_file("orders", tmp_path / "orders.parquet", ctx, replace=True)
    assert counts["orders"]["quarantined"] == 1
    assert ctx.lake.read("orders", ["2026-11-21"]).column("zone_id").to_pylist() == ["Z01"]


def test_a_day_that_nobody_can_mean_is_refused_and_named(ctx, tmp_path):
    start = datetime(1, 1, 1, tzinfo=UTC)
    file = trips(tmp_path / "one.parquet", "T1", started_at=start, ended_at=start)
    with pytest.raises(BadInput, match=r"2000-01-01 or later, got 0001-01-01 in 1 rows"):
        import_file("trips", file, ctx)
    assert ctx.lake.keys("trips") == []


def test_days_of_a_wrong_file_are_taken_back_and_the_right_one_fits(ctx, tmp_path):
    wrong = trips(tmp_path / "wrong.parquet", "T1", later=-1)
    right = trips(tmp_path / "right.parquet", "T1")
    import_file("trips", wrong, ctx)
    with pytest.raises(DataRejected, match="have not brought"):
        import_file("trips", right, ctx, replace=True)
    assert take_back("trips", "2026-11-20", ctx) == 2  # rows and, empty, quarantine
    import_file("trips", right, ctx)
    assert kept(ctx) == ["T1"]
    assert not ctx.lake.has("trips", "2026-11-20")


def test_only_own_days_that_are_there_are_taken_back(ctx, tmp_path):
    with pytest.raises(BadInput, match="expected trips of 2026-11-20 in the lake, there is none"):
        take_back("trips", "2026-11-20", ctx)
    with pytest.raises(BadInput, match=r"expected one of .*, got 'tripps'"):
        take_back("tripps", "2026-11-20", ctx)
    ctx.landing.write("2026-11-21", "trips", table("trips", {"trip_id": "T9"}))
    with pytest.raises(PartitionImmutable, match="simulated city delivered 2026-11-21"):
        take_back("trips", "2026-11-21", ctx)


def test_a_file_that_has_its_days_takes_no_day_and_a_folder_is_no_file(ctx, tmp_path):
    file = trips(tmp_path / "a.parquet", "T1")
    with pytest.raises(BadInput, match="trips has its day in ended_at; --day is for snapshots"):
        import_file("trips", file, ctx, ENDED.date())
    with pytest.raises(BadInput, match="expected one CSV or Parquet file, got the folder"):
        import_file("trips", tmp_path, ctx)
