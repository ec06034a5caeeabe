"""Seconds since a day's midnight to Arrow timestamps and back; NaN is "has not happened"."""

from datetime import date

import numpy as np
import pyarrow as pa

from simulator.calibration import Floats

TIMESTAMP = pa.timestamp("us", tz="UTC")
EPOCH = date(1970, 1, 1).toordinal()
DAY_US = 86_400_000_000


def at(day: date, seconds: Floats) -> pa.Array:
    """Timestamps, whole seconds; NaN becomes NULL."""
    missing = np.isnan(seconds)
    whole = np.where(missing, 0, np.floor(seconds)).astype(np.int64) * 1_000_000
    micros = whole + (day.toordinal() - EPOCH) * DAY_US
    return pa.array(micros, pa.int64(), mask=missing if missing.any() else None).cast(TIMESTAMP)


def at_hours(day: date, hours: np.ndarray) -> pa.Array:
    """Timestamps of full hours."""
    return at(day, hours.astype(float) * 3600)


def days(ordinals: np.ndarray, missing: np.ndarray | None = None) -> pa.Array:
    """Dates from proleptic ordinals."""
    since = np.where(missing, 0, ordinals - EPOCH) if missing is not None else ordinals - EPOCH
    return pa.array(since.astype(np.int32), pa.int32(), mask=missing).cast(pa.date32())
