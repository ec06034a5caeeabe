"""Figures of public trips that the city follows; benchmarks/calibration.py derives them."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Calibration:
    """Hour and weekday shape of demand, log-normal distance, log-linear duration, money beside.

    ``hour_share`` sums to 1 over 24 hours; ``weekday_factor`` has mean 1, Monday first;
    ``speed_factor`` is the speed of an hour relative to the mean of the day.
    """

    hour_share: Floats
    weekday_factor: Floats
    speed_factor: Floats
    log_km_mean: float
    log_km_sd: float
    log_minutes_intercept: float
    log_minutes_slope: float
    log_minutes_sd: float
    tip_share: float
    tip_fraction: float
    toll_cents: int
    tax_share: float
    boarding_minutes: float


def load_calibration(path: Path) -> Calibration:
    """Read ``data/calibration.json``.

    Raises
    ------
    BadInput
        If the file is missing, is not JSON or lacks a figure.
    """
    try:
        raw = json.loads(path.read_text())
        green, app = raw["green"], raw["high_volume"]
        hours = np.asarray(green["hour_share"], dtype=float)
        weekday = np.asarray(green["weekday_factor"], dtype=float)
        return Calibration(
            hour_share=hours / hours.sum(),
            weekday_factor=weekday / weekday.mean(),
            speed_factor=np.asarray(green["speed_factor"], dtype=float),
            log_km_mean=green["log_km_mean"],
            log_km_sd=green["log_km_sd"],
            log_minutes_intercept=green["log_minutes_intercept"],
            log_minutes_slope=green["log_minutes_slope"],
            log_minutes_sd=green["log_minutes_sd"],
            tip_share=green["tip_share"],
            tip_fraction=green["tip_fraction"],
            toll_cents=round(100 * green["toll_dollars"]),
            tax_share=app["tax_share"],
            boarding_minutes=app["boarding_minutes"],
        )
    except (OSError, ValueError, KeyError) as error:
        raise BadInput(
            f"expected the city's figures in {path}, got {error!r}; "
            "`python -m benchmarks.calibration DATA TARGET` derives them"
        ) from None
