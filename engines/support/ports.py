"""What the company's other systems know, as far as support needs it; serving says who answers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.enums import LoyaltyTier, OrderStatus, PaymentStatus, Vertical


@dataclass(frozen=True, slots=True)
class Order:
    """A request for a service; money in cents of ``currency``, times UTC."""

    order_id: str
    rider_id: str
    vertical: Vertical
    status: OrderStatus
    requested_at: datetime
    completed_at: datetime | None
    cancelled_at: datetime | None
    cancelled_by: str | None
    quoted_fare: int
    currency: str


@dataclass(frozen=True, slots=True)
class Trip:
    """The movement that served an order; kilometres and minutes."""

    trip_id: str
    order_id: str
    driver_id: str
    started_at: datetime
    ended_at: datetime | None
    distance_km: float
    duration_minutes: float
    status: str


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that moved for an order: CHARGE, FEE or REFUND, in cents of ``currency``."""

    payment_id: str
    order_id: str
    kind: str
    status: PaymentStatus
    amount: int
    currency: str
    at: datetime


@dataclass(frozen=True, slots=True)
class User:
    """A rider as loyalty and plans know them."""

    user_id: str
    loyalty_tier: LoyaltyTier
    plan: str | None


class Company(Protocol):
    """Look-ups by id: None or nothing for what is not known.

    Raises
    ------
    LookupUnavailable
        If whoever keeps these facts does not answer in time.
    """

    def order(self, order_id: str) -> Order | None: ...

    def trip(self, order_id: str) -> Trip | None: ...

    def payments(self, order_id: str) -> list[Payment]: ...

    def user(self, user_id: str) -> User | None: ...

    def close(self) -> None: ...
