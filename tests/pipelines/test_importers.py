import os
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from core.errors import BadInput, DataRejected, SchemaMismatch
from core.params import load_params
from core.settings import Settings
from pipelines.context import Context
from pipelines.real_data import KINDS, about, import_file, importer, ingest_real

ROOT = Path(__file__).parents[2]
GREEN = {
    "VendorID": 2,
    "lpep_pickup_datetime": datetime(2021, 1, 5, 8, 0),  # noqa: DTZ001 -- local times, as published
    "lpep_dropoff_datetime": datetime(2021, 1, 5, 8, 30),  # noqa: DTZ001
    "PULocationID": 41,
    "DOLocationID": 42,
    "trip_distance": 2.5,
    "fare_amount": 10.505,
    "extra": 0.5,
    "mta_tax": 0.5,
    "tip_amount": 2.0,
    "tolls_amount": 6.12,
    "ehail_fee": None,
    "improvement_surcharge": 0.3,
    "total_amount": 19.92,
    "payment_type": 1.0,
    "trip_type": 1.0,
    "congestion_surcharge": 2.75,
}


@pytest.fixture
def ctx(tmp_path):
    over = {"gate.tolerated_real.nyc_green": 0.9}
    return Context(
        Settings(home=tmp_path / "home"), load_params(ROOT / "params.yaml", overrides=over)
    )


def green_file(folder: Path, *changes: dict, month: str = "2021-01") -> Path:
    schema = pa.Table.from_pylist([{**GREEN, "ehail_fee": 1.0}]).schema
    rows = pa.Table.from_pylist([{**GREEN, **change} for change in changes], schema=schema)
    path = folder / f"green_{month}.parquet"
    pq.write_table(rows, path)
    return path


def local(day: int, hour: int, minute: int = 0, month: int = 1) -> datetime:
    return datetime(2021, month, day, hour, minute)  # noqa: DTZ001 -- local times, as published


def test_a_green_trip_becomes_order_trip_and_payment(ctx, tmp_path):
    counts = import_file("nyc_green", green_file(tmp_path, {}), ctx)
    assert {asset: c["rows_out"] for asset, c in counts.items()} == {
        "orders_nyc_green": 1,
        "trips_nyc_green": 1,
        "payments_nyc_green": 1,
    }
    (order,) = ctx.lake.read("orders_nyc_green", ["2021-01-05"]).to_pylist()
    assert order["order_id"] == "nyc_green-2021-01-000000"
    assert order["requested_at"] == datetime(2021, 1, 5, 13, 0, tzinfo=UTC)
    assert (order["zone_id"], order["source"]) == ("NYC-41", "nyc_green")
    assert (order["pickup_lat"], order["quoted_fare"]) == (None, None)
    (trip,) = ctx.lake.read("trips_nyc_green", ["2021-01-05"]).to_pylist()
    assert trip["distance_km"] == pytest.approx(4.02336)
    assert trip["duration_minutes"] == 30.0
    assert (trip["gross_fare"], trip["tolls"], trip["taxes"], trip["tips"]) == (1100, 612, 355, 200)
    assert (trip["driver_pay"], trip["driver_pay_derived"]) == (880, True)
    (paid,) = ctx.lake.read("payments_nyc_green", ["2021-01-05"]).to_pylist()
    assert (paid["method"], paid["amount"]) == ("CARD", 1992)


def test_coordinates_come_from_the_zones_of_the_same_folder(ctx, tmp_path):
    zones = {"LocationID": [41, 42], "centroid_lat": [40.1, 40.2], "centroid_lon": [-74.1, -74.2]}
    pq.write_table(pa.table(zones), tmp_path / "nyc_taxi_zones.parquet")
    (tmp_path / "nyc_green").mkdir()
    import_file("nyc_green", green_file(tmp_path / "nyc_green", {}).parent, ctx)
    (order,) = ctx.lake.read("orders_nyc_green", ["2021-01-05"]).to_pylist()
    assert (order["pickup_lat"], order["pickup_lon"]) == (40.1, -74.1)
    assert (order["dropoff_lat"], order["dropoff_lon"]) == (40.2, -74.2)


