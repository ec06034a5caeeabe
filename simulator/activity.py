"""driver_days and rider_days: counted from orders where there are any, drawn alike before."""

from datetime import date

import numpy as np
import pyarrow as pa

from simulator.book import Day
from simulator.calibration import Floats
from simulator.city import FOOD, GOODS, GROCERY, MOTO, RIDE, TRUCK_VAN, City
from simulator.clock import days
from simulator.market import ACCEPTED_AT_USUAL_PRICES, Market
from simulator.orders import BY_DRIVER, BY_RIDER, DROPS_AFTER_MATCH
from simulator.people import (
    ACCEPT,
    CANCEL,
    CAR,
    ETA_HIT,
    LUXURY,
    ON_TIME,
    RATING,
    TWO_WHEEL,
    VAN,
    Ints,
)  # fmt: skip
from simulator.randomness import stream
from simulator.supply import Shifts

MINUTES_PER_TRIP = 21.0
MATCHED_SHARE = 0.91  # of accepted quotes; the others are cancelled or expire in the search
RATED_SHARE = 0.6
BELOW_FIVE = (0.65, 0.20, 0.07, 0.08)  # 4, 3, 2, 1 stars
STARS = np.array([4, 3, 2, 1])
MEAN_PAY_CENTS = np.array([640, 1150, 430, 1000])  # by group of vehicle
ETA_MISS_SHARE = 0.20
ETA_MISS_MINUTES = 2.0


def _driver_table(city: City, day: date, driver: Ints, columns: dict[str, np.ndarray]) -> pa.Table:
    return pa.table(
        {
            "driver_id": city.driver_ids.take(pa.array(driver)),
            "day": days(np.full(len(driver), day.toordinal())),
            **{
                name: values[driver]
                if values.dtype.kind == "f"
                else values[driver].astype(np.int64)
                for name, values in columns.items()
            },
        }
    )


