"""Requests and drivers to match: generated cities, and Manhattan's requests and vehicles."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = list[dict[str, Any]]
Places = NDArray[np.float64]

SIDE_KM, CENTRE_SHARE = 28.0, 0.4
"""A city as large as New York, with so much of it around its middle."""
KM = 1 / 111.195
MIDDLE = (40.0, -74.0)


def city(requests: int, drivers: int, seed: int) -> tuple[Rows, Rows]:
    """A square city: everywhere alike, but for a dense middle."""
    rng = np.random.default_rng(seed)

    def places(count: int) -> Places:
        middle = rng.random(count) < CENTRE_SHARE
        dense = rng.normal(0, SIDE_KM / 8, (count, 2))
        km = np.where(middle[:, None], dense, rng.uniform(-SIDE_KM / 2, SIDE_KM / 2, (count, 2)))
        east = np.cos(np.radians(MIDDLE[0]))
        return np.asarray(np.array(MIDDLE) + km * KM / np.array([1.0, east]))

    here, there = places(requests), places(drivers)
    return _requests(here, rng), _drivers(there, rng)


def manhattan(folder: Path, requests: int, drivers: int, seed: int) -> tuple[Rows, Rows]:
    """The first real requests, and drivers within some 300 m of real vehicles."""
    import pandas as pd

    rng = np.random.default_rng(seed)
    asked = pd.read_parquet(folder / "manhattan_requests_20k.parquet")
    asked = asked.sort_values(["departure_time", "request_id"]).head(requests)
    vehicles = pd.read_parquet(folder / "manhattan_vehicles_1200.parquet")[["lat", "lon"]]
    there = vehicles.to_numpy()[rng.integers(0, len(vehicles), drivers)]
    there = there + rng.normal(0, 0.3 * KM, there.shape)
    return _requests(asked[["o_lat", "o_lon"]].to_numpy(), rng), _drivers(there, rng)


def _requests(places: Places, rng: np.random.Generator) -> Rows:
    n = len(places)
    columns = {
        "service_class": rng.choice(["LUXURY", "PREMIUM", "VIP"], n, p=[0.5, 0.35, 0.15]),
        "child_seat": rng.random(n) < 0.05,
        "pet_friendly": rng.random(n) < 0.05,
        "women_only": rng.random(n) < 0.03,
        "corporate": rng.random(n) < 0.1,
        "prefer_female": rng.random(n) < 0.1,
    }
    return _rows("request_id", places, columns)


def _drivers(places: Places, rng: np.random.Generator) -> Rows:
    m = len(places)
    columns = {
        "tier": rng.choice(["BRONZE", "SILVER", "GOLD", "PLATINUM"], m, p=[0.4, 0.3, 0.2, 0.1]),
        "vehicle_type": rng.choice(["SUV", "LUXURY_SEDAN", "LUXURY_SUV"], m, p=[0.4, 0.35, 0.25]),
        "available": rng.random(m) < 0.9,
        "rating": np.clip(rng.normal(4.88, 0.05, m), 1, 5),
        "completion": rng.uniform(0.93, 1, m),
        "acceptance": rng.uniform(0.93, 1, m),
        "eta_accuracy": rng.uniform(0.85, 1, m),
        "earnings_per_hour": rng.gamma(4, 5, m),
        "online_hours_24h": rng.uniform(0, 13, m),
        "accepts_women_only": rng.random(m) < 0.4,
        "female": rng.random(m) < 0.3,
        "corporate_eligible": rng.random(m) < 0.7,
        "child_seat": rng.random(m) < 0.4,
        "pet_friendly": rng.random(m) < 0.5,
    }
    return _rows("driver_id", places, columns)


def _rows(key: str, places: Places, columns: dict[str, Any]) -> Rows:
    ids = [f"{key[0]}{number:06d}" for number in range(len(places))]
    whole = {key: ids, "lat": places[:, 0].tolist(), "lon": places[:, 1].tolist()}
    whole |= {name: values.tolist() for name, values in columns.items()}
    return [dict(zip(whole, row, strict=True)) for row in zip(*whole.values(), strict=True)]
