"""Endpoints of the factors of premium prices; a change is tried on last week's quotes first."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Self
from uuid import UUID

import numpy as np
from fastapi import APIRouter
from pydantic import Field, model_validator
from sqlalchemy.engine import Connection, Row

from core.enums import ServiceClass
from core.errors import BadInput
from core.params.decisions import PricingParams
from engines.premium.quote import Journeys, fares
from serving.api.callers import Admin, Found
from serving.api.platform import Platform
from serving.api.problems import documented
from serving.premium.schemas import When, Why
from serving.schemas import Closed, Real, shown
from store import audit, premium_pricing
from store.db import read, write

router = APIRouter(
    prefix="/pricing-rules",
    tags=["premium prices"],
    responses=documented(401, 403, 409, 422, 429, 503),
)
TRIED_DAYS = 7
MOST_TRIED = 20_000
MOST_LISTED = 100
Factor = Annotated[Real, Field(ge=1, le=2)]
ClassFactor = Annotated[Real, Field(ge=1, le=4)]


class RuleIn(Closed):
    """Factors from a moment on; ``dry_run`` changes nothing and tells."""

    valid_from: When
    luxury: ClassFactor
    premium: ClassFactor
    vip: ClassFactor
    night_factor: Factor
    weekend_factor: Factor
    why: Why
    dry_run: bool = True

    @model_validator(mode="after")
    def _classes_in_order(self) -> Self:
        if not self.luxury <= self.premium <= self.vip:
            raise ValueError("expected luxury <= premium <= vip: a lower class never costs more")
        return self


class RuleOut(Closed):
    """Factors as they are kept."""

    id: UUID
    valid_from: datetime
    luxury: float
    premium: float
    vip: float
    night_factor: float
    weekend_factor: float
    why: str
    created_by: str
    created_at: datetime


class TriedOut(Closed):
    """What last week's booked quotes had cost by the factors; ``rule`` is None in a dry run."""

    quotes: int
    fares_before_cents: int
    fares_after_cents: int
    dearer: int
    cheaper: int
    rule: RuleOut | None


@router.get("")
def list_rules(_who: Admin, found: Found) -> list[RuleOut]:
    """All factors that were set, the latest first."""
    rows = read(found.engine, lambda c: premium_pricing.every(c, MOST_LISTED))
    return [shown(RuleOut, row) for row in rows]


@router.post("", status_code=201)
def set_rule(given: RuleIn, who: Admin, found: Found) -> TriedOut:
    """Factors from a moment to come; first a dry run on last week's quotes."""
    now = found.clock()
    if given.valid_from < now:
        raise BadInput(f"valid_from: expected a moment to come, got {given.valid_from.isoformat()}")
    values = given.model_dump(exclude={"dry_run"})
    tried = _tried(found, _with(found.params.pricing, values), now)
    if given.dry_run:
        return tried

    def work(connection: Connection) -> Row[Any]:
        row = premium_pricing.add(
            connection, {**values, "created_by": who.subject, "created_at": now}
        )
        told = {name: value for name, value in values.items() if name != "valid_from"}
        told = {**told, "valid_from": given.valid_from.isoformat()}
        audit.record(connection, who.subject, who.role, "pricing.set", str(row.id), now, told)
        return row

    rule: RuleOut = shown(RuleOut, write(found.engine, work))
    return tried.model_copy(update={"rule": rule})


def in_force(found: Platform, at: datetime) -> PricingParams:
    """The parameters of prices with the factors that administrators set, if they did."""
    row = read(found.engine, lambda c: premium_pricing.in_force(c, at))
    return found.params.pricing if row is None else _with(found.params.pricing, row._mapping)


def _with(pricing: PricingParams, rule: Any) -> PricingParams:
    classes = {
        **pricing.class_multiplier,
        ServiceClass.LUXURY: rule["luxury"],
        ServiceClass.PREMIUM: rule["premium"],
        ServiceClass.VIP: rule["vip"],
    }
    factors = {name: rule[name] for name in ("night_factor", "weekend_factor")}
    return pricing.model_copy(update={"class_multiplier": classes, **factors})


def _tried(found: Platform, pricing: PricingParams, now: datetime) -> TriedOut:
    since = now - timedelta(days=TRIED_DAYS)
    rows = read(found.engine, lambda c: premium_pricing.quotes_since(c, since, MOST_TRIED))
    before = np.array([row["fare_cents"] for row in rows], dtype=np.int64)
    after = before if not rows else fares(_journeys(found, rows), pricing).fare
    return TriedOut(
        quotes=len(rows),
        fares_before_cents=int(before.sum()),
        fares_after_cents=int(after.sum()),
        dearer=int((after > before).sum()),
        cheaper=int((after < before).sum()),
        rule=None,
    )


def _journeys(found: Platform, rows: list[dict[str, Any]]) -> Journeys:
    local = [row["pickup_at"].astimezone(found.params.bookings.city_timezone) for row in rows]
    return Journeys(
        vertical=[row["vertical"] for row in rows],
        service_class=[row["service_class"] for row in rows],
        km=[row["km"] for row in rows],
        minutes=[row["minutes"] for row in rows],
        hour=[at.hour for at in local],
        weekday=[at.weekday() for at in local],
        multiplier=[row["multiplier"] for row in rows],
    )
