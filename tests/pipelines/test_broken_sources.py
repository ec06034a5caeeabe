"""Public files that are not what was published: one message, or one row in quarantine."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.errors import BadInput, SchemaMismatch
from core.params import load_params
from core.settings import Settings
from pipelines.context import Context
from pipelines.importers.base import query
from pipelines.real_data import import_file

ROOT = Path(__file__).parents[2]
KINDS = ("nyc_green", "chicago_taxi", "ola_driver_months", "tlc_driver_applications")
START = 1_600_000_000
CHICAGO = {
    "pickup_community_area": 8.0,
    "fare": 10.0,
    "trip_start_timestamp": START,
    "pickup_latitude": 41.9,
    "pickup_longitude": -87.6,
    "dropoff_latitude": 41.8,
    "dropoff_longitude": -87.7,
    "trip_miles": 3.0,
    "payment_type": "Cash",
    "company": "Blue",
    "trip_seconds": 600.0,
    "dropoff_community_area": 7.0,
    "tips": 0.0,
}
OLA = {
    "MMM-YY": "01-01-2019",
    "Driver_ID": 1,
    "Age": 30.0,
    "Gender": 0.0,
    "City": "C1",
    "Education_Level": 1,
    "Income": 500,
    "Dateofjoining": "24-12-2018",
    "LastWorkingDate": None,
    "Joining Designation": 1,
    "Grade": 1,
    "Total Business Value": 0,
    "Quarterly Rating": 2,
}
NAN = float("nan")


@pytest.fixture
def ctx(tmp_path):
    over = {f"gate.tolerated_real.{kind}": 1.0 for kind in KINDS}
    params = load_params(ROOT / "params.yaml", overrides=over)
    return Context(Settings(home=tmp_path / "home"), params)


def written(path: Path, good: dict, *changes: dict) -> Path:
    schema = pa.Table.from_pylist([{k: "" if v is None else v for k, v in good.items()}]).schema
    pq.write_table(pa.Table.from_pylist([{**good, **c} for c in changes], schema=schema), path)
    return path


def rules(ctx: Context, asset: str) -> list[str]:
    paths = sorted((ctx.lake.root / "quarantine" / asset).glob("*.parquet"))
    return [rule for path in paths for rule in pq.read_table(path).column("rule").to_pylist()]


def test_columns_of_another_type_are_all_named_with_what_came(ctx, tmp_path):
    path = written(tmp_path / "chicago.parquet", {**CHICAGO, "fare": "ten", "company": 7}, {})
    with pytest.raises(SchemaMismatch) as error:
        import_file("chicago_taxi", path, ctx)
    assert "fare: expected numbers, got string" in str(error.value)
    assert "company: expected texts, got int64" in str(error.value)
    assert str(path) in str(error.value)


def test_a_column_of_nothing_but_null_is_of_any_type(ctx, tmp_path):
    rows = pq.read_table(written(tmp_path / "chicago.parquet", CHICAGO, {}))
    place = rows.column_names.index("company")
    pq.write_table(rows.set_column(place, "company", pa.nulls(1)), tmp_path / "chicago.parquet")
    counts = import_file("chicago_taxi", tmp_path / "chicago.parquet", ctx)
    assert counts["orders_chicago_taxi"]["rows_out"] == 1


@pytest.mark.parametrize("fare", [NAN, float("inf"), 1e300], ids=str)
def test_a_fare_that_is_no_amount_refuses_its_row_alone(ctx, tmp_path, fare):
    path = written(tmp_path / "chicago.parquet", CHICAGO, {}, {"fare": fare})
    counts = import_file("chicago_taxi", path, ctx)
    assert counts["trips_chicago_taxi"] == {
        "rows_in": 2,
        "rows_out": 1,
        "quarantined": 1,
        "source": "real",
    }
    assert rules(ctx, "trips_chicago_taxi") == ["present:gross_fare"]


def test_an_area_that_is_no_number_refuses_its_row_alone(ctx, tmp_path):
    path = written(tmp_path / "chicago.parquet", CHICAGO, {}, {"pickup_community_area": NAN})
    counts = import_file("chicago_taxi", path, ctx)
    assert counts["orders_chicago_taxi"]["quarantined"] == 1
    assert rules(ctx, "orders_chicago_taxi") == ["present:zone_id"]


def test_a_value_that_cannot_be_computed_with_is_an_error_that_names_the_file(ctx, tmp_path):
    path = written(tmp_path / "chicago.parquet", CHICAGO, {"trip_start_timestamp": 2**62})
    with pytest.raises(BadInput, match=r"chicago\.parquet: expected values as they were published"):
        import_file("chicago_taxi", path, ctx)


def test_a_file_with_a_quote_in_its_name_is_read(tmp_path):
    path = written(tmp_path / 'it\'s "one".parquet', CHICAGO, {})
    assert query("SELECT n FROM trips", {"trips": path}).column("n").to_pylist() == [0]


def test_a_trip_without_a_start_is_quarantined_as_undated(ctx, tmp_path):
    path = written(tmp_path / "chicago.parquet", CHICAGO, {}, {"trip_start_timestamp": None})
    import_file("chicago_taxi", path, ctx)
    assert ctx.lake.keys("orders_chicago_taxi") == ["2020-09"]
    assert ctx.lake.quarantined("orders_chicago_taxi", "undated") == 1


@pytest.mark.parametrize("month", ["January", "", None, "13-01-2019", "../../elsewhere"])
def test_a_driver_month_without_a_readable_month_goes_to_quarantine(ctx, tmp_path, month):
    path = written(tmp_path / "ola.parquet", OLA, {}, {"MMM-YY": month})
    counts = import_file("ola_driver_months", path, ctx)
    assert counts["ola_driver_months"]["quarantined"] == 1
    assert ctx.lake.keys("ola_driver_months") == ["2019-01"]
    assert rules(ctx, "ola_driver_months") == ["present:month"]


def test_a_month_written_in_two_ways_is_one_partition(ctx, tmp_path):
    path = written(tmp_path / "ola.parquet", OLA, {}, {"MMM-YY": "1-1-2019", "Driver_ID": 2})
    import_file("ola_driver_months", path, ctx)
    rows = ctx.lake.read("ola_driver_months", ["2019-01"])
    assert rows.column("driver_id").to_pylist() == ["1", "2"]


@pytest.mark.parametrize("snapshot", ["soon", None])
def test_an_application_without_a_snapshot_goes_to_quarantine(ctx, tmp_path, snapshot):
    from pipelines.importers.tlc_driver_applications import NEEDED

    good = {**dict.fromkeys(NEEDED, "x"), "App Date": datetime(2025, 1, 2, tzinfo=UTC)}
    good |= {"App No": "1", "Last Updated": "01/02/2025 03:04:05 PM", "snapshot": "2025-01-03"}
    path = written(tmp_path / "tlc.parquet", good, {}, {"snapshot": snapshot})
    counts = import_file("tlc_driver_applications", path, ctx)
    assert counts["tlc_driver_applications"]["quarantined"] == 1
    assert ctx.lake.keys("tlc_driver_applications") == ["2025-01-03"]
