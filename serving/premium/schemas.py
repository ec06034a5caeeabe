"""What goes into and comes out of the premium endpoints."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from core.enums import (
    BookingStatus,
    CancelledBy,
    ClaimCategory,
    RefundStatus,
    ServiceClass,
    Vertical,
)
from serving.schemas import EARLIEST, LATEST, STORABLE, Closed, Equipment, Real, Share, Word

Why = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), STORABLE
]
Cents = Annotated[int, Field(strict=True, ge=-1_000_000, le=1_000_000)]
When = Annotated[AwareDatetime, Field(ge=EARLIEST, lt=LATEST)]
Text64 = Annotated[str, Field(min_length=1, max_length=64)]
Stars = Annotated[int, Field(strict=True, ge=1, le=5)]


class Place(Closed):
    """A point on the map, degrees."""

    lat: Annotated[Real, Field(ge=-90, le=90)]
    lon: Annotated[Real, Field(ge=-180, le=180)]


class Wishes(Equipment):
    """What a rider asks of driver and car; all but ``prefer_female`` are kept without exception."""

    women_only: bool = False
    prefer_female: bool = False
    corporate: bool = False


class TripIn(Closed):
    """A ride of a premium class. ``scheduled_at`` is the pick-up; None: as soon as possible."""

    service_class: ServiceClass = ServiceClass.PREMIUM
    zone_id: Word = "Z01"
    pickup: Place
    dropoff: Place
    scheduled_at: When | None = None
    wishes: Wishes = Wishes()
    rider_id: Annotated[Word | None, Field(description="whose; only a service may say")] = None

    @model_validator(mode="after")
    def _is_premium(self) -> Self:
        if self.service_class == ServiceClass.STANDARD:
            raise ValueError("expected service_class LUXURY, PREMIUM or VIP, got STANDARD")
        return self


class Market(Closed):
    """What is known of place and time when a price is made; as for `/price`."""

    demand: Share = 0.5
    supply: Share = 0.5
    weather: Annotated[Real, Field(ge=-1, le=1)] = 0.0
    event: Share = 0.0
    holiday: bool = False
    competitor_index: Annotated[Real, Field(gt=0, le=5)] | None = None
    previous_multiplier: Annotated[Real, Field(ge=0.7, le=2.0)] = 1.0


class QuoteIn(Closed):
    """A trip to be priced. Only a service may say how the market is."""

    trip: TripIn
    market: Market | None = None


class SignedQuote(Closed):
    """A price that is honoured as it was signed; ``lines`` add up to ``total_cents``."""

    vertical: Vertical
    service_class: ServiceClass
    zone_id: Text64
    km: Annotated[Real, Field(ge=0, le=10_000)]
    minutes: Annotated[Real, Field(ge=0, le=100_000)]
    multiplier: Annotated[Real, Field(ge=0, le=10)]
    base_cents: Cents
    standard_cents: Cents
    fare_cents: Cents
    discount_cents: Cents
    total_cents: Cents
    driver_pay_cents: Cents
    driver_bonus_cents: Cents
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    lines: Annotated[list[tuple[Text64, Cents]], Field(max_length=20)]
    quoted_at: Text64
    expires_at: Text64
    bound_to: Text64
    signature: Text64


class BookIn(Closed):
    """The trip that was priced, word for word, and its quote as it came."""

    trip: TripIn
    quote: SignedQuote


class ChangeIn(Closed):
    """Stars for a trip that was completed, or a new trip with its quote."""

    rating: Stars | None = None
    new: BookIn | None = None


class BookingOut(Closed):
    """A booking. ``cancellation_fee_now_cents`` is what cancelling would cost its rider now."""

    id: UUID
    rider_id: str
    service_class: ServiceClass
    status: BookingStatus
    zone_id: str
    pickup: Place
    dropoff: Place
    scheduled_at: datetime | None
    due_at: datetime | None
    wishes: Wishes
    price_cents: int
    currency: str
    lines: list[tuple[str, int]]
    driver_id: str | None
    driver_pay_cents: int | None
    driver_bonus_cents: int | None
    offer_expires_at: datetime | None
    fell_back_at: datetime | None
    rating: int | None
    cancelled_by: CancelledBy | None
    cancel_reason: str | None
    cancellation_fee_cents: int
    cancellation_fee_now_cents: int
    created_at: datetime
    assigned_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    cancelled_at: datetime | None
    version: int


class Bookings(Closed):
    """One page of bookings, newest first."""

    items: list[BookingOut]
    page: int
    page_size: int
    total: int


class ClaimIn(Closed):
    """A claim under the refund guarantee, for a trip that the rider rated."""

    category: ClaimCategory
    text: Annotated[str, Field(max_length=2000), STORABLE] | None = None


class RefundOut(Closed):
    """A claim and what became of it; ``decided_by`` is null where the rule decided."""

    id: UUID
    booking_id: UUID
    rider_id: str
    category: ClaimCategory
    text: str | None
    stars: int
    status: RefundStatus
    cents: int
    why: str
    requested_at: datetime
    decided_at: datetime | None
    decided_by: str | None


class DecideIn(Closed):
    """Yes or no, with the reason that is told."""

    approve: bool
    why: Why
