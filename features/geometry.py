"""Distances on the globe and times to drive them."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

EARTH_KM = 6371.0088  # mean radius, IUGG


def great_circle_km(
    lat_a: ArrayLike, lon_a: ArrayLike, lat_b: ArrayLike, lon_b: ArrayLike
) -> Floats:
    """Kilometres between points in degrees; shapes broadcast, NaN stays NaN.

    Source
    ------
    The haversine formula: Sinnott (1984), Virtues of the haversine.
    """
    a, b = np.radians(np.asarray(lat_a, float)), np.radians(np.asarray(lat_b, float))
    across = np.radians(np.asarray(lon_b, float) - np.asarray(lon_a, float))
    h = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(across / 2) ** 2
    return np.asarray(2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(h, 0, 1))))


def drive_minutes(km: ArrayLike, speed_kmh: float, detour: float) -> Floats:
    """Minutes to drive a great-circle distance; streets are ``detour`` times longer."""
    return np.asarray(np.asarray(km, float) * detour / speed_kmh * 60)
