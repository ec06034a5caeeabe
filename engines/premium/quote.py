"""Make a price: the only module that does. Arrays for batches, a signed quote for one rider.

Source
------
docs/domain.md, section 4.3.
"""

import hashlib
import hmac
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.enums import ServiceClass, Vertical
from core.errors import BadInput, QuoteRefused
from core.params.decisions import PricingParams
from engines.profit import guardrails

Floats = NDArray[np.float64]
Cents = NDArray[np.int64]
Codes = NDArray[np.intp]

VERTICALS = tuple(v.value for v in Vertical)
CLASSES = tuple(c.value for c in ServiceClass)
STANDARD = CLASSES.index(ServiceClass.STANDARD.value)


@dataclass(frozen=True, slots=True)
class Journeys:
    """What is to be priced; every field an array, or one value for all rows.

    ``minutes`` of driving, ``hour`` 0..23 and ``weekday`` 0..6 of the pick-up, local time.
    """

    vertical: ArrayLike
    service_class: ArrayLike
    km: ArrayLike
    minutes: ArrayLike
    hour: ArrayLike
    weekday: ArrayLike
    multiplier: ArrayLike = 1.0


@dataclass(frozen=True, slots=True)
class Fares:
    """Prices in cents; ``lines`` add up to ``fare``, row by row. ``fare`` is before promotions."""

    base: Cents
    standard: Cents
    fare: Cents
    driver_pay: Cents
    driver_bonus: Cents
    lines: dict[str, Cents]


@dataclass(frozen=True, slots=True)
class Quote:
    """One price as the rider sees it; ``lines`` add up to ``total_cents``. ``bound_to`` is the
    digest of what else it is for (`digest`), and signed with the rest."""

    vertical: str
    service_class: str
    zone_id: str
    km: float
    minutes: float
    multiplier: float
    base_cents: int
    standard_cents: int
    fare_cents: int
    discount_cents: int
    total_cents: int
    driver_pay_cents: int
    driver_bonus_cents: int
    currency: str
    lines: tuple[tuple[str, int], ...]
    quoted_at: str
    expires_at: str
    bound_to: str = ""
    signature: str = ""

    def payload(self) -> dict[str, Any]:
        """Everything but the signature."""
        return {name: value for name, value in asdict(self).items() if name != "signature"}


def codes(names: Sequence[str], values: ArrayLike, what: str) -> Codes:
    """The position of every value in ``names``; BadInput names those that are not there."""
    given = np.atleast_1d(np.asarray(values, str))
    order = np.argsort(names)
    place = np.searchsorted(names, given, sorter=order).clip(max=len(names) - 1)
    found = order[place]
    unknown = np.asarray(names)[found] != given
    if unknown.any():
        wrong = sorted(set(given[unknown].tolist()))[:5]
        raise BadInput(f"expected a {what} out of {', '.join(names)}; got {wrong}")
    return np.asarray(found)


def base_fares(
    vertical: ArrayLike, km: ArrayLike, minutes: ArrayLike, params: PricingParams
) -> Cents:
    """max(km x a + minutes x b + booking, minimum), cents."""
    table = _table(params)[codes(VERTICALS, vertical, "vertical")]
    return np.asarray(np.maximum(_round(_metered(table, km, minutes)), table[:, 2]))


def standard_fares(
    vertical: ArrayLike, base_cents: ArrayLike, multiplier: ArrayLike, params: PricingParams
) -> Cents:
    """Base fare times multiplier, never under the vertical's minimum, cents."""
    minimum = _table(params)[codes(VERTICALS, vertical, "vertical"), 2]
    surged = _round(np.asarray(base_cents, float) * np.asarray(multiplier, float))
    return guardrails.guard_fare(surged, minimum, params)


def is_night(hour: ArrayLike) -> NDArray[np.bool_]:
    """22-6 local."""
    h = np.asarray(hour)
    return np.asarray((h >= 22) | (h < 6))


def fares(journeys: Journeys, params: PricingParams) -> Fares:
    """Every price of a batch with its breakdown; the same arithmetic as a single quote.

    Each stage is rounded to the cent and a line is the difference of two stages, so that the lines
    add up. A higher class never costs less: all classes pass the same stages, caps included.
    """
    _check(journeys, params)
    row = codes(VERTICALS, journeys.vertical, "vertical")
    klass = codes(CLASSES, journeys.service_class, "service class")
    table = _table(params)[row]
    base = base_fares(journeys.vertical, journeys.km, journeys.minutes, params)
    standard = standard_fares(journeys.vertical, base, journeys.multiplier, params)
    premium = klass != STANDARD
    factor = np.array([params.class_multiplier[ServiceClass(c)] for c in CLASSES])[klass]
    night = premium & is_night(journeys.hour)
    weekend = premium & (np.asarray(journeys.weekday) >= 5)
    classed = _round(standard * factor)
    nightly = _round(classed * np.where(night, params.night_factor, 1.0))
    weekly = _round(nightly * np.where(weekend, params.weekend_factor, 1.0))
    cap = np.where(premium, np.floor(params.premium_cap * base).astype(np.int64), weekly)
    fare = guardrails.guard_fare(np.minimum(weekly, cap), table[:, 2], params)
    lines = {
        **_meter_lines(table, journeys, base),
        "multiplier": standard - base,
        "service_class": classed - standard,
        "night": nightly - classed,
        "weekend": weekly - nightly,
        "cap": fare - weekly,
    }
    bonus = np.where(premium, _round(base * params.premium_bonus_share), 0)
    pay = guardrails.driver_pay(fare, params)
    return Fares(base, standard, fare, pay + bonus, np.asarray(bonus), lines)