def test_dirt_of_green_trips_goes_to_quarantine_with_its_reason(ctx, tmp_path):
    outside = {"lpep_pickup_datetime": datetime(2008, 12, 31, 23), "trip_distance": 1.0}  # noqa: DTZ001
    path = green_file(
        tmp_path,
        {},
        {"fare_amount": -8.0},
        {"trip_distance": 0.0},
        {"lpep_dropoff_datetime": local(5, 7)},
        outside,
        {"payment_type": None},
    )
    counts = import_file("nyc_green", path, ctx)
    assert counts["trips_nyc_green"]["rows_in"] == 6
    assert counts["trips_nyc_green"]["quarantined"] == 4
    assert counts["payments_nyc_green"]["rows_in"] == 5
    kept = ctx.lake.root / "quarantine" / "trips_nyc_green"
    inside = pq.read_table(kept / "2021-01-05.parquet").column("rule").to_pylist()
    assert inside == ["between:gross_fare", "between:distance_km", "order:ended_at,started_at"]
    (row,) = pq.read_table(kept / "2021-01.parquet").to_pylist()
    assert row["rule"] == "pickup_month"
    assert ctx.lake.keys("trips_nyc_green") == ["2021-01-05"]


def test_the_day_of_a_trip_is_the_local_day_of_its_pick_up(ctx, tmp_path):
    late = {"lpep_pickup_datetime": local(31, 23, 50), "lpep_dropoff_datetime": local(1, 0, 5, 2)}
    import_file("nyc_green", green_file(tmp_path, late), ctx)
    (trip,) = ctx.lake.read("trips_nyc_green", ["2021-01-31"]).to_pylist()
    assert trip["started_at"] == datetime(2021, 2, 1, 4, 50, tzinfo=UTC)


def test_hours_that_the_clock_skips_or_repeats_are_read_as_documented(ctx, tmp_path):
    skipped = {
        "lpep_pickup_datetime": local(14, 2, 30, 3),
        "lpep_dropoff_datetime": local(14, 3, 40, 3),
    }
    import_file("nyc_green", green_file(tmp_path, skipped, month="2021-03"), ctx)
    (trip,) = ctx.lake.read("trips_nyc_green", ["2021-03-14"]).to_pylist()
    assert trip["started_at"] == datetime(2021, 3, 14, 7, 30, tzinfo=UTC)
    assert trip["duration_minutes"] == 10.0
    repeated = {
        "lpep_pickup_datetime": local(7, 1, 30, 11),
        "lpep_dropoff_datetime": local(7, 1, 50, 11),
    }
    import_file("nyc_green", green_file(tmp_path, repeated, month="2021-11"), ctx)
    (trip,) = ctx.lake.read("trips_nyc_green", ["2021-11-07"]).to_pylist()
    assert trip["started_at"] == datetime(2021, 11, 7, 6, 30, tzinfo=UTC)


def test_money_is_rounded_half_to_even(ctx, tmp_path):
    fares = [{"fare_amount": 8.125, "extra": 0.0}, {"fare_amount": 8.375, "extra": 0.0}]
    import_file("nyc_green", green_file(tmp_path, *fares), ctx)
    trips = ctx.lake.read("trips_nyc_green", ["2021-01-05"])
    assert trips.column("gross_fare").to_pylist() == [812, 838]


def test_too_dirty_a_file_leaves_nothing_of_any_asset(tmp_path):
    ctx = Context(Settings(home=tmp_path / "home"), load_params(ROOT / "params.yaml"))
    path = green_file(tmp_path, {}, {"fare_amount": -8.0})
    with pytest.raises(DataRejected, match=r"trips_nyc_green: expected at most 8\.0% bad rows"):
        import_file("nyc_green", path, ctx)
    assert not ctx.lake.root.exists()


