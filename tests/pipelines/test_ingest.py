from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.errors import BadInput, DataRejected, PartitionMissing, SchemaMismatch
from core.params import load_params
from core.schema import asset_schema
from core.settings import Settings
from pipelines.context import Context
from pipelines.ingest import ingest, validate
from pipelines.real_data import KINDS
from store.lake import arrow_schema
from tests.gate_rows import at, table

ROOT = Path(__file__).parents[2]
DAYS = ("2026-11-20", "2026-11-21")
SPAN = "2026-11-20..2026-11-21"


def context(home: Path) -> Context:
    return Context(
        Settings(home=home),
        load_params(ROOT / "params.yaml", overrides={"gate.tolerated_share": 0.5}),
    )


def market_hours(*zones: str, hours: int = 24) -> pa.Table:
    numbers = {
        "requests": 3,
        "unmet": 1,
        "available_drivers": 2.0,
        "weather": 0.0,
        "holiday": False,
        "event": 0.0,
        "competitor_index": 1.0,
    }
    rows = [{"zone_id": z, "hour": at(h), **numbers} for z in zones for h in range(hours)]
    return pa.Table.from_pylist(rows, schema=arrow_schema(asset_schema("market_hours")))


def orders(day: str, *changes: dict) -> pa.Table:
    """Orders whose keys no other day has."""
    named = [{"order_id": f"{day}-{i}", **change} for i, change in enumerate(changes)]
    return table("orders", *named)


def rider_days(day: str) -> pa.Table:
    numbers = {"orders": 2, "spend": 900, "promotions": 0, "cancels": 1}
    row = {"rider_id": "R1", "day": at(0).date().fromisoformat(day), **numbers}
    return pa.Table.from_pylist([row], schema=arrow_schema(asset_schema("rider_days")))


def deliver(ctx: Context, days=DAYS) -> None:
    for day in days:
        ctx.landing.write(day, "orders", orders(day, {}, {"zone_id": "Z99"}, {}))
        trips = table("trips", {"trip_id": f"{day}-0"}, {"trip_id": f"{day}-1", "gross_fare": -1})
        ctx.landing.write(day, "trips", trips)
        ctx.landing.write(day, "market_hours", market_hours("Z01", "Z02"))
        ctx.landing.write(day, "rider_days", rider_days(day))


@pytest.fixture
def ctx(tmp_path):
    made = context(tmp_path)
    deliver(made)
    return made