def driver_days_of_orders(city: City, d: Day) -> pa.Table:
    """One row a driver who worked. Money and times of a trip count on the day it was asked for.

    on_time: there at most 2 minutes after the promise; eta_hits: off by at most max(2, 20 %).
    """
    o, n = d.orders, len(city.drivers)
    matched = o.driver >= 0
    done = o.done
    late = o.actual - o.promised

    def count(mask: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
        return np.bincount(
            o.driver[mask], weights=None if weight is None else weight[mask], minlength=n
        )

    within = np.maximum(ETA_MISS_MINUTES, ETA_MISS_SHARE * o.promised)
    engaged = count(matched, (o.released - o.matched) / 60)
    online = d.shifts.minutes
    columns = {
        "online_minutes": np.round(online, 1),
        "engaged_minutes": np.round(np.minimum(engaged, online), 1),
        "offers": d.matches.offers,
        "accepts": count(matched),
        "cancels": count(matched & (o.by == BY_DRIVER)),
        "completed": count(done),
        "on_time": count(done & (late <= ETA_MISS_MINUTES)),
        "eta_hits": count(done & (np.abs(late) <= within)),
        "rating_sum": count(done, o.rating.astype(float)),
        "rating_count": count(done & (o.rating > 0)),
        "earnings": np.rint(count(done, (o.pay - o.bonus + o.tips).astype(float))).astype(int),
        "bonus": np.rint(count(done, o.bonus.astype(float))).astype(int),
    }
    return _driver_table(city, d.market.day, np.flatnonzero(online > 0), columns)


def _accepts_per_hour(city: City, market: Market, shifts: Shifts) -> Floats:
    """Expected matches by group of vehicle and hour online, from the demand of the day."""
    volume = market.intensity.sum(axis=(0, 1)) * ACCEPTED_AT_USUAL_PRICES * MATCHED_SHARE
    served = np.zeros(4)
    served[CAR] = 0.91 * volume[RIDE] + 0.4 * volume[FOOD]
    served[CAR] += 0.55 * volume[GROCERY] + 0.75 * volume[GOODS]
    served[LUXURY] = 0.09 * volume[RIDE]
    served[TWO_WHEEL] = volume[MOTO] + 0.6 * volume[FOOD] + 0.2 * volume[GROCERY]
    served[VAN] = volume[TRUCK_VAN] + 0.25 * (volume[GROCERY] + volume[GOODS])
    hours = np.bincount(city.drivers.group, weights=shifts.minutes / 60, minlength=4)
    return np.asarray(np.minimum(served / np.maximum(hours, 1.0), 2.4))


def drawn_driver_days(city: City, market: Market, shifts: Shifts) -> pa.Table:
    """The same columns for a day without orders, from the same hidden propensities."""
    rng = stream(city.params.seed, "driver days", market.day)
    skill, group = city.drivers.propensities(market.day), city.drivers.group
    rate = _accepts_per_hour(city, market, shifts)[group]
    accepts = rng.poisson(rate * shifts.minutes / 60)
    offers = accepts + rng.negative_binomial(np.maximum(accepts, 1), skill[ACCEPT]) * (accepts > 0)
    cancels = rng.binomial(accepts, skill[CANCEL])
    completed = accepts - cancels - rng.binomial(accepts - cancels, DROPS_AFTER_MATCH)
    hits = rng.binomial(completed, skill[ETA_HIT])
    never_late = np.maximum(skill[ON_TIME], skill[ETA_HIT])
    early = (never_late - skill[ETA_HIT]) / (1 - skill[ETA_HIT])
    rated = rng.binomial(completed, RATED_SHARE)
    below = rng.binomial(rated, 1 - skill[RATING] + 0.12 * (1 - skill[ON_TIME]))
    pay = completed * MEAN_PAY_CENTS[group] * rng.lognormal(0, 0.15, len(group))
    columns = {
        "online_minutes": np.round(shifts.minutes, 1),
        "engaged_minutes": np.round(
            np.minimum(accepts * MINUTES_PER_TRIP * rng.normal(1, 0.08, len(group)),
                       shifts.minutes), 1
        ),
        "offers": offers,
        "accepts": accepts,
        "cancels": cancels,
        "completed": completed,
        "on_time": hits + rng.binomial(completed - hits, early),
        "eta_hits": hits,
        "rating_sum": 5.0 * (rated - below) + rng.multinomial(below, BELOW_FIVE) @ STARS,
        "rating_count": rated,
        "earnings": np.rint(pay).astype(int),
        "bonus": np.rint(pay * 0.06 * (group == LUXURY)).astype(int),
    }  # fmt: skip
    return _driver_table(city, market.day, np.flatnonzero(shifts.minutes > 0), columns)


def _rider_table(city: City, day: date, columns: dict[str, np.ndarray]) -> pa.Table:
    rider = np.flatnonzero(columns["orders"])
    return pa.table(
        {
            "rider_id": city.rider_ids.take(pa.array(rider)),
            "day": days(np.full(len(rider), day.toordinal())),
            **{name: np.rint(v[rider]).astype(np.int64) for name, v in columns.items()},
        }
    )


def rider_days_of_orders(city: City, d: Day) -> pa.Table:
    """One row a rider who ordered. ``spend``: fares paid after promotions, cents."""
    o, n = d.orders, len(city.riders)
    rider = d.quotes.rider[o.quote]
    columns = {
        "orders": np.bincount(rider, minlength=n),
        "spend": np.bincount(rider, weights=o.gross - o.promotion, minlength=n),
        "promotions": np.bincount(rider, weights=o.promotion, minlength=n),
        "cancels": np.bincount(rider[o.by == BY_RIDER], minlength=n),
    }
    return _rider_table(city, d.market.day, columns)


def drawn_rider_days(city: City, market: Market, requests: int) -> pa.Table:
    """The same columns for a day without orders, out of everybody who asked for a price."""
    rng = stream(city.params.seed, "rider days", market.day)
    r, ordinal, n = city.riders, market.day.toordinal(), len(city.riders)
    active = np.where((r.joined <= ordinal) & (ordinal < r.left), r.activity, 0.0)
    total = np.cumsum(active)
    orders = rng.binomial(requests if total[-1] > 0 else 0, ACCEPTED_AT_USUAL_PRICES)
    rider = np.searchsorted(total, rng.random(orders) * total[-1], side="right").clip(0, n - 1)
    done = rng.random(orders) < 0.89
    fare = rng.lognormal(np.log(640), 0.55, orders) * done
    promotion = fare * 0.06 * (rng.random(orders) < 0.08)
    columns = {
        "orders": np.bincount(rider, minlength=n),
        "spend": np.bincount(rider, weights=fare - promotion, minlength=n),
        "promotions": np.bincount(rider, weights=promotion, minlength=n),
        "cancels": np.bincount(rider[~done & (rng.random(orders) < 0.8)], minlength=n),
    }
    return _rider_table(city, market.day, columns)
