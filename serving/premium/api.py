"""All endpoints of premium matching under /premium."""

from fastapi import APIRouter

from serving.premium import bookings, drivers, pricing, quotes, refunds, standing

router = APIRouter(prefix="/premium")
for part in (quotes, bookings, refunds, standing, drivers, pricing):
    router.include_router(part.router)
