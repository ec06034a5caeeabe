"""The lake writes whole partitions of the contract, and landing is written once."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.errors import PartitionImmutable, PartitionMissing, SchemaMismatch
from store.lake import Lake, Landing

VEHICLES = pa.table(
    {"vehicle_id": ["V1"], "type": ["SEDAN"], "year": [2020], "features": [["child_seat"]]}
)


def test_what_is_written_is_read_back_in_the_contract_s_order(tmp_path):
    lake = Lake(tmp_path)
    lake.write(
        "vehicles", "2026-11-21", VEHICLES.select(["year", "features", "type", "vehicle_id"])
    )
    read = lake.read("vehicles", ["2026-11-21"])
    assert read.column_names == ["vehicle_id", "type", "year", "features"]
    assert read.to_pylist() == VEHICLES.to_pylist()


def test_a_partition_says_which_contract_it_meets(tmp_path):
    path = Lake(tmp_path).write("vehicles", "2026-11-21", VEHICLES)
    assert pq.read_schema(path).metadata[b"tripo"] == b'{"asset": "vehicles", "schema_version": 1}'


def test_everything_wrong_with_the_columns_is_named_at_once(tmp_path):
    wrong = pa.table({"vehicle_id": ["V1"], "type": ["SEDAN"], "year": ["new"], "colour": ["red"]})
    with pytest.raises(SchemaMismatch) as caught:
        Lake(tmp_path).write("vehicles", "2026-11-21", wrong)
    for word in ("features", "colour", "year: expected int64"):
        assert word in str(caught.value)
    assert Lake(tmp_path).keys("vehicles") == []


def test_a_missing_partition_is_named(tmp_path):
    lake = Lake(tmp_path)
    lake.write("vehicles", "2026-11-20", VEHICLES)
    with pytest.raises(PartitionMissing, match="not written yet: 2026-11-21"):
        lake.read("vehicles", ["2026-11-20", "2026-11-21"])


def test_writing_again_gives_the_same_bytes_and_leaves_nothing_beside(tmp_path):
    lake = Lake(tmp_path)
    first = lake.write("vehicles", "2026-11-21", VEHICLES).read_bytes()
    second = lake.write("vehicles", "2026-11-21", VEHICLES).read_bytes()
    assert first == second
    assert [p.name for p in (tmp_path / "vehicles").iterdir()] == ["2026-11-21.parquet"]


def test_landing_takes_the_same_delivery_twice_but_never_another(tmp_path):
    landing = Landing(tmp_path)
    landing.write("2026-11-21", "vehicles", VEHICLES)
    landing.write("2026-11-21", "vehicles", VEHICLES)
    with pytest.raises(PartitionImmutable, match="never changed"):
        landing.write("2026-11-21", "vehicles", VEHICLES.slice(1))
    assert landing.assets("2026-11-21") == ["vehicles"]
