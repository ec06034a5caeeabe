"""Prices of premium rides: made for one trip of one rider, signed, and checked when they return."""

from dataclasses import asdict
from datetime import datetime, timedelta

from fastapi import APIRouter

from core.enums import Role, Vertical
from core.errors import BadInput, QuoteRefused
from core.params import Params
from engines.premium.quote import Journeys, Quote, digest, quote, verify
from features.geometry import drive_minutes, great_circle_km
from serving import profit
from serving.api.callers import Anyone, Found
from serving.api.idempotency import Key, once
from serving.api.platform import Platform
from serving.api.problems import documented
from serving.premium import access, pricing
from serving.premium.schemas import Market, QuoteIn, SignedQuote, TripIn
from serving.schemas import PriceIn

router = APIRouter(tags=["premium prices"], responses=documented(401, 403, 409, 422, 429, 503))
SHORTEST_KM = 0.05


@router.post("/quotes", status_code=201)
def make_quote(given: QuoteIn, who: Anyone, found: Found, key: Key = None) -> SignedQuote:
    """A price for a trip, honoured for five minutes; it comes back whole with the booking."""
    rider_id = access.rider_of(who, given.trip.rider_id)
    if given.market is not None and who.role != Role.SERVICE:
        raise BadInput("market: only a service says how the market is; leave it out")
    market = given.market or Market()
    return once(
        found, who, key, given, SignedQuote, lambda: priced(found, given.trip, rider_id, market)
    )


def priced(found: Platform, trip: TripIn, rider_id: str, market: Market) -> SignedQuote:
    """The signed quote of a trip.

    The multiplier is the rule policy's, as for `/price`; where nobody says how the market is, it
    is that of an ordinary hour. The rider's plan takes its share off, in whole cents.

    Raises
    ------
    BadInput
        For a zone that the city does not have, a pick-up that is over or too far ahead, a trip
        that is too short or too long.
    """
    params, now = found.params, found.clock()
    found.zones.require([trip.zone_id])
    km, minutes = _way(trip, params)
    pickup_at = _pickup_at(trip, now, params).astimezone(params.bookings.city_timezone)
    journey = PriceIn(
        vertical=Vertical.RIDE,
        service_class=trip.service_class,
        zone_id=trip.zone_id,
        distance_km=km,
        duration_minutes=minutes,
        pickup_at=pickup_at,
        **market.model_dump(),
    )
    asked = Journeys(
        vertical=Vertical.RIDE.value,
        service_class=trip.service_class.value,
        km=km,
        minutes=minutes,
        hour=pickup_at.hour,
        weekday=pickup_at.weekday(),
        multiplier=profit.multiplier(journey, params),
    )
    share = params.bookings.plan_discount.get(found.company.plan(rider_id) or "", 0.0)
    made = quote(
        asked, pricing.in_force(found, now), found.quote_key, now, trip.zone_id,
        discount_share=share, bound_to=digest(_bound(trip, rider_id)),
    )  # fmt: skip
    return SignedQuote(**{**asdict(made), "lines": list(made.lines)})


def checked(found: Platform, given: SignedQuote, trip: TripIn, rider_id: str) -> Quote:
    """The quote that came back with a trip.

    Raises
    ------
    QuoteRefused
        If it is not ours, was changed, is no longer honoured, or was made for another trip.
    """
    lines = tuple((name, cents) for name, cents in given.lines)
    came = Quote(**{**given.model_dump(mode="json"), "lines": lines})
    verify(came, found.quote_key, found.clock())
    if came.bound_to != digest(_bound(trip, rider_id)):
        raise QuoteRefused("the quote was made for another trip or rider: quote this one")
    return came


def _bound(trip: TripIn, rider_id: str) -> dict[str, object]:
    return {**trip.model_dump(mode="json"), "rider_id": rider_id}


def _way(trip: TripIn, params: Params) -> tuple[float, float]:
    """Kilometres and minutes by road, as the matcher reckons them."""
    points = (trip.pickup.lat, trip.pickup.lon, trip.dropoff.lat, trip.dropoff.lon)
    straight = float(great_circle_km(*points))
    speed, detour = params.matching.speed_kmh, params.matching.detour
    km = straight * detour
    if not SHORTEST_KM <= km <= params.bookings.max_km:
        raise BadInput(
            f"expected a ride of {SHORTEST_KM} to {params.bookings.max_km:g} km, got {km:.2f} km"
        )
    return km, float(drive_minutes(straight, speed, detour))


def _pickup_at(trip: TripIn, now: datetime, params: Params) -> datetime:
    if trip.scheduled_at is None:
        return now
    last = now + timedelta(days=params.bookings.ahead_days)
    if not now < trip.scheduled_at <= last:
        raise BadInput(
            f"scheduled_at: expected a pick-up from now to {last.isoformat()}, "
            f"got {trip.scheduled_at.isoformat()}"
        )
    return trip.scheduled_at
