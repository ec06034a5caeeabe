"""Each night: what every driver did with premium bookings, day by day, for the last days anew."""

from datetime import timedelta
from functools import partial
from typing import Any

from core.partition import last_day, window
from pipelines.context import Context
from store import premium_quality
from store.db import read
from store.rows import replace_rows
from store.tables import DriverQuality


def recompute(key: str, ctx: Context) -> dict[str, Any]:
    """Write ``premium_driver_quality_metrics`` of the last days of ``key``; rows by day.

    Stars, refunds and answers come later than the ride, so each night writes the days of
    ``premium_metrics.recompute_days`` again, each whole.
    """
    on_time = timedelta(minutes=ctx.params.bookings.on_time_minutes)
    written = {}
    for day in window(last_day(key), ctx.params.premium_metrics.recompute_days):
        rows = read(ctx.engine, partial(premium_quality.of_day, day=day, on_time=on_time))
        written[day.isoformat()] = replace_rows(ctx.engine, DriverQuality, {"day": day}, rows)
    return {"rows": written}
