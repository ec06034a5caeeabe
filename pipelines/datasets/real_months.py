"""New York green trips of two months: learn on the first, test on the second."""

import calendar
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from core.params.tabular import RealTripsParams
from features.real_trips import INPUTS
from models.contract import Dataset
from pipelines.context import Context
from pipelines.datasets.lake_rows import combined, digests, query, span

ORDERS, TRIPS = "orders_nyc_green", "trips_nyc_green"
ROWS = """
SELECT o.order_id, o.local, o.zone_id, o.dropoff_zone_id, o.pickup_lat, o.pickup_lon,
       o.dropoff_lat, o.dropoff_lon, o.product,
       (hour(o.local) * 60 + minute(o.local))::DOUBLE AS minute_of_day,
       (isodow(o.local) - 1)::DOUBLE AS weekday,
       t.duration_minutes, t.distance_km, t.gross_fare
FROM (SELECT *, requested_at AT TIME ZONE '{time_zone}' AS local FROM orders_nyc_green) o
JOIN trips_nyc_green t USING (order_id)
WHERE t.duration_minutes BETWEEN {min_minutes} AND {max_minutes}
ORDER BY o.local, o.order_id
"""


def month_days(month: str) -> list[date]:
    """Every day of a month like 2021-01."""
    year, number = (int(part) for part in month.split("-"))
    first = date(year, number, 1)
    return [first + timedelta(days=n) for n in range(calendar.monthrange(year, number)[1])]


def days(params: RealTripsParams) -> list[date]:
    """The days of both months."""
    return [*month_days(params.train_month), *month_days(params.test_month)]


def tables(ctx: Context) -> dict[str, list[Path]]:
    """The lake files read; PartitionMissing names the days that were not imported."""
    wanted = days(ctx.params.real_trips)
    return {asset: ctx.lake.paths(asset, wanted) for asset in (ORDERS, TRIPS)}


def split(ctx: Context) -> tuple[dict[str, pd.DataFrame], dict[str, str], str]:
    """Rows by part, what they are, and their digest."""
    params, files = ctx.params.real_trips, tables(ctx)
    sql = ROWS.format(
        time_zone=params.time_zone, min_minutes=params.min_minutes, max_minutes=params.max_minutes
    )
    rows = query(sql, files)
    rows = rows[["local", *INPUTS, "duration_minutes", "distance_km", "gross_fare"]]
    test = pd.Timestamp(month_days(params.test_month)[0])
    validate = pd.Timestamp(month_days(params.train_month)[-params.validate_days])
    parts = {
        "train": rows[rows["local"] < validate],
        "validate": rows[(rows["local"] >= validate) & (rows["local"] < test)],
        "test": rows[rows["local"] >= test],
    }
    about = {
        "rows": "real: New York green taxis (TLC trip records)",
        "train": span(month_days(params.train_month)),
        "test": span(month_days(params.test_month)),
    }
    return parts, about, combined(digests(files))


def dataset(parts: dict[str, pd.DataFrame], about: dict[str, str], digest: str) -> Dataset:
    """The parts as a dataset."""
    return Dataset(**parts, digest=digest, about=about)
