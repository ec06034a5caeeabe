"""What the company's books say at the end of a day: riders, drivers, vehicles, subscriptions,
promotions, the hours of the market."""

from datetime import date

import numpy as np
import pyarrow as pa

from core.enums import DriverTier, LoyaltyTier
from simulator.book import Book, Day
from simulator.calibration import Floats
from simulator.city import City
from simulator.clock import at, at_hours, days
from simulator.leakage import STACKED, STACKED_CENTS, STACKING
from simulator.orders import first_number
from simulator.people import (
    ACCEPT,
    CANCEL,
    ETA_HIT,
    NEVER,
    ON_TIME,
    RATING,
    VEHICLE_TYPES,
    Bools,
    Ints,
)  # fmt: skip
from simulator.quotes import OFFER_CENTS, OFFERS, active_plan
from simulator.randomness import stream
from simulator.supply import employed
from simulator.tables import ids, used_offers, words

TIERS = tuple(DriverTier)
LOYALTY = tuple(LoyaltyTier)
BACKGROUND = ("VALID", "EXPIRED", "PENDING")
EQUIPMENT = ("child_seat", "pet_friendly", "wheelchair_accessible")
ENDINGS = ("price", "moved_away", "rarely_used", "service", "payment_failed")
TIER_RATINGS = np.array([4.80, 4.85, 4.90, 4.95])
REVIEW_RIDES = 120


def _tiers(city: City, day: date) -> Ints:
    """The last review: what 120 rides showed around the first day of the month before."""
    review = (day.replace(day=1) - date.resolution).replace(day=1)
    rng = stream(city.params.seed, "reviews", review)
    seen = rng.binomial(REVIEW_RIDES, city.drivers.propensities(review)) / REVIEW_RIDES
    rating = 5 - 1.58 * (1 - seen[RATING])
    good = (seen[ACCEPT] >= 0.95) & (seen[CANCEL] <= 0.02) & (seen[ON_TIME] >= 0.95)
    good &= (seen[ETA_HIT] >= 0.90) & (city.drivers.past_rides >= 500)
    tenure = review.toordinal() - city.drivers.joined
    return np.where(good & (tenure >= 180), np.searchsorted(TIER_RATINGS, rating, side="right"), 0)


def drivers_table(city: City, day: date) -> pa.Table:
    """Everybody employed on the day; gender and age stay hidden."""
    d = city.drivers
    i = np.flatnonzero(employed(city, day))
    return pa.table(
        {
            "driver_id": city.driver_ids.take(pa.array(i)),
            "joined_on": days(d.joined[i]),
            "city": pa.repeat(pa.scalar(city.params.city), len(i)),
            "tier": words(TIERS, _tiers(city, day)[i]),
            "licence_valid_until": days(d.licence_until[i]),
            "insurance_valid_until": days(d.insurance_until[i]),
            "background_check": words(BACKGROUND, d.background[i]),
            "vehicle_id": city.vehicle_ids.take(pa.array(i)),
            "accepts_women_only": d.women_only[i],
            "corporate_eligible": d.corporate[i],
            "opening_rides": d.past_rides[i],
        }
    )


def vehicles_table(city: City, day: date) -> pa.Table:
    """One vehicle a driver; equipment is three bits."""
    d = city.drivers
    i = np.flatnonzero(employed(city, day))
    sets = [[name for bit, name in enumerate(EQUIPMENT) if k >> bit & 1] for k in range(8)]
    return pa.table(
        {
            "vehicle_id": city.vehicle_ids.take(pa.array(i)),
            "type": words(VEHICLE_TYPES, d.vehicle_type[i]),
            "year": d.vehicle_year[i],
            "features": pa.array(sets, pa.list_(pa.string())).take(pa.array(d.equipment[i])),
        }
    )


