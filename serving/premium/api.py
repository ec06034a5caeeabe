"""All endpoints of premium matching under /premium."""

from fastapi import APIRouter

from serving.premium import (
    analytics,
    bookings,
    drivers,
    matching,
    pricing,
    quotes,
    refunds,
    standing,
)

router = APIRouter(prefix="/premium")
for part in (quotes, bookings, refunds, standing, drivers, matching, pricing, analytics):
    router.include_router(part.router)
