"""Chicago taxi trips, a sample over several years."""

from collections.abc import Iterator
from pathlib import Path

from pipelines.importers.base import (
    KM_PER_MILE,
    Batch,
    Importer,
    Options,
    cents,
    query,
    source,
    utc,
    whole,
)
from pipelines.importers.trip_records import batches

KIND = "chicago_taxi"
ABOUT = """Chicago taxi trips; one file.
maps:     start (local time, rounded by the city to a quarter of an hour), coordinates of the
          census tract, community areas (CHI-<area>), miles to km, fare, tips, payment by card or
          cash, company to product
derives:  requested_at = start; drop-off = start + trip_seconds; driver_pay = the company's share
          of the fare (driver_pay_derived is true); tolls and taxes are 0: the file has none
NULL:     driver, vehicle, rating, quote, surge, waiting, match; rider_id is 'anonymous';
          no payment row where the file does not say card or cash
key:      the local month of the start; about one trip in four has no distance and is quarantined"""

TIME_ZONE = "America/Chicago"
NEEDED = {
    "pickup_community_area": "f",
    "fare": "f",
    "trip_start_timestamp": "f",
    "pickup_latitude": "f",
    "pickup_longitude": "f",
    "dropoff_latitude": "f",
    "dropoff_longitude": "f",
    "trip_miles": "f",
    "payment_type": "s",
    "company": "s",
    "trip_seconds": "f",
    "dropoff_community_area": "f",
    "tips": "f",
}

# trip_start_timestamp counts seconds of the local clock, as trip_start_hour shows.
SQL = f"""
SELECT make_timestamp(t.trip_start_timestamp * 1000000) AS start,
  strftime(start, '%Y-%m') AS key, format('chicago_taxi-{{:06d}}', t.n) AS ref,
  coalesce(t.company, 'taxi') AS product, 'SOLO' AS ride_type,
  'CHI-' || {whole("t.pickup_community_area")} AS zone_id,
  'CHI-' || {whole("t.dropoff_community_area")} AS dropoff_zone_id,
  t.pickup_latitude AS pickup_lat, t.pickup_longitude AS pickup_lon,
  t.dropoff_latitude AS dropoff_lat, t.dropoff_longitude AS dropoff_lon,
  {utc("start", TIME_ZONE)} AS requested_at, requested_at AS picked_up_at,
  requested_at + to_seconds(t.trip_seconds) AS completed_at,
  t.trip_miles * {KM_PER_MILE} AS distance_km, NULL AS wait_minutes, NULL AS eta_actual_minutes,
  {cents("t.fare")} AS gross_fare, 0 AS tolls, 0 AS taxes, {cents("t.tips")} AS tips,
  CAST(round_even(gross_fare * $driver_share, 0) AS BIGINT) AS driver_pay,
  TRUE AS driver_pay_derived,
  CASE WHEN t.payment_type = 'Cash' THEN 'CASH'
       WHEN t.payment_type IN ('Credit Card', 'Pcard', 'Prcard') THEN 'CARD' END AS method,
  {cents("t.fare + t.tips")} AS amount
FROM trips t ORDER BY t.n
"""  # noqa: S608 -- constants of this module only


def read(path: Path, options: Options) -> Iterator[Batch]:
    """Partitions by local month of the start."""
    wide = query(SQL, {"trips": source(path, NEEDED)}, driver_share=options.driver_share)
    yield from batches(KIND, wide, {})


IMPORTER = Importer(KIND, ABOUT, "trips/chicago_taxi_tfx_15k.parquet", read)
