"""Everyone who asks for a price on one day, what they are shown, and whether they accept."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from simulator.calibration import Floats
from simulator.city import CLASSES, FOOD, GOODS, GROCERY, MOTO, RIDE, TRUCK_VAN, City
from simulator.market import Market
from simulator.people import CAR, LUXURY, TWO_WHEEL, VAN, Bools, Ints
from simulator.pricing import Slots
from simulator.randomness import stream
from simulator.truth import Situation, acceptance

RIDE_TYPES = ("SOLO", "SHARED", "SCHEDULED", "LONG_DISTANCE", "CORPORATE", "WOMEN_ONLY")
RIDE_TYPE_SHARE = (0.80, 0.08, 0.04, 0.02, 0.05, 0.01)
CLASS_SHARE = (0.90, 0.05, 0.035, 0.015)
SCHEDULED, LONG_DISTANCE = 2, 3
DISTANCE_SCALE = np.array([1.0, 0.75, 0.75, 0.75, 1.1, 1.4])
DURATION_SCALE = np.array([1.0, 0.85, 0.9, 1.0, 1.1, 1.3])
OFFERS = ("NONE", "SAVE2", "SAVE4")
OFFER_CENTS = np.array([0, 200, 400])
OFFER_CHANCE = (0.5, 0.25, 0.25)
DETOUR = 1.3
MAX_KM, MAX_MINUTES = 45.0, 75.0


@dataclass(frozen=True, slots=True)
class Trial:
    """Riders drawn today for an offer and the one they got (index into OFFERS)."""

    rider: Ints
    offer: Ints


@dataclass(frozen=True, slots=True)
class Quotes:
    """One entry a quote, in order of time. Money is cents, ``second`` counts from midnight.

    ``usual`` is the fare of the class without surge, ``discount`` what plan and offer take off,
    ``offer`` the cents of it that come from an offer.
    """

    second: Floats
    zone: Ints
    vertical: Ints
    service_class: Ints
    ride_type: Ints
    rider: Ints
    group: Ints
    x: Floats
    y: Floats
    to_x: Floats
    to_y: Floats
    to_zone: Ints
    km: Floats
    minutes: Floats
    eta: Floats
    base: Ints
    multiplier: Floats
    propensity: Floats
    holdout: Bools
    competitor: Floats
    price: Ints
    discount: Ints
    offer: Ints
    chance: Floats
    accepted: Bools

    def __len__(self) -> int:
        return len(self.second)

    @property
    def hour(self) -> Ints:
        return np.asarray((self.second // 3600).astype(np.int64))


def _choose_riders(city: City, day: date, rng: np.random.Generator, zone: Ints) -> Ints:
    """By activity; seven of ten ask from the zone they live in."""
    r, ordinal = city.riders, day.toordinal()
    order = np.argsort(r.home, kind="stable")
    active = np.where((r.joined <= ordinal) & (ordinal < r.left), r.activity, 0.0)
    total = np.concatenate([[0.0], np.cumsum(active[order])])
    edges = total[np.searchsorted(r.home[order], np.arange(len(city.zones) + 1))]
    at_home = rng.random(len(zone)) < 0.7
    low = np.where(at_home, edges[zone], 0.0)
    high = np.where(at_home, edges[zone + 1], total[-1])
    empty = high <= low
    low, high = np.where(empty, 0.0, low), np.where(empty, total[-1], high)
    target = low + (high - low) * rng.random(len(zone))
    found = np.searchsorted(total, target, side="right") - 1
    return np.asarray(order[found.clip(0, len(order) - 1)])


def _service(rng: np.random.Generator, vertical: Ints) -> tuple[Ints, Ints, Ints]:
    """Service class, ride type (only rides have them) and the group of vehicles that serves."""
    n = len(vertical)
    ride = vertical == RIDE
    ride_type = np.where(ride, np.searchsorted(np.cumsum(RIDE_TYPE_SHARE), rng.random(n)), 0)
    ride_type = ride_type.clip(0, len(RIDE_TYPES) - 1)
    service = np.searchsorted(np.cumsum(CLASS_SHARE), rng.random(n)).clip(0, len(CLASSES) - 1)
    service = np.where(ride & (ride_type != 1), service, 0)
    light = rng.random(n)
    two = (vertical == MOTO) | ((vertical == FOOD) & (light < 0.6))
    two |= (vertical == GROCERY) & (light < 0.2)
    van = (vertical == TRUCK_VAN) | (np.isin(vertical, (GROCERY, GOODS)) & (light > 0.75))
    group = np.where(two, TWO_WHEEL, np.where(van, VAN, np.where(service > 0, LUXURY, CAR)))
    return service, ride_type, group


def _routes(
    city: City, rng: np.random.Generator, zone: Ints, vertical: Ints, ride_type: Ints, hour: Ints
) -> tuple[Floats, ...]:
    """Places, log-normal distance and expected minutes, as public trips have them."""
    n, c, cell = len(zone), city.calibration, city.params.cell_km
    x = city.zones.x_km[zone] + rng.uniform(-0.5, 0.5, n) * cell
    y = city.zones.y_km[zone] + rng.uniform(-0.5, 0.5, n) * cell
    km = np.exp(c.log_km_mean + c.log_km_sd * rng.standard_normal(n)) * DISTANCE_SCALE[vertical]
    km = np.where(ride_type == LONG_DISTANCE, km * 3 + 12, km).clip(0.4, MAX_KM)
    reach = km / DETOUR
    bearing = rng.uniform(0, 2 * np.pi, n)
    homeward = np.arctan2(-y, -x) + rng.normal(0, 0.9, n)
    outside = np.hypot(x + reach * np.cos(bearing), y + reach * np.sin(bearing)) > 3 * cell
    bearing = np.where(outside, homeward, bearing)
    to_x, to_y = x + reach * np.cos(bearing), y + reach * np.sin(bearing)
    minutes = np.exp(c.log_minutes_intercept) * km**c.log_minutes_slope * DURATION_SCALE[vertical]
    minutes = (minutes / c.speed_factor[hour]).clip(1.5, MAX_MINUTES)
    return x, y, to_x, to_y, km, minutes


def fares(
    city: City, day: date, vertical: Ints, service: Ints, hour: Ints, km: Floats, minutes: Floats,
    multiplier: Floats,
) -> tuple[Ints, Ints, Ints]:  # fmt: skip
    """Base fare, the class's fare without surge, and the fare shown; cents (domain.md 4.3)."""
    table = city.fares[vertical]
    base = np.rint(km * table[:, 0] + minutes * table[:, 1]).astype(np.int64) + table[:, 3]
    base = np.maximum(base, table[:, 2])
    night = np.where((hour >= 22) | (hour < 6), city.pricing.night_factor, 1.0)
    weekend = city.pricing.weekend_factor if day.weekday() >= 5 else 1.0
    premium = np.where(service > 0, city.class_factor[service] * night * weekend, 1.0)
    usual = np.rint(base * premium).astype(np.int64)
    standard = np.maximum(np.rint(base * multiplier), table[:, 2])
    cap = np.minimum(base * city.pricing.premium_cap, city.pricing.max_fare_cents)
    shown = np.minimum(np.rint(standard * premium), np.floor(cap)).astype(np.int64)
    return base, usual, shown


