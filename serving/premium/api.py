"""All endpoints of premium matching under /premium."""

from fastapi import APIRouter

from serving.premium import bookings, pricing, quotes

router = APIRouter(prefix="/premium")
for part in (quotes, bookings, pricing):
    router.include_router(part.router)
