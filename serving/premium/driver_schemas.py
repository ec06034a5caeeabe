"""What goes into and comes out of the endpoints of premium drivers."""

from datetime import date, datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from core.enums import DriverTier, VehicleType
from serving.premium.schemas import Place, Why
from serving.schemas import STORABLE, Closed, Equipment, Word
from store.tables import AppealStatus, Decision, PremiumStatus


class ProfileIn(Equipment):
    """What dispatch needs to know of a driver."""

    vehicle_type: VehicleType
    female: bool = False
    accepts_women_only: bool = False
    corporate_eligible: bool = False


class DriverIn(ProfileIn):
    """A driver who is to be known to premium dispatch."""

    driver_id: Word


class DriverOut(Closed):
    """A driver, where they stand, and where they are. ``quality_score`` is 0 to 100."""

    driver_id: str
    status: PremiumStatus
    tier: DriverTier
    quality_score: float | None
    rating: float | None
    evaluated_on: date | None
    vehicle_type: VehicleType
    female: bool
    accepts_women_only: bool
    corporate_eligible: bool
    child_seat: bool
    pet_friendly: bool
    wheelchair_accessible: bool
    available: bool
    lat: float | None
    lon: float | None
    located_at: datetime | None
    km_away: float | None = None
    version: int


class Drivers(Closed):
    """One page of drivers: the nearest first, or else the best."""

    items: list[DriverOut]
    page: int
    page_size: int
    total: int


class AvailabilityIn(Closed):
    """Whether a driver takes rides, and where they are; a place is needed to take rides."""

    available: bool
    place: Place | None = None

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if self.available and self.place is None:
            raise ValueError("expected the place of a driver who takes rides")
        return self


class Proposed(Closed):
    """A suspension that the evaluation of a night proposed."""

    driver_id: Word
    evaluated_on: date


class ReviewIn(Closed):
    """What a person decides on a proposed suspension."""

    evaluated_on: date
    decision: Decision
    why: Why


class ReviewsIn(Closed):
    """One decision on many proposed suspensions; ``dry_run`` changes nothing and tells."""

    proposed: Annotated[list[Proposed], Field(min_length=1, max_length=100)]
    decision: Decision
    why: Why
    dry_run: bool = True


class ReviewedOut(Closed):
    """Whether a decision was made, or would be; else ``problem`` says why not."""

    driver_id: str
    done: bool
    problem: str | None


class ReviewsOut(Closed):
    """One outcome for each driver, in the order given."""

    dry_run: bool
    results: list[ReviewedOut]


class QualificationOut(Closed):
    """Where a driver stands after the last evaluation, and all reasons for it."""

    driver_id: str
    status: PremiumStatus
    tier: DriverTier
    nights_below_standard: int
    qualified_since: date | None
    evaluated_on: date
    qualified: bool
    probability: float | None
    threshold: float | None
    rating: float | None
    quality_score: float | None
    reasons: list[Any]


class AppealIn(Closed):
    """A driver's word against the evaluation of a night."""

    evaluated_on: date
    text: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=5000), STORABLE
    ]


class AppealOut(Closed):
    """An appeal and what became of it."""

    id: UUID
    driver_id: str
    evaluated_on: date
    text: str
    status: AppealStatus
    filed_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    why: str | None