def _meter_lines(table: Cents, journeys: Journeys, base: Cents) -> dict[str, Cents]:
    distance = _round(np.asarray(journeys.km, float) * table[:, 0])
    booking = table[:, 3]
    metered = _round(_metered(table, journeys.km, journeys.minutes))
    return {
        "distance": distance,
        "time": metered - distance - booking,
        "booking": booking,
        "minimum": base - metered,
    }


def quote(
    journey: Journeys,
    params: PricingParams,
    key: bytes,
    at: datetime,
    zone_id: str,
    discount_cents: int = 0,
    discount_share: float = 0.0,
    currency: str = "USD",
    bound_to: str = "",
) -> Quote:
    """One signed price, honoured for ``params.quote_minutes`` from ``at``.

    The company pays the discount, an amount and a share of the fare (down to the cent): the
    driver's pay does not depend on it.

    Raises
    ------
    BadInput
        For anything but one journey that can be priced.
    """
    priced = fares(journey, params)
    if len(priced.fare) != 1:
        raise BadInput(f"expected one journey to quote, got {len(priced.fare)}")
    fare = int(priced.fare[0])
    wanted = discount_cents + math.floor(fare * discount_share + 1e-9)
    discount = int(guardrails.guard_discount(wanted, fare, params))
    lines = [(name, int(cents[0])) for name, cents in priced.lines.items() if cents[0] != 0]
    if discount:
        lines.append(("discount", -discount))
    made = Quote(
        vertical=str(np.ravel(journey.vertical)[0]),
        service_class=str(np.ravel(journey.service_class)[0]),
        zone_id=zone_id,
        km=float(np.ravel(journey.km)[0]),
        minutes=float(np.ravel(journey.minutes)[0]),
        multiplier=float(np.ravel(journey.multiplier)[0]),
        base_cents=int(priced.base[0]),
        standard_cents=int(priced.standard[0]),
        fare_cents=fare,
        discount_cents=discount,
        total_cents=fare - discount,
        driver_pay_cents=int(priced.driver_pay[0]),
        driver_bonus_cents=int(priced.driver_bonus[0]),
        currency=currency,
        lines=tuple(lines),
        quoted_at=at.isoformat(),
        expires_at=(at + timedelta(minutes=params.quote_minutes)).isoformat(),
        bound_to=bound_to,
    )
    return Quote(**made.payload(), signature=_sign(made, key))


def verify(quoted: Quote, key: bytes, now: datetime) -> None:
    """Accept a quote that comes back: our signature, and still honoured at ``now``.

    Raises
    ------
    QuoteRefused
        If any field was changed, or its time is over.
    """
    if not hmac.compare_digest(_sign(quoted, key), quoted.signature):
        raise QuoteRefused("expected a quote signed by us; its signature does not fit: quote again")
    if now > datetime.fromisoformat(quoted.expires_at):
        raise QuoteRefused(
            f"the quote was honoured until {quoted.expires_at}, now it is {now.isoformat()}: "
            "quote again"
        )


def digest(of: Mapping[str, Any]) -> str:
    """The SHA-256 of JSON values, whatever order their names come in."""
    return hashlib.sha256(_canonical(of)).hexdigest()


def _sign(quoted: Quote, key: bytes) -> str:
    return hmac.new(key, _canonical(quoted.payload()), hashlib.sha256).hexdigest()


def _canonical(values: Mapping[str, Any]) -> bytes:
    return json.dumps(values, sort_keys=True, separators=(",", ":")).encode()


def _check(journeys: Journeys, params: PricingParams) -> None:
    for name in ("km", "minutes"):
        values = np.atleast_1d(np.asarray(getattr(journeys, name), float))
        wrong = ~(np.isfinite(values) & (values >= 0))
        if wrong.any():
            raise BadInput(f"expected {name} >= 0, got {values[wrong][:3].tolist()}")
    given = np.atleast_1d(np.asarray(journeys.multiplier, float))
    inside = (given >= params.multiplier_min) & (given <= params.multiplier_max)
    if not inside.all():
        raise BadInput(
            f"expected multipliers in {params.multiplier_min}..{params.multiplier_max}, "
            f"got {given[~inside][:3].tolist()}"
        )


def _table(params: PricingParams) -> Cents:
    """One row a vertical: cents per km, per minute, minimum, booking."""
    rows = [params.fares[vertical] for vertical in Vertical]
    return np.array([[f.km, f.minute, f.minimum, f.booking] for f in rows], dtype=np.int64)


def _metered(table: Cents, km: ArrayLike, minutes: ArrayLike) -> Floats:
    metered = np.asarray(km, float) * table[:, 0] + np.asarray(minutes, float) * table[:, 1]
    return np.asarray(metered + table[:, 3])


def _round(cents: ArrayLike) -> Cents:
    """Half a cent goes up; a hair of float error does not decide."""
    return np.asarray(np.floor(np.asarray(cents, float) + 0.5 + 1e-9).astype(np.int64))
