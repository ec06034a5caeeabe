"""New York trips of Uber and Lyft (TLC high-volume for-hire records)."""

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
)
from pipelines.importers.trip_records import batches, zones_near

KIND = "nyc_hvfhv"
ABOUT = """New York high-volume for-hire trips (Uber, Lyft); one file.
maps:     request, pick-up, drop-off, zones (NYC-<LocationID>), miles to km, base fare, tolls,
          tips, driver pay as it was paid; black-car fund, sales tax, congestion and airport fees
          to taxes; shared requests to ride_type SHARED; the licence to product
derives:  eta_actual_minutes = request to the car on scene, wait_minutes = on scene to pick-up
          (NULL where the car was there before the request, or that time is not in the file);
          coordinates = centre of the zone
NULL:     driver, vehicle, rating, quote, surge, match; rider_id is 'anonymous'; the file has no
          way of payment, so there are no payment rows
key:      the local day of the pick-up"""

TIME_ZONE = "America/New_York"
NEEDED = {
    "hvfhs_license_num": "s",
    "request_datetime": "t",
    "on_scene_datetime": "t",
    "pickup_datetime": "t",
    "dropoff_datetime": "t",
    "PULocationID": "f",
    "DOLocationID": "f",
    "trip_miles": "f",
    "base_passenger_fare": "f",
    "tolls": "f",
    "bcf": "f",
    "sales_tax": "f",
    "congestion_surcharge": "f",
    "airport_fee": "f",
    "tips": "f",
    "driver_pay": "f",
    "shared_request_flag": "s",
}

SQL = f"""
SELECT strftime(t.pickup_datetime, '%Y-%m-%d') AS key,
  format('nyc_hvfhv-{{}}-{{:06d}}', strftime(t.pickup_datetime, '%Y-%m'), t.n) AS ref,
  lower(t.hvfhs_license_num) AS product,
  CASE t.shared_request_flag WHEN 'Y' THEN 'SHARED' ELSE 'SOLO' END AS ride_type,
  'NYC-' || t.PULocationID AS zone_id, 'NYC-' || t.DOLocationID AS dropoff_zone_id,
  a.centroid_lat AS pickup_lat, a.centroid_lon AS pickup_lon, b.centroid_lat AS dropoff_lat,
  b.centroid_lon AS dropoff_lon, {utc("t.request_datetime", TIME_ZONE)} AS requested_at,
  {utc("t.pickup_datetime", TIME_ZONE)} AS picked_up_at,
  {utc("t.dropoff_datetime", TIME_ZONE)} AS completed_at,
  t.trip_miles * {KM_PER_MILE} AS distance_km,
  date_diff('second', t.on_scene_datetime, t.pickup_datetime) / 60.0 AS scene_to_pickup,
  date_diff('second', t.request_datetime, t.on_scene_datetime) / 60.0 AS request_to_scene,
  CASE WHEN scene_to_pickup >= 0 THEN scene_to_pickup END AS wait_minutes,
  CASE WHEN request_to_scene >= 0 THEN request_to_scene END AS eta_actual_minutes,
  {cents("t.base_passenger_fare")} AS gross_fare, {cents("t.tolls")} AS tolls,
  {cents("t.bcf + t.sales_tax + coalesce(t.congestion_surcharge, 0) + coalesce(t.airport_fee, 0)")}
  AS taxes, {cents("t.tips")} AS tips, {cents("t.driver_pay")} AS driver_pay,
  FALSE AS driver_pay_derived, NULL::VARCHAR AS method, NULL::BIGINT AS amount
FROM trips t
LEFT JOIN zones a ON a.LocationID = t.PULocationID
LEFT JOIN zones b ON b.LocationID = t.DOLocationID
ORDER BY t.n
"""  # noqa: S608 -- constants of this module only


def read(path: Path, options: Options) -> Iterator[Batch]:
    """Partitions by local day of the pick-up."""
    wide = query(SQL, {"trips": source(path, NEEDED), "zones": zones_near(path)})
    yield from batches(KIND, wide, {})


IMPORTER = Importer(KIND, ABOUT, "trips/nyc_hvfhv_sample_1000.parquet", read)
