"""Endpoints of premium analytics: money by class, drivers' quality, the nightly KPIs."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from core.enums import ServiceClass
from serving.api.callers import Found, Staff
from serving.api.days import Days
from serving.api.problems import documented
from serving.schemas import Closed
from store import premium_analytics
from store.db import read

router = APIRouter(
    prefix="/analytics", tags=["premium analytics"], responses=documented(401, 403, 422, 429, 503)
)


class RevenueOut(Closed):
    """Cents of the rides of a class. ``premium_revenue_cents`` = fares - standard fares - bonus -
    refunds (docs/domain.md 4.4); discounts and fees of cancellations stand beside it."""

    service_class: ServiceClass
    completed: int
    fares_cents: int
    discounts_cents: int
    standard_cents: int
    driver_pay_cents: int
    bonus_cents: int
    refunds_cents: int
    fees_cents: int
    premium_revenue_cents: int


class DriverDaysOut(Closed):
    """A driver's days added up; rates are null where nothing is below the line."""

    driver_id: str
    offers: int
    accepted: int
    declined: int
    timed_out: int
    cancelled: int
    completed: int
    on_time: int
    refunded: int
    rating_sum: int
    rating_count: int
    earnings_cents: int
    bonus_cents: int
    acceptance: float | None
    on_time_rate: float | None
    mean_rating: float | None


@router.get("/revenue")
def revenue(days: Days, _who: Staff, found: Found) -> list[RevenueOut]:
    """What premium rides brought, by class, of rides completed on these days."""
    rows = read(found.engine, lambda c: premium_analytics.revenue(c, days.first, days.last))
    return [
        RevenueOut(
            **row._mapping,
            premium_revenue_cents=row.fares_cents
            - row.standard_cents
            - row.bonus_cents
            - row.refunds_cents,
        )
        for row in rows
    ]


@router.get("/drivers")
def drivers(
    days: Days, _who: Staff, found: Found, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> list[DriverDaysOut]:
    """Drivers' days as the nightly run left them, added up; those with most rides first."""
    rows = read(found.engine, lambda c: premium_analytics.drivers(c, days.first, days.last, limit))
    return [
        DriverDaysOut(
            **row._mapping,
            acceptance=_share(row.accepted, row.offers),
            on_time_rate=_share(row.on_time, row.completed),
            mean_rating=_share(row.rating_sum, row.rating_count),
        )
        for row in rows
    ]


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


@router.get("/trends")
def trends(days: Days, _who: Staff, found: Found) -> list[dict[str, Any]]:
    """The nightly premium KPIs, a row a day (docs/domain.md, section 4.4)."""
    rows = read(found.engine, lambda c: premium_analytics.trends(c, days.first, days.last))
    return [dict(row._mapping) for row in rows]
