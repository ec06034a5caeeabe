"""Derive data/calibration.json, the figures of the simulated city, from public trips.

Run as ``python -m benchmarks.calibration DATA TARGET`` with DATA the folder that TRIPO_DATA names.
"""

import json
import sys
from pathlib import Path
from typing import Any

import duckdb

KM_PER_MILE = 1.609344
GREEN = "trips/nyc_green/green_2023-*.parquet"
HVFHV = "trips/nyc_hvfhv_sample_1000.parquet"
CLEAN = """
  select *, trip_distance * ? as km,
         date_diff('second', lpep_pickup_datetime, lpep_dropoff_datetime) / 60.0 as minutes,
         hour(lpep_pickup_datetime) as hour, isodow(lpep_pickup_datetime) as weekday
  from read_parquet(?, union_by_name = true)
  where trip_distance between 0.1 and 60 and fare_amount between 2.5 and 500
    and lpep_dropoff_datetime between lpep_pickup_datetime + interval 1 minute
                                  and lpep_pickup_datetime + interval 2 hour
    and year(lpep_pickup_datetime) = 2023
"""


def _green(folder: Path) -> dict[str, Any]:
    """Hour and weekday shares, log-normal distance, log-linear duration, tips and tolls."""
    db = duckdb.connect()
    db.execute(f"create table trips as {CLEAN}", [KM_PER_MILE, str(folder / GREEN)])
    hours = db.execute("select count(*) from trips group by hour order by hour").fetchall()
    days = db.execute(
        "select count(*) / count(distinct lpep_pickup_datetime::date) from trips "
        "group by weekday order by weekday"
    ).fetchall()
    speed = db.execute("select median(km / minutes * 60) from trips group by hour order by hour")
    speeds = [row[0] for row in speed.fetchall()]
    row = db.execute(
        """select count(*), avg(ln(km)), stddev(ln(km)), regr_intercept(ln(minutes), ln(km)),
             regr_slope(ln(minutes), ln(km)),
             stddev(ln(minutes)) * sqrt(1 - regr_r2(ln(minutes), ln(km))),
             sum(fare_amount) / sum(km), avg((tip_amount > 0)::int),
             sum(tip_amount) filter (where tip_amount > 0)
               / sum(fare_amount) filter (where tip_amount > 0),
             avg((tolls_amount > 0)::int), median(tolls_amount) filter (where tolls_amount > 0)
           from trips where minutes >= 1"""
    ).fetchall()[0]
    mean_speed = sum(speeds) / 24
    total, mean_day = sum(n for (n,) in hours), sum(n for (n,) in days) / 7
    names = (
        "rows log_km_mean log_km_sd log_minutes_intercept log_minutes_slope log_minutes_sd "
        "fare_dollars_per_km tip_share tip_fraction toll_share toll_dollars"
    )
    return {
        **{name: round(value, 5) for name, value in zip(names.split(), row, strict=True)},
        "hour_share": [round(n / total, 5) for (n,) in hours],
        "weekday_factor": [round(n / mean_day, 4) for (n,) in days],
        "speed_factor": [round(v / mean_speed, 4) for v in speeds],
    }


def _high_volume(folder: Path) -> dict[str, Any]:
    """What only the app-based trips know: driver pay, sales tax, waiting at the pick-up."""
    row = duckdb.execute(
        """select count(*), sum(driver_pay) / sum(base_passenger_fare),
             sum(sales_tax) / sum(base_passenger_fare),
             sum(base_passenger_fare) / sum(trip_miles * ?),
             avg(date_diff('second', on_scene_datetime, pickup_datetime) / 60.0),
             avg(date_diff('second', request_datetime, on_scene_datetime) / 60.0)
           from read_parquet(?) where trip_miles > 0.05 and base_passenger_fare > 0""",
        [KM_PER_MILE, str(folder / HVFHV)],
    ).fetchall()[0]
    names = "rows driver_pay_share tax_share fare_dollars_per_km boarding_minutes pickup_minutes"
    return {name: round(value, 5) for name, value in zip(names.split(), row, strict=True)}


def derive(folder: Path) -> dict[str, Any]:
    """Everything that data/calibration.json holds.

    Parameters
    ----------
    folder
        Holds ``trips/nyc_green`` and ``trips/nyc_hvfhv_sample_1000.parquet``.
    """
    return {
        "source": {
            "green": "NYC TLC trip records, green taxis, 2023-01 to 2023-03, trips of 0.1-60 miles "
            "and 1-120 minutes with a fare of 2.50-500 dollars; hours are New York local time",
            "high_volume": "NYC TLC trip records, high-volume for-hire, a sample of 1,000 trips",
            "derived_by": "python -m benchmarks.calibration",
        },
        "green": _green(folder),
        "high_volume": _high_volume(folder),
    }


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(json.dumps(derive(Path(sys.argv[1])), indent=2) + "\n")
