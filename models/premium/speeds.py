"""How fast drivers get on by zone and hour, learned from real trips.

A trip's minutes for each great-circle kilometre hold streets, lights and traffic in one number.
Zones with few trips at an hour lean on all zones of that hour.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.errors import BadInput
from core.params.decisions import MatchingParams
from features.geometry import drive_minutes, great_circle_km
from models.premium.reach import TravelTimes

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HOURS = 24
PLACE = ["pickup_lat", "pickup_lon"]


@dataclass(frozen=True)
class GreatCircle:
    """Minutes from the distance alone, at one speed, streets being ``detour`` times longer."""

    speed_kmh: float
    detour: float

    def minutes(
        self, pickups: Floats, drivers: Floats, pickup: Ints, driver: Ints, km: Floats
    ) -> Floats:
        return drive_minutes(km, self.speed_kmh, self.detour)


@dataclass(frozen=True)
class Speeds:
    """``pace`` in minutes a great-circle km, shape (zones, 24); ``places`` in degrees, lat first,
    shape (zones, 2)."""

    places: Floats
    pace: Floats

    def as_json(self) -> dict[str, Any]:
        return {"places": self.places.tolist(), "pace": self.pace.tolist()}

    @classmethod
    def of_json(cls, told: Mapping[str, Any]) -> "Speeds":
        """BadInput unless it is what `as_json` gives, with a pace above 0 everywhere."""
        try:
            found = cls(np.array(told["places"], float), np.array(told["pace"], float))
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput(f"expected places and pace of zones: {error}") from None
        if found.places.shape != (len(found.pace), 2) or found.pace.shape[1:] != (HOURS,):
            raise BadInput("expected two degrees and 24 paces for every zone")
        if not (found.pace > 0).all():
            raise BadInput("expected a pace above 0 in every zone and hour")
        return found


@dataclass(frozen=True)
class FittedSpeeds:
    """Travel times at one hour of the local clock; a pick-up has the pace of the nearest zone."""

    speeds: Speeds
    hour_local: int

    def minutes(
        self, pickups: Floats, drivers: Floats, pickup: Ints, driver: Ints, km: Floats
    ) -> Floats:
        zone = _nearest(self.speeds.places, pickups)
        return np.asarray(self.speeds.pace[zone, self.hour_local][pickup] * km)


def travel_times(
    params: MatchingParams, speeds: Speeds | None, hour_local: int | None
) -> TravelTimes:
    """Fitted speeds where there are some and the hour is known, else the speed of ``params``."""
    if speeds is None or hour_local is None:
        return GreatCircle(params.speed_kmh, params.detour)
    if not 0 <= hour_local < 24:
        raise BadInput(f"expected an hour 0..23 of the local clock, got {hour_local}")
    return FittedSpeeds(speeds, hour_local)


def fit(trips: pd.DataFrame, params: MatchingParams) -> Speeds:
    """Learn from trips with ``zone_id``, places in degrees, local minute and minutes taken.

    Raises
    ------
    BadInput
        If no trip is as long as pick-ups are.
    """
    rows = _usable(trips, params)
    if rows.empty:
        raise BadInput(f"expected trips of {params.speed_fit_km} km to learn speeds from, got none")
    sums = rows.pivot_table(
        values=["minutes", "km"], index="zone_id", columns="hour", aggfunc="sum", fill_value=0.0
    )
    every = pd.MultiIndex.from_product([["minutes", "km"], range(HOURS)])
    sums = sums.reindex(columns=every, fill_value=0.0)
    minutes, km = sums["minutes"].to_numpy(float), sums["km"].to_numpy(float)
    lean = params.speed_shrink_km
    usual = minutes.sum() / km.sum()
    of_hour = (minutes.sum(0) + lean * usual) / (km.sum(0) + lean)
    pace = (minutes + lean * of_hour) / (km + lean)
    places = rows.groupby("zone_id")[PLACE].mean().to_numpy(float)
    return Speeds(places, pace)


def judge(speeds: Speeds, trips: pd.DataFrame, params: MatchingParams) -> dict[str, float]:
    """Mean error in minutes on other trips, beside one speed for all and the speed of params."""
    rows = _usable(trips, params)
    zone = _nearest(speeds.places, rows[PLACE].to_numpy(float))
    km, taken = rows["km"].to_numpy(float), rows["minutes"].to_numpy(float)
    one = float(speeds.pace.mean())
    given = params.detour / params.speed_kmh * 60
    paces = {
        "mae_minutes": speeds.pace[zone, rows["hour"].to_numpy(int)],
        "mae_one_speed": one,
        "mae_params": given,
    }
    errors = {name: float(np.abs(pace * km - taken).mean()) for name, pace in paces.items()}
    return {**errors, "trips": float(len(rows))}


def _usable(trips: pd.DataFrame, params: MatchingParams) -> pd.DataFrame:
    """Trips about as long as pick-ups, with hour, km and minutes."""
    km = great_circle_km(
        trips["pickup_lat"], trips["pickup_lon"], trips["dropoff_lat"], trips["dropoff_lon"]
    )
    rows = trips[["zone_id", *PLACE]].assign(
        hour=(trips["minute_of_day"] // 60).astype(int), km=km, minutes=trips["duration_minutes"]
    )
    return rows[rows["km"].between(*params.speed_fit_km)].dropna()


def _nearest(places: Floats, wanted: Floats) -> Ints:
    """Position of the nearest place to each wanted one."""
    from scipy.spatial import cKDTree

    flat = np.array([1.0, np.cos(np.radians(places[:, 0].mean()))])
    return np.asarray(cKDTree(places * flat).query(wanted * flat)[1], np.int64)
