"""Seeded driver_days and drivers for tests: lasting quality, and chance around it."""

from datetime import date, timedelta

import numpy as np
import pandas as pd

LAST = date(2026, 11, 21)


def driver_days(drivers: int = 120, days: int = 150, seed: int = 3) -> pd.DataFrame:
    """Rows of driver_days that end with LAST; half of the drivers are good enough for premium."""
    rng = np.random.default_rng(seed)
    quality = rng.normal(0.4, 1.0, drivers)
    who, when = (a.ravel() for a in np.meshgrid(np.arange(drivers), np.arange(days), indexing="ij"))
    working = rng.random(len(who)) < 0.8
    who, when = who[working], when[working]
    q = quality[who]
    offers = rng.poisson(9, len(who)) + 1
    accepts = rng.binomial(offers, _share(3.2 + q))
    cancels = rng.binomial(accepts, _share(-5.0 - q))
    completed = accepts - cancels
    on_time = rng.binomial(completed, _share(3.4 + 0.8 * q))
    hits = rng.binomial(completed, _share(2.8 + 0.8 * q))
    rated = rng.binomial(completed, 0.6)
    fives = rng.binomial(rated, _share(2.0 + q))
    online = completed * 30.0 + 60
    first = LAST - timedelta(days=days - 1)
    return pd.DataFrame(
        {
            "driver_id": [f"D{i:04d}" for i in who],
            "day": [first + timedelta(days=int(d)) for d in when],
            "online_minutes": online,
            "engaged_minutes": completed * 18.0,
            "offers": offers,
            "accepts": accepts,
            "cancels": cancels,
            "completed": completed,
            "on_time": on_time,
            "eta_hits": hits,
            "rating_sum": (fives * 5 + (rated - fives) * 4).astype(float),
            "rating_count": rated,
            "earnings": completed * 900,
            "bonus": np.zeros(len(who), dtype=int),
        }
    )


def drivers(count: int = 120, seed: int = 3) -> pd.DataFrame:
    """Snapshot rows of drivers; a few lack what the gates ask for."""
    rng = np.random.default_rng(seed + 1)
    tenure = rng.integers(100, 1500, count)
    return pd.DataFrame(
        {
            "driver_id": [f"D{i:04d}" for i in range(count)],
            "joined_on": [LAST - timedelta(days=int(t)) for t in tenure],
            "city": "Tripo City",
            "tier": "NONE",
            "licence_valid_until": [
                LAST + timedelta(days=300 - 400 * (i % 29 == 0)) for i in range(count)
            ],
            "insurance_valid_until": LAST + timedelta(days=200),
            "background_check": ["PENDING" if i % 31 == 0 else "VALID" for i in range(count)],
            "vehicle_id": [f"V{i:04d}" for i in range(count)],
            "accepts_women_only": False,
            "corporate_eligible": True,
            "opening_rides": 300,
        }
    )


def vehicles(count: int = 120) -> pd.DataFrame:
    """One vehicle a driver; a few are too old or of a kind that premium does not use."""
    kinds = ["SUV", "SEDAN", "LUXURY_SEDAN", "MOTO"]
    return pd.DataFrame(
        {
            "vehicle_id": [f"V{i:04d}" for i in range(count)],
            "type": [kinds[0 if i % 7 else i % 4] for i in range(count)],
            "year": [2008 if i % 17 == 0 else 2019 for i in range(count)],
            "features": [["child_seat"] for _ in range(count)],
        }
    )


def _share(logit):
    return 1 / (1 + np.exp(-logit))