def files(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*.parquet"))}


def counted(rows_in, quarantined):
    out = rows_in - quarantined
    counts = {"rows_in": rows_in, "rows_out": out, "quarantined": quarantined}
    return {**counts, "source": "simulated"}


def test_each_landing_day_becomes_a_lake_partition_and_its_quarantine(ctx):
    result = ingest(SPAN, ctx)
    assert result["assets"] == {
        "orders": counted(6, 2),
        "trips": counted(4, 2),
        "rider_days": counted(2, 0),
        "market_hours": counted(96, 0),
    }
    assert result["missing"] == []
    assert ctx.lake.keys("orders") == list(DAYS)
    assert ctx.lake.read("orders", DAYS[:1]).num_rows == 2
    assert ctx.lake.quarantined("orders", DAYS[0]) == 1
    assert ctx.lake.quarantined("rider_days", DAYS[0]) == 0
    bad = pq.read_table(ctx.lake.root / "quarantine" / "orders" / f"{DAYS[1]}.parquet").to_pylist()
    assert [(row["rule"], row["key"]) for row in bad] == [("in_set:zone_id", DAYS[1])]
    assert bad[0]["found_at"] == at(0) + timedelta(days=1)


def test_the_aggregates_of_earlier_days_come_with_the_first_day_of_orders(ctx):
    ctx.landing.write("2026-11-18", "rider_days", rider_days("2026-11-18"))
    ingest(DAYS[1], ctx)
    assert ctx.lake.keys("rider_days") == [DAYS[1]]
    assert ingest(DAYS[0], ctx)["assets"]["rider_days"] == counted(2, 0)
    assert ctx.lake.keys("rider_days") == ["2026-11-18", *DAYS]


def test_days_ingested_one_by_one_backwards_are_the_same_files(ctx, tmp_path):
    ingest(SPAN, ctx)
    other = context(tmp_path / "other")
    deliver(other)
    for day in reversed(DAYS):
        ingest(day, other)
    assert files(other.lake.root) == files(ctx.lake.root)


def test_a_second_ingest_touches_nothing_and_reports_the_same(ctx):
    first = ingest(SPAN, ctx)
    before = {p: p.stat().st_mtime_ns for p in ctx.lake.root.rglob("*.parquet")}
    assert ingest(SPAN, ctx) == first
    assert {p: p.stat().st_mtime_ns for p in ctx.lake.root.rglob("*.parquet")} == before


def test_what_a_killed_run_did_not_write_is_written_by_the_next(ctx):
    ingest(SPAN, ctx)
    before = files(ctx.lake.root)
    ctx.lake.path("orders", DAYS[1]).unlink()
    ctx.lake.path("orders", DAYS[0]).with_name(".half.partial").write_bytes(b"half")
    ingest(SPAN, ctx)
    assert files(ctx.lake.root) == before


def test_a_rejected_asset_leaves_no_partition_and_the_others_are_written(ctx):
    strict = Context(ctx.settings, load_params(ROOT / "params.yaml"))
    with pytest.raises(DataRejected) as error:
        ingest(SPAN, strict)
    assert "orders: expected at most 5.0% bad rows, got 2 of 6" in str(error.value)
    assert "trips: expected at most 5.0% bad rows, got 2 of 4" in str(error.value)
    assert ctx.lake.keys("orders") == ctx.lake.keys("trips") == []
    assert not (ctx.lake.root / "quarantine" / "orders").exists()
    assert ctx.lake.keys("rider_days") == list(DAYS)


def test_a_day_without_any_delivery_is_an_error_that_names_it(ctx):
    with pytest.raises(PartitionMissing, match="nothing was delivered for 2026-11-22"):
        ingest("2026-11-21..2026-11-22", ctx)
    assert ctx.lake.keys("orders") == []


def test_a_file_that_was_cut_off_is_named_and_nothing_of_its_asset_is_written(ctx):
    path = ctx.landing.path(DAYS[1], "trips")
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(BadInput, match=f"{DAYS[1]}/trips.parquet: expected a whole Parquet file"):
        ingest(SPAN, ctx)
    assert ctx.lake.keys("trips") == []
    assert ctx.lake.keys("orders") == list(DAYS)


def test_an_unknown_column_refuses_the_asset(ctx):
    day = "2026-11-22"
    deliver(ctx, [day])
    rows = ctx.landing.read(day, "trips").append_column("colour", [["red", "blue"]])
    pq.write_table(rows, ctx.landing.path(day, "trips"))
    with pytest.raises(SchemaMismatch, match=r"trips: .*unknown columns \['colour'\]"):
        ingest(day, ctx)
    assert ctx.lake.keys("trips") == []


def test_a_file_of_no_asset_is_refused_by_name(ctx):
    ctx.landing.write(DAYS[1], "weather", pa.table({"x": [1]}))
    with pytest.raises(BadInput, match=r"got \['weather'\]"):
        ingest(SPAN, ctx)


def test_an_empty_delivery_is_refused(ctx):
    day = "2026-11-22"
    ctx.landing.write(day, "orders", table("orders", {}).slice(0, 0))
    with pytest.raises(DataRejected, match=r"orders 2026-11-22: expected 1\.\. rows, got 0"):
        ingest(day, ctx)


def test_validate_says_what_ingest_would_do_and_writes_nothing(ctx):
    assert validate("trips", SPAN, ctx) == {
        "asset": "trips",
        "key": SPAN,
        "rows_in": 4,
        "rows_out": 2,
        "quarantined": 2,
        "accepted": True,
        "rules": {"between:gross_fare": 2},
    }
    strict = Context(ctx.settings, load_params(ROOT / "params.yaml"))
    assert validate("trips", SPAN, strict)["accepted"] is False
    assert not ctx.lake.root.exists()


NEXT = "2026-11-22"


def zones_kept(ctx: Context, day: str, asset: str = "orders") -> list[str]:
    return sorted(set(ctx.lake.read(asset, [day]).column("zone_id").to_pylist()))


def deliver_next(ctx: Context, hours: pa.Table) -> None:
    zones = ({"zone_id": "Z01"}, {"zone_id": "Z02"}, {"zone_id": "Z03"})
    ctx.landing.write(NEXT, "orders", orders(NEXT, *zones))
    ctx.landing.write(NEXT, "market_hours", hours)


@pytest.mark.parametrize("history", [False, True], ids=["first day", "later day"])
def test_a_stray_row_of_market_hours_makes_no_zone_known(ctx, history):
    if history:
        ingest(SPAN, ctx)
    stray = market_hours("Z03", hours=23)
    deliver_next(ctx, pa.concat_tables([market_hours("Z01", "Z02"), stray]))
    ingest(NEXT, ctx)
    assert zones_kept(ctx, NEXT) == zones_kept(ctx, NEXT, "market_hours") == ["Z01", "Z02"]
    assert ctx.lake.quarantined("orders", NEXT) == 1
    assert ctx.lake.quarantined("market_hours", NEXT) == 23


def test_a_zone_is_new_when_a_delivery_lists_it_in_all_24_hours(ctx):
    ingest(SPAN, ctx)
    deliver_next(ctx, market_hours("Z01", "Z02", "Z03"))
    ingest(NEXT, ctx)
    assert zones_kept(ctx, NEXT) == ["Z01", "Z02", "Z03"]


def test_a_zone_of_later_days_is_not_known_to_an_earlier_one(ctx):
    deliver_next(ctx, market_hours("Z01", "Z02", "Z03", "Z99"))
    ingest(NEXT, ctx)
    ingest(DAYS[1], ctx)
    assert zones_kept(ctx, DAYS[1]) == ["Z01"]


def test_a_zone_of_earlier_days_stays_known_when_a_delivery_lacks_some_of_its_hours(ctx):
    ingest(SPAN, ctx)
    deliver_next(ctx, pa.concat_tables([market_hours("Z01"), market_hours("Z02", hours=20)]))
    ingest(NEXT, ctx)
    assert zones_kept(ctx, NEXT) == ["Z01", "Z02"]
    assert ctx.lake.quarantined("market_hours", NEXT) == 0


def test_an_order_delivered_again_on_the_next_day_is_kept_once(ctx):
    ctx.landing.write(NEXT, "orders", orders(DAYS[1], {}, {"order_id": "new"}))
    ingest(SPAN, ctx)
    result = ingest(NEXT, ctx)
    assert result["assets"]["orders"] == counted(2, 1)
    assert ctx.lake.read("orders", [NEXT]).column("order_id").to_pylist() == ["new"]
    assert validate("orders", NEXT, ctx)["rules"] == {"once": 1}


def test_a_day_ingested_before_an_earlier_one_is_made_anew_by_its_next_run(ctx, tmp_path):
    again = orders(DAYS[1], {}, {"order_id": "new"})
    other = context(tmp_path / "other")
    deliver(other)
    for home in (ctx, other):
        home.landing.write(NEXT, "orders", again)
        home.landing.write(NEXT, "market_hours", market_hours("Z01", "Z02"))
    ingest(f"{DAYS[0]}..{NEXT}", ctx)
    for day in (NEXT, DAYS[1], DAYS[0], NEXT):
        ingest(day, other)
    assert files(other.lake.root / "orders") == files(ctx.lake.root / "orders")


def test_one_broken_day_of_a_range_refuses_the_asset_and_validate_says_so(ctx):
    broken = [{"trip_id": f"{NEXT}-{i}", "gross_fare": -1} for i in range(2)]
    ctx.landing.write(NEXT, "trips", table("trips", *broken))
    span = f"{DAYS[0]}..{NEXT}"
    over = {"gate.tolerated_share": 0.7}
    loose = Context(ctx.settings, load_params(ROOT / "params.yaml", overrides=over))
    assert validate("trips", span, loose)["accepted"] is False
    assert validate("trips", SPAN, loose)["accepted"] is True
    with pytest.raises(
        DataRejected, match=r"50\.0% bad rows in any one day, got 2026-11-22: 2 of 2"
    ):
        ingest(span, loose)
    assert ctx.lake.keys("trips") == []


def test_kinds_that_the_data_folder_lacks_are_left_out_and_named(ctx, tmp_path):
    data = tmp_path / "data"
    (data / "trips" / "nyc_green").mkdir(parents=True)  # a folder without a month in it
    (data / "intents").mkdir()
    clinc = {"split": ["test"], "text": ["hello"], "intent": ["greeting"], "domain": ["talk"]}
    pq.write_table(pa.table({**clinc, "oos": [False]}), data / "intents" / "clinc150_full.parquet")
    result = ingest(SPAN, Context(Settings(home=tmp_path, data=data), ctx.params))
    assert result["assets"]["text_clinc150"]["rows_out"] == 1
    assert result["missing"] == [kind for kind in KINDS if kind != "clinc150"]
