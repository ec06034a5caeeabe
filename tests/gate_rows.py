"""Rows for tests of the gate, good ones and broken ones, and the rules that judge them."""

from datetime import UTC, datetime
from functools import cache

import numpy as np
import pyarrow as pa

from core.schema import asset_schema
from pipelines.gate_rules import Rule, compile_suite, load_suite
from store.lake import arrow_schema

DAY = "2026-11-21"
FOUND = datetime(2026, 11, 22, tzinfo=UTC)


@cache
def rules(asset: str) -> list[Rule]:
    return compile_suite(load_suite(asset))


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 21, hour, minute, tzinfo=UTC)


TRIP = {
    "trip_id": "T1",
    "order_id": "O1",
    "driver_id": "D1",
    "vehicle_id": "V1",
    "started_at": at(8),
    "ended_at": at(8, 30),
    "distance_km": 7.5,
    "duration_minutes": 30.0,
    "wait_minutes": 2.0,
    "gross_fare": 1200,
    "tolls": 0,
    "taxes": 100,
    "tips": 150,
    "promotion": 0,
    "driver_pay": 960,
    "driver_pay_derived": False,
    "rating": 5,
    "status": "COMPLETED",
}
ORDER = {
    "order_id": "O1",
    "rider_id": "R1",
    "vertical": "RIDE",
    "ride_type": "SOLO",
    "service_class": "STANDARD",
    "product": "ride",
    "zone_id": "Z01",
    "dropoff_zone_id": "Z02",
    "pickup_lat": 40.7,
    "pickup_lon": -74.0,
    "dropoff_lat": 40.8,
    "dropoff_lon": -73.9,
    "requested_at": at(7, 50),
    "scheduled_at": None,
    "matched_at": at(7, 52),
    "picked_up_at": at(8),
    "completed_at": at(8, 30),
    "cancelled_at": None,
    "cancelled_by": None,
    "status": "COMPLETED",
    "quoted_fare": 1200,
    "surge": 1.0,
    "distance_km": 7.5,
    "duration_minutes": 30.0,
    "eta_quoted_minutes": 6.0,
    "eta_actual_minutes": 8.0,
    "currency": "USD",
    "source": "simulated",
}
GOOD = {"trips": TRIP, "orders": ORDER}


def table(asset: str, *changes: dict, key: str = "") -> pa.Table:
    """One row for each change, laid over a good row; keys count up unless a change names one."""
    name = key or asset_schema(asset).key[0]
    rows = [{**GOOD[asset], name: f"{name}-{i}", **change} for i, change in enumerate(changes)]
    return pa.Table.from_pylist(rows, schema=arrow_schema(asset_schema(asset)))


def dirty(asset: str, n: int, seed: int) -> pa.Table:
    """Rows of which about half are broken in one or more columns, the same for a seed."""
    rng = np.random.default_rng(seed)
    wrong = {
        "s": ["", "x" * 200, "nonsense"],
        "i": [-1, 9, 10**9],
        "c": [-1, 10**9, 100_001],
        "f": [-1.0, 0.0, 10**6, -91.0, 181.0],
        "t": [at(1), at(23)],
        "b": [True],
    }
    rows = []
    for i in range(n):
        row = {**GOOD[asset], asset_schema(asset).key[0]: f"key-{i % (n - 7)}"}
        for column in asset_schema(asset).columns:
            if rng.random() < 0.03:
                choices = [*wrong[column.type], None]
                row[column.name] = choices[rng.integers(0, len(choices))]
        rows.append(row)
    schema = pa.schema([f.with_nullable(True) for f in arrow_schema(asset_schema(asset))])
    return pa.Table.from_pylist(rows, schema=schema)
