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


def on_sphere(lat: ArrayLike, lon: ArrayLike) -> Floats:
    """Points in degrees as km from the middle of the globe, shape (3, n)."""
    north, east = np.radians(np.asarray(lat, float)), np.radians(np.asarray(lon, float))
    x, y = np.cos(north) * np.cos(east), np.cos(north) * np.sin(east)
    return np.stack([EARTH_KM * x, EARTH_KM * y, EARTH_KM * np.sin(north)])


def squared_chords(here: Floats, there: Floats) -> Floats:
    """Square km straight through the globe between points of shape (3, n), pair by pair."""
    north, east, up = here - there
    return np.asarray(north * north + east * east + up * up)


def chord_of_arc(km: ArrayLike) -> Floats:
    """Straight km through the globe between points ``km`` apart on it."""
    return np.asarray(2 * EARTH_KM * np.sin(np.asarray(km, float) / (2 * EARTH_KM)))


def arc_of_chord(squared: Floats) -> Floats:
    """Kilometres on the globe between points whose squared chord is given."""
    return np.asarray(2 * EARTH_KM * np.arcsin(np.sqrt(squared) / (2 * EARTH_KM)))


def drive_minutes(km: ArrayLike, speed_kmh: float, detour: float) -> Floats:
    """Minutes to drive a great-circle distance; streets are ``detour`` times longer."""
    return np.asarray(np.asarray(km, float) * detour / speed_kmh * 60)
