"""New York green-taxi trips (TLC trip records), one file a month."""

import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow.compute as pc

from core.errors import BadInput
from pipelines.gate_rules import Rule
from pipelines.importers.base import (
    KM_PER_MILE,
    Batch,
    Importer,
    Options,
    cents,
    files,
    query,
    source,
    utc,
)
from pipelines.importers.trip_records import batches, zones_near

KIND = "nyc_green"
ABOUT = """New York green-taxi trips; a folder of files, or one, named with its month (2021-01).
maps:     pick-up, drop-off, zones (NYC-<LocationID>), miles to km, fare + extra + e-hail fee to
          gross_fare, tolls, tips, MTA tax + improvement + congestion surcharge to taxes, payment
          by card or cash
derives:  requested_at = pick-up (a hailed taxi has no earlier request); coordinates = centre of
          the zone, where nyc_taxi_zones.parquet lies in the data folder; driver_pay = the
          company's share of the fare (driver_pay_derived is true)
NULL:     driver, vehicle, rating, quote, surge, waiting, match; rider_id is 'anonymous';
          no payment row where the file does not say card or cash
key:      the local day of the pick-up; rows outside the file's month go to quarantine"""

TIME_ZONE = "America/New_York"
NEEDED = {
    "lpep_pickup_datetime": "t",
    "lpep_dropoff_datetime": "t",
    "PULocationID": "f",
    "DOLocationID": "f",
    "trip_distance": "f",
    "fare_amount": "f",
    "extra": "f",
    "mta_tax": "f",
    "tip_amount": "f",
    "tolls_amount": "f",
    "ehail_fee": "f",
    "improvement_surcharge": "f",
    "total_amount": "f",
    "payment_type": "f",
    "trip_type": "f",
    "congestion_surcharge": "f",
}
MONTH = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])")

SQL = f"""
SELECT strftime(t.lpep_pickup_datetime, '%Y-%m') IS DISTINCT FROM $month AS outside,
  CASE WHEN outside THEN $month ELSE strftime(t.lpep_pickup_datetime, '%Y-%m-%d') END AS key,
  format('nyc_green-{{}}-{{:06d}}', $month, t.n) AS ref,
  CASE t.trip_type WHEN 2 THEN 'green_taxi_dispatch' ELSE 'green_taxi_hail' END AS product,
  'SOLO' AS ride_type, 'NYC-' || t.PULocationID AS zone_id, 'NYC-' || t.DOLocationID
  AS dropoff_zone_id, a.centroid_lat AS pickup_lat, a.centroid_lon AS pickup_lon,
  b.centroid_lat AS dropoff_lat, b.centroid_lon AS dropoff_lon,
  {utc("t.lpep_pickup_datetime", TIME_ZONE)} AS requested_at, requested_at AS picked_up_at,
  {utc("t.lpep_dropoff_datetime", TIME_ZONE)} AS completed_at,
  t.trip_distance * {KM_PER_MILE} AS distance_km, NULL AS wait_minutes,
  NULL AS eta_actual_minutes,
  {cents("t.fare_amount + t.extra + coalesce(t.ehail_fee, 0)")} AS gross_fare,
  {cents("t.tolls_amount")} AS tolls,
  {cents("t.mta_tax + t.improvement_surcharge + coalesce(t.congestion_surcharge, 0)")} AS taxes,
  {cents("t.tip_amount")} AS tips,
  CAST(round_even(gross_fare * $driver_share, 0) AS BIGINT) AS driver_pay,
  TRUE AS driver_pay_derived,
  CASE t.payment_type WHEN 1 THEN 'CARD' WHEN 2 THEN 'CASH' END AS method,
  {cents("t.total_amount")} AS amount
FROM trips t
LEFT JOIN zones a ON a.LocationID = t.PULocationID
LEFT JOIN zones b ON b.LocationID = t.DOLocationID
ORDER BY t.n
"""  # noqa: S608 -- constants of this module only


def read(path: Path, options: Options) -> Iterator[Batch]:
    """Partitions by local day of the pick-up."""
    for file in files(path, "*.parquet"):
        month = MONTH.search(file.stem)
        if not month:
            raise BadInput(f"expected a file named with its month, like green_2021-01, got {file}")
        tables = {"trips": source(file, NEEDED), "zones": zones_near(file)}
        share = options.driver_share
        wide = query(SQL, tables, month=month.group(), driver_share=share)
        rule = Rule("pickup_month", "requested_at", f"a pick-up in {month.group()}", "row")
        outside = pc.fill_null(wide.column("outside"), True).to_numpy()
        yield from batches(KIND, wide, {rule: outside})


IMPORTER = Importer(KIND, ABOUT, "trips/nyc_green", read)
