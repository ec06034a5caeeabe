"""What a day brings: weather, holidays, events, the competitor, and how many people will ask."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from simulator.calibration import Floats
from simulator.city import FOOD, GOODS, GROCERY, TRUCK_VAN, VERTICALS, City
from simulator.people import Ints
from simulator.randomness import stream

HOURS = np.arange(24)
FIXED_HOLIDAYS = frozenset({(1, 1), (5, 1), (7, 4), (12, 24), (12, 25), (12, 31)})
ACCEPTED_AT_USUAL_PRICES = 0.63  # turns orders a day into requests a day; a figure of this city


@dataclass(frozen=True, slots=True)
class Market:
    """One day. ``weather`` (24,) -1 worst..1; ``event`` (zones, 24) 0..1; ``competitor`` and
    ``competitor_seen`` (zones, 24) competitor price / our base fare, the first one hidden;
    ``intensity`` (zones, 24, verticals) expected requests an hour, hidden."""

    day: date
    weather: Floats
    holiday: bool
    event: Floats
    competitor: Floats
    competitor_seen: Floats
    intensity: Floats


def is_holiday(day: date) -> bool:
    """Fixed days, and the fourth Thursday of November."""
    thanksgiving = day.month == 11 and day.weekday() == 3 and 22 <= day.day <= 28
    return (day.month, day.day) in FIXED_HOLIDAYS or thanksgiving


def _weather(seed: int, day: date) -> Floats:
    """Fronts last about three days, so a day is the mean of its own noise and its neighbours'."""
    near = [stream(seed, "weather", day + timedelta(days=d)).normal() for d in (-1, 0, 1)]
    rng = stream(seed, "weather hours", day)
    within = 0.25 * np.sin(2 * np.pi * (HOURS / 24 + rng.random()))
    return np.asarray((0.25 + 0.45 * (near[0] + 2 * near[1] + near[2]) / 2.5 + within).clip(-1, 1))


def _events(city: City, day: date) -> Floats:
    """Matches and concerts: up to two evenings a day, four hours each, strongest at the start."""
    rng = stream(city.params.seed, "events", day)
    event = np.zeros((len(city.zones), 24))
    for _ in range(int(rng.binomial(2, 0.35 + 0.25 * (day.weekday() >= 4)))):
        zone = rng.choice(len(city.zones), p=city.zones.share)
        start = int(rng.integers(16, 21))
        event[zone, start : start + 4] = rng.uniform(0.4, 1.0) * np.array([1.0, 0.7, 0.7, 0.9])
    return event.clip(0, 1)


def _competitor(city: City, day: date) -> tuple[Floats, Floats]:
    """Its true price index, and the list price we see: late, noisy and blind to its campaigns."""
    seed, n = city.params.seed, len(city.zones)
    place = stream(seed, "competitor places")
    level, phase = place.normal(0.02, 0.06, n), place.uniform(0, 2 * np.pi, n)
    swing = 0.05 * np.sin(2 * np.pi * day.toordinal() / 37 + phase)
    peak = 0.10 * np.exp(-((HOURS - 17.5) ** 2) / 6) + 0.05 * np.exp(-((HOURS - 8) ** 2) / 4)
    listed = np.exp((level + swing)[:, None] + peak)
    week = day - timedelta(days=day.weekday())
    campaign = stream(seed, "campaigns", week).random(n) < 0.12
    noise = stream(seed, "competitor noise", day).normal(0, 0.03, (n, 24))
    seen = np.roll(listed, 1, axis=1) * np.exp(noise)
    return listed * np.where(campaign, 0.85, 1.0)[:, None], seen


def _hour_shapes(hour_share: Floats) -> Floats:
    """Shares of a day by vertical and hour: rides follow public trips; meals, shops and offices
    open at their own hours (our assumption)."""
    shapes = np.tile(hour_share, (len(VERTICALS), 1))
    meals = np.exp(-((HOURS - 12.5) ** 2) / 3) + 1.3 * np.exp(-((HOURS - 19.5) ** 2) / 4)
    shapes[FOOD] = meals + 0.03
    shapes[GROCERY] = np.exp(-((HOURS - 15.5) ** 2) / 40) * ((HOURS >= 7) & (HOURS <= 22)) + 0.01
    for vertical in (GOODS, TRUCK_VAN):
        shapes[vertical] = np.exp(-((HOURS - 12.5) ** 2) / 20) + 0.01
    return np.asarray(shapes / shapes.sum(axis=1, keepdims=True))


def _intensity(city: City, day: date, market: tuple[Floats, bool, Floats, Floats]) -> Floats:
    weather, holiday, event, competitor = market
    shares = np.array([city.params.vertical_share[v] for v in VERTICALS])
    volume = city.params.orders_per_day / ACCEPTED_AT_USUAL_PRICES * shares
    weekday = np.repeat(city.calibration.weekday_factor[day.weekday()], len(VERTICALS))
    weekend = day.weekday() >= 5
    weekday[[FOOD, GROCERY]] = 1.18 if weekend else 0.93
    weekday[[GOODS, TRUCK_VAN]] = 0.55 if weekend else 1.18
    age = day.toordinal() - city.last_day.toordinal()
    drift = 1 + 0.0006 * age + 0.04 * np.sin(2 * np.pi * age / 41)
    shock = np.exp(stream(city.params.seed, "mood", day).normal(0, 0.03))
    by_vertical = volume * weekday * drift * shock * (0.8 if holiday else 1.0)
    commute = np.exp(-((HOURS - 17.5) ** 2) / 10) - np.exp(-((HOURS - 8) ** 2) / 6)
    lean = np.exp(1.2 * (city.zones.business - city.zones.business.mean())[:, None] * commute)
    place = city.zones.share[:, None] * lean
    place /= place.sum(axis=0)
    rain = np.maximum(0, -weather)[:, None] * np.array([0.25, -0.45, 0.30, 0.10, 0.0, -0.05])
    feel = (1 + rain)[None] * (1 + 0.9 * event[:, :, None] * np.array([1, 0.6, 0.1, 0, 0, 0]))
    rival = competitor[:, :, None] ** np.array([0.5, 0.4, 0.3, 0.1, 0.1, 0.1])
    shape = _hour_shapes(city.calibration.hour_share)
    return np.asarray(place[:, :, None] * (by_vertical[:, None] * shape).T[None] * feel * rival)


def make_market(city: City, day: date) -> Market:
    """One day's conditions, from its own seeds."""
    weather, holiday, event = _weather(city.params.seed, day), is_holiday(day), _events(city, day)
    competitor, seen = _competitor(city, day)
    intensity = _intensity(city, day, (weather, holiday, event, competitor))
    return Market(day, weather, holiday, event, competitor, seen, intensity)


def draw_requests(city: City, market: Market) -> Ints:
    """How many really ask, (zones, 24, verticals): Poisson around an intensity that flickers."""
    rng = stream(city.params.seed, "requests", market.day)
    flicker = rng.gamma(30, 1 / 30, market.intensity.shape[:2])[:, :, None]
    return np.asarray(rng.poisson(market.intensity * flicker))