def riders_table(city: City, day: date) -> pa.Table:
    """Everybody who has joined; nobody tells us that a rider has left."""
    r = city.riders
    i = np.flatnonzero(r.joined <= day.toordinal())
    plan = active_plan(city, day)[i]
    return pa.table(
        {
            "rider_id": city.rider_ids.take(pa.array(i)),
            "joined_on": days(r.joined[i]),
            "home_city": pa.repeat(pa.scalar(city.params.city), len(i)),
            "loyalty_tier": words(LOYALTY, r.loyalty[i]),
            "plan": words(city.company.plans, plan, plan < 0),
            "marketing_opt_in": r.marketing[i],
        }
    )


def subscriptions_table(city: City, day: date) -> pa.Table:
    """Plans that have begun; an end is known only once it has come."""
    r, ordinal = city.riders, day.toordinal()
    i = np.flatnonzero((r.plan >= 0) & (r.plan_since <= ordinal))
    open_still: Bools = (r.plan_until[i] > ordinal) | (r.plan_until[i] == NEVER)
    return pa.table(
        {
            "subscription_id": ids("SUB", 1_000_000 + i),
            "rider_id": city.rider_ids.take(pa.array(i)),
            "plan": words(city.company.plans, r.plan[i]),
            "price": np.array(city.company.plan_cents)[r.plan[i]],
            "started_on": days(r.plan_since[i]),
            "ended_on": days(r.plan_until[i], open_still),
            "reason": words(ENDINGS, i % len(ENDINGS), open_still),
        }
    )


def promotions_table(city: City, d: Day) -> pa.Table:
    """Offers of the day's draw, and the stacked codes of abused orders."""
    o, day, first = d.orders, d.market.day, first_number(city, d.market)
    got = np.flatnonzero(d.trial.offer > 0)
    stacked = np.repeat(d.incidents.orders_of(STACKING), STACKED)
    order = np.concatenate([used_offers(d)[got], stacked])
    missing = order < 0
    copies = np.tile(np.arange(STACKED), len(stacked) // STACKED)
    codes = [*OFFERS, *(f"WELCOME{k}" for k in range(STACKED))]
    granted = np.concatenate([got % 600, o.requested[stacked] + copies])
    value = np.concatenate([OFFER_CENTS[d.trial.offer[got]], np.full(len(stacked), STACKED_CENTS)])
    rider = np.concatenate([d.trial.rider[got], d.quotes.rider[o.quote[stacked]]])
    numbers = o.number[order] if len(o) else np.zeros(len(order), dtype=np.int64)
    used_at = np.where(missing, np.nan, o.completed[order] if len(o) else np.nan)
    return pa.table(
        {
            "promotion_id": ids("PRM", first + np.arange(len(order))),
            "rider_id": city.rider_ids.take(pa.array(rider)),
            "code": words(codes, np.concatenate([d.trial.offer[got], len(OFFERS) + copies])),
            "value": value,
            "order_id": ids("ORD", numbers, missing),
            "granted_at": at(day, granted.astype(np.float64)),
            "used_at": at(day, used_at),
        }
    )


def market_hours_table(city: City, book: Book, day: date, requests: Ints, unmet: Ints) -> pa.Table:
    """One row a zone and hour. ``requests`` counts everybody who asked for a price, ``unmet``
    those who accepted one and found no driver."""
    market, zones = book.market(day), len(city.zones)
    hour = np.tile(np.arange(24), zones)

    def flat(values: Floats | Ints) -> np.ndarray:
        return np.broadcast_to(values, (zones, 24)).ravel()

    return pa.table(
        {
            "zone_id": city.zone_ids.take(pa.array(np.repeat(np.arange(zones), 24))),
            "hour": at_hours(day, hour),
            "requests": flat(requests),
            "unmet": flat(unmet),
            "available_drivers": flat(np.round(book.supply(day, requests.astype(float)), 2)),
            "weather": flat(np.round(market.weather, 3)),
            "holiday": np.full(zones * 24, market.holiday),
            "event": flat(np.round(market.event, 3)),
            "competitor_index": flat(np.round(market.competitor_seen, 4)),
        }
    )