def draw_trial(city: City, day: date) -> Trial:
    """A random few riders get an offer by a fair draw, logged with its chance."""
    rng = stream(city.params.seed, "offers", day)
    r, ordinal = city.riders, day.toordinal()
    drawn = (rng.random(len(r)) < city.params.offer_share) & r.marketing
    drawn &= (r.joined <= ordinal) & (ordinal < r.left)
    rider = np.flatnonzero(drawn)
    return Trial(rider, rng.choice(len(OFFERS), len(rider), p=OFFER_CHANCE))


def _discounts(
    city: City, day: date, trial: Trial, rider: Ints, vertical: Ints, price: Ints
) -> tuple[Ints, Ints]:
    """Plan discount on rides, and an offer on the first quote of the day; at most 30 % together."""
    r = city.riders
    share = np.array([*city.company.plan_discount, 0.0])[active_plan(city, day)]
    share = share[rider] * (vertical == RIDE)
    held = np.zeros(len(r), dtype=np.int64)
    held[trial.rider] = OFFER_CENTS[trial.offer]
    first = np.full(len(r), -1)
    first[rider[::-1]] = np.arange(len(rider))[::-1]
    most = np.floor(price * city.pricing.max_discount).astype(np.int64)
    plan = np.minimum(np.rint(price * share).astype(np.int64), most)
    is_first = first[rider] == np.arange(len(rider))
    offer = np.minimum(np.where(is_first, held[rider], 0), most - plan)
    return plan + offer, offer


def active_plan(city: City, day: date) -> Ints:
    """Index of the plan each rider has on a day, -1 for none."""
    r, ordinal = city.riders, day.toordinal()
    live = (r.plan >= 0) & (r.plan_since <= ordinal) & (ordinal < r.plan_until)
    return np.where(live, r.plan, -1)


def draw_quotes(
    city: City, market: Market, slots: Slots, trial: Trial, requests: Ints, wait: Floats
) -> Quotes:
    """All quotes of a day. ``requests`` (zones, 24, verticals) counts, ``wait`` (zones, 24)
    minutes until a driver comes."""
    rng = stream(city.params.seed, "quotes", market.day)
    cells = np.repeat(np.arange(requests.size), requests.ravel())
    zone, hour, vertical = np.unravel_index(cells, requests.shape)
    second = np.floor((hour + rng.random(len(cells))) * 3600)
    order = np.argsort(second, kind="stable")
    zone, hour, vertical, second = zone[order], hour[order], vertical[order], second[order]
    service, ride_type, group = _service(rng, vertical)
    rider = _choose_riders(city, market.day, rng, zone)
    x, y, to_x, to_y, km, minutes = _routes(city, rng, zone, vertical, ride_type, hour)
    km, minutes = np.round(km, 2), np.round(minutes, 1)
    eta = np.round((wait[zone, hour] * rng.lognormal(0, 0.2, len(zone))).clip(2.5, 20), 1)
    multiplier = slots.multiplier[zone, hour, vertical]
    base, usual, price = fares(city, market.day, vertical, service, hour, km, minutes, multiplier)
    discount, offer = _discounts(city, market.day, trial, rider, vertical, price)
    at = Situation(
        rider, (price - discount).astype(float), usual.astype(float),
        market.competitor[zone, hour], multiplier, eta,
    )  # fmt: skip
    chance = acceptance(city, market.day, at)
    return Quotes(
        second=second, zone=zone, vertical=vertical, service_class=service, ride_type=ride_type,
        rider=rider, group=group, x=x, y=y, to_x=to_x, to_y=to_y, to_zone=city.zone_at(to_x, to_y),
        km=km, minutes=minutes, eta=eta, base=base, multiplier=multiplier,
        propensity=slots.propensity[zone, hour, vertical], holdout=slots.holdout[zone, hour],
        competitor=market.competitor_seen[zone, hour], price=price, discount=discount, offer=offer,
        chance=chance, accepted=rng.random(len(zone)) < chance,
    )  # fmt: skip