def test_a_file_that_is_not_parquet_or_cut_off_or_not_there_is_refused(ctx, tmp_path):
    path = green_file(tmp_path, {})
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(BadInput, match="expected a whole Parquet file"):
        import_file("nyc_green", path, ctx)
    with pytest.raises(BadInput, match="there is none"):
        import_file("nyc_hvfhv", tmp_path / "nothing.parquet", ctx)
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match="there are none"):
        import_file("nyc_green", tmp_path / "empty", ctx)


def test_a_file_without_a_needed_column_is_refused_by_name(ctx, tmp_path):
    path = green_file(tmp_path, {})
    pq.write_table(pq.read_table(path).drop_columns(["fare_amount"]), path)
    with pytest.raises(SchemaMismatch, match=r"missing columns \['fare_amount'\]"):
        import_file("nyc_green", path, ctx)


def test_a_green_file_that_does_not_name_its_month_is_refused(ctx, tmp_path):
    path = green_file(tmp_path, {}).rename(tmp_path / "trips.parquet")
    with pytest.raises(BadInput, match="named with its month"):
        import_file("nyc_green", path, ctx)


@pytest.mark.parametrize("kind", KINDS)
def test_every_importer_says_what_it_maps_derives_and_leaves_null(kind):
    text = about(kind)
    assert importer(kind).kind == kind
    assert all(f"\n{word}:" in text for word in ("maps", "derives", "NULL", "key"))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_its_own_tolerated_share(kind, ctx):
    assert 0 <= ctx.params.gate.tolerated_real[kind] < 1


def test_a_kind_nobody_knows_is_refused_with_all_there_are(ctx, tmp_path):
    with pytest.raises(BadInput, match=r"nyc_green.*orders.*got 'taxis'"):
        import_file("taxis", tmp_path, ctx)


def test_a_data_folder_without_any_known_file_is_an_error(ctx, tmp_path):
    lost = Context(Settings(home=tmp_path / "home", data=tmp_path), ctx.params)
    with pytest.raises(BadInput, match="trips/nyc_green"):
        ingest_real(lost)
    assert ingest_real(Context(Settings(home=tmp_path / "home", data=None), ctx.params)) == ({}, [])


def real_data() -> Path:
    for folder in (os.environ.get("TRIPO_DATA"), ROOT.parent / "shared" / "data"):
        if folder and Path(folder).is_dir():
            return Path(folder)
    pytest.skip("needs the public data: set TRIPO_DATA")


@pytest.mark.real_data
def test_the_public_data_is_imported_whole_and_only_once(tmp_path):
    ctx = Context(Settings(home=tmp_path, data=real_data()), load_params(ROOT / "params.yaml"))
    counts, missing = ingest_real(ctx)
    assert missing == []
    rows = {asset: (c["rows_in"], c["quarantined"]) for asset, c in counts.items()}
    assert rows == {
        "orders_nyc_green": (346_154, 256),
        "trips_nyc_green": (346_154, 14_998),
        "payments_nyc_green": (264_870, 54),
        "orders_nyc_hvfhv": (1_000, 15),
        "trips_nyc_hvfhv": (1_000, 2),
        "orders_chicago_taxi": (15_002, 9),
        "trips_chicago_taxi": (15_002, 4_134),
        "payments_chicago_taxi": (14_888, 1),
        "tlc_driver_applications": (22_781, 8),
        "ola_driver_months": (19_104, 0),
        "text_clinc150": (23_700, 0),
        "text_banking77": (13_083, 0),
        "text_sgd_user_turns": (156_125, 0),
        "text_airline_tweets": (14_640, 155),
    }
    for asset, c in counts.items():
        kept = sum(pq.read_metadata(p).num_rows for p in (ctx.lake.root / asset).glob("*"))
        assert kept == c["rows_out"] == c["rows_in"] - c["quarantined"]
    written = {p: p.stat().st_mtime_ns for p in ctx.lake.root.rglob("*.parquet")}
    assert ingest_real(ctx) == (counts, [])
    assert {p: p.stat().st_mtime_ns for p in ctx.lake.root.rglob("*.parquet")} == written
