"""The half that importers of trip records share: one row a trip becomes order, trip and payment.

An importer makes one wide row per trip (`WIDE`); here it becomes the rows of three lake assets,
``orders_<kind>``, ``trips_<kind>`` and ``payments_<kind>``, one partition for each key.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import SchemaMismatch
from core.schema import asset_schema
from pipelines.gate_rules import Rule
from pipelines.importers.base import UNDATED, Batch, query, source

WIDE = [
    "key",
    "ref",
    "product",
    "ride_type",
    "zone_id",
    "dropoff_zone_id",
    "pickup_lat",
    "pickup_lon",
    "dropoff_lat",
    "dropoff_lon",
    "requested_at",
    "picked_up_at",
    "completed_at",
    "distance_km",
    "wait_minutes",
    "eta_actual_minutes",
    "gross_fare",
    "tolls",
    "taxes",
    "tips",
    "driver_pay",
    "driver_pay_derived",
    "method",
    "amount",
]

ORDERS = """
SELECT key, ref AS order_id, 'anonymous' AS rider_id, 'RIDE' AS vertical, ride_type,
  'STANDARD' AS service_class, product, zone_id, dropoff_zone_id, pickup_lat, pickup_lon,
  dropoff_lat, dropoff_lon, requested_at, NULL::TIMESTAMPTZ AS scheduled_at,
  NULL::TIMESTAMPTZ AS matched_at, picked_up_at, completed_at, NULL::TIMESTAMPTZ AS cancelled_at,
  NULL::VARCHAR AS cancelled_by, 'COMPLETED' AS status,
  NULL AS quoted_fare, NULL AS surge, distance_km,
  date_diff('microsecond', picked_up_at, completed_at) / 60e6 AS duration_minutes,
  NULL AS eta_quoted_minutes, eta_actual_minutes, 'USD' AS currency, $kind AS source
FROM wide ORDER BY place
"""
TRIPS = """
SELECT key, ref || '-T' AS trip_id, ref AS order_id, NULL::VARCHAR AS driver_id,
  NULL::VARCHAR AS vehicle_id, picked_up_at AS started_at, completed_at AS ended_at, distance_km,
  date_diff('microsecond', picked_up_at, completed_at) / 60e6 AS duration_minutes, wait_minutes,
  gross_fare, tolls, taxes, tips, 0 AS promotion, driver_pay, driver_pay_derived,
  NULL AS rating, 'COMPLETED' AS status
FROM wide ORDER BY place
"""
PAYMENTS = """
SELECT key, ref || '-P' AS payment_id, ref AS order_id, 'CHARGE' AS kind, method,
  'CAPTURED' AS status, amount, 'USD' AS currency, completed_at AS at
FROM wide WHERE method IS NOT NULL ORDER BY place
"""
ZONES_FILE = "nyc_taxi_zones.parquet"
NEEDED_ZONES = {"LocationID": "f", "centroid_lat": "f", "centroid_lon": "f"}
NO_ZONES = pa.table({"LocationID": [0], "centroid_lat": [0.0], "centroid_lon": [0.0]})


def batches(kind: str, wide: pa.Table, refused: dict[Rule, np.ndarray]) -> Iterator[Batch]:
    """Partitions of the three assets, one for each key of the wide rows."""
    missing = [name for name in WIDE if name not in wide.column_names]
    if missing:
        raise SchemaMismatch(f"{kind}: the importer made no column {missing}")
    place = pa.array(np.arange(wide.num_rows))
    numbered = wide.append_column("place", place)
    for contract, sql in (("orders", ORDERS), ("trips", TRIPS), ("payments", PAYMENTS)):
        rows = query(sql, {"wide": numbered}, kind=kind)
        its = refused if contract != "payments" else _of(refused, wide)
        yield from by_key(f"{contract}_{kind}", contract, rows, its)


def _of(refused: dict[Rule, np.ndarray], wide: pa.Table) -> dict[Rule, np.ndarray]:
    paid = pc.is_valid(wide.column("method")).to_numpy()
    return {rule: mask[paid] for rule, mask in refused.items()}


def by_key(
    asset: str, contract: str, rows: pa.Table, refused: dict[Rule, np.ndarray]
) -> Iterator[Batch]:
    """Rows cut into partitions by their column ``key``, which is left out; order stays.

    Rows without a key are those whose time is missing: they go to quarantine, as `UNDATED`.
    """
    keys = pc.fill_null(rows.column("key"), UNDATED).to_numpy(zero_copy_only=False).astype(str)
    table = rows.drop_columns(["key"])
    order = np.argsort(keys, kind="stable")
    sorted_keys, starts = np.unique(keys[order], return_index=True)
    ends = [*starts.tolist(), len(order)][1:]
    table = pa.table([c.take(pa.array(order)) for c in table.columns], names=table.column_names)
    for key, start, end in zip(sorted_keys.tolist(), starts.tolist(), ends, strict=True):
        masks = {rule: mask[order[start:end]] for rule, mask in refused.items()}
        part = {rule: mask for rule, mask in masks.items() if mask.any()}
        yield Batch(asset, asset_schema(contract), key, table.slice(start, end - start), part)


def zones_near(path: Path) -> Path | pa.Table:
    """The taxi-zone file of the same data folder, or a table in which no zone is found."""
    for folder in (path.parent, path.parent.parent):
        if (folder / ZONES_FILE).is_file():
            return source(folder / ZONES_FILE, NEEDED_ZONES)
    return NO_ZONES
