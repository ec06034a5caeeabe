"""What goes into and comes out of every endpoint: typed, closed, bounded, with a sample."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from core.enums import (
    Action,
    Audience,
    DriverTier,
    LoyaltyTier,
    ServiceClass,
    VehicleType,
    Vertical,
)


def _without_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("expected text without NUL characters")
    return text


STORABLE = AfterValidator(_without_nul)
"""For text that is stored: PostgreSQL takes no NUL, and SQLite counts only what stands before."""
Text = Annotated[str, Field(min_length=1, max_length=5000)]
Word = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+$")]
Real = Annotated[float, Field(strict=True)]
"""A JSON number: neither true nor "6.4" is one."""
Share = Annotated[Real, Field(ge=0, le=1)]
Language = Annotated[
    str, Field(pattern=r"^([a-z]{2})?$", description="two letters; empty: detected from the text")
]
MANY = 256
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
MANY_TEXTS = 64
"""Messages in one call: what one batch of the models holds."""


class Closed(BaseModel):
    """Unknown fields are an error: a typo must not be taken for a default."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def shown(model: type[Closed], row: Any, **more: Any) -> Any:
    """A row of the store as its schema shows it: the fields that the schema names."""
    fields = row._mapping
    named = {name: fields[name] for name in model.model_fields if name in fields}
    return model(**{**named, **more})


class Question(Closed):
    """One message of a user."""

    text: Text
    user_id: Word = "R000001"
    audience: Audience = Audience.RIDER
    loyalty_tier: LoyaltyTier = LoyaltyTier.BASIC
    language_code: Language = ""
    order_id: Annotated[str, Field(pattern=r"^ORD\d{5,12}$")] | None = None


class Source(Closed):
    """An item of the knowledge base and how well it fits."""

    kb_code: str
    item_version: int
    score: float


class Answer(Closed):
    """What the engine did with a message."""

    action: Action
    content: str
    intent: str
    confidence: Share | None
    sentiment_score: Annotated[Real, Field(ge=-1, le=1)]
    sources: list[Source]
    entities: list[dict[str, Any]]
    reason_code: str | None
    language_code: str
    release: str
    processing_time_ms: int


class IntentOut(Closed):
    """The intent of one message; ``unknown`` when it is out of scope."""

    intent: str
    confidence: Share
    release: str


class SentimentOut(Closed):
    """P(positive) - P(negative), and the likeliest label."""

    score: Annotated[Real, Field(ge=-1, le=1)]
    label: str
    release: str


class SearchIn(Closed):
    """A question to the knowledge base."""

    text: Text
    audience: Audience = Audience.RIDER
    language_code: Language = ""


class Hit(Closed):
    """One item found."""

    kb_code: str
    item_version: int
    rank: int
    best_score: float
    question: str
    answer: str


class PriceIn(Closed):
    """A journey to be priced; no field says who asks."""

    vertical: Vertical = Vertical.RIDE
    service_class: ServiceClass = ServiceClass.STANDARD
    zone_id: Word = "Z01"
    distance_km: Annotated[Real, Field(gt=0, le=2000)]
    duration_minutes: Annotated[Real, Field(gt=0, le=2880)]
    pickup_at: Annotated[AwareDatetime, Field(ge=EARLIEST, lt=LATEST)]
    demand: Share = 0.5
    supply: Share = 0.5
    weather: Annotated[Real, Field(ge=-1, le=1)] = 0.0
    event: Share = 0.0
    holiday: bool = False
    competitor_index: Annotated[Real, Field(gt=0, le=5)] | None = None
    eta_minutes: Annotated[Real, Field(ge=0, le=120)] = 5.0
    previous_multiplier: Annotated[Real, Field(ge=0.7, le=2.0)] = 1.0

    @model_validator(mode="after")
    def _class_is_of_rides(self) -> Self:
        if self.service_class != ServiceClass.STANDARD and self.vertical != Vertical.RIDE:
            raise ValueError(
                f"expected service_class STANDARD for {self.vertical}, got {self.service_class}: "
                "LUXURY, PREMIUM and VIP are classes of RIDE"
            )
        return self


SAMPLE_JOURNEY = PriceIn(
    distance_km=6.4,
    duration_minutes=17.0,
    pickup_at=datetime(2026, 11, 22, 18, 30, tzinfo=UTC),
)


class PriceOut(Closed):
    """A signed quote; ``lines`` add up to ``total_cents``."""

    vertical: Vertical
    service_class: ServiceClass
    zone_id: str
    multiplier: float
    base_cents: int
    total_cents: int
    driver_pay_cents: int
    currency: str
    lines: list[tuple[str, int]]
    quoted_at: str
    expires_at: str
    signature: str
    acceptance_probability: Share | None
    policy: str
    release: str


class ZoneHour(Closed):
    """A zone and hour to forecast, in the conditions that are expected for it."""

    zone_id: Word
    hour_utc: Annotated[
        AwareDatetime, Field(ge=EARLIEST, lt=LATEST, description="2000 to 2099; its hour counts")
    ]
    weather: Annotated[Real, Field(ge=-1, le=1)] = Field(
        0.0, description="as forecast, -1 worst to 1 best; not given: neither good nor bad"
    )
    holiday: bool = Field(False, description="public holiday; not given: an ordinary day")
    event: Share = Field(
        0.0, description="how large the events of the zone are; not given: there are none"
    )


class ForecastOut(Closed):
    """Expected requests of a zone in one hour."""

    zone_id: str
    hour_utc: AwareDatetime
    requests: Annotated[Real, Field(ge=0)]
    low: float
    high: float
    release: str


class QualifyIn(Closed):
    """A driver to explain."""

    driver_id: Word


class QualifyOut(Closed):
    """Whether the driver qualifies, the tier, and why."""

    driver_id: str
    known: bool
    qualified: bool
    tier: str
    probability: Share | None
    reasons: list[Any]
    evaluated_on: date | None


class Equipment(Closed):
    """What a car has, or a rider asks for."""

    child_seat: bool = False
    pet_friendly: bool = False
    wheelchair_accessible: bool = False


class MatchRequest(Equipment):
    """A rider who waits for a premium driver."""

    request_id: Word
    lat: Annotated[Real, Field(ge=-90, le=90)]
    lon: Annotated[Real, Field(ge=-180, le=180)]
    service_class: ServiceClass = ServiceClass.LUXURY
    vertical: Vertical = Vertical.RIDE
    women_only: bool = False
    corporate: bool = False
    prefer_female: bool = False
    age_s: Annotated[Real, Field(ge=0)] = 0.0
    do_not_pair: Annotated[list[Word], Field(max_length=100)] = Field(default_factory=list)


class MatchDriver(Equipment):
    """A driver who is free."""

    driver_id: Word
    lat: Annotated[Real, Field(ge=-90, le=90)]
    lon: Annotated[Real, Field(ge=-180, le=180)]
    tier: DriverTier = DriverTier.BRONZE
    vehicle_type: VehicleType = VehicleType.LUXURY_SEDAN
    rating: Annotated[Real, Field(ge=1, le=5)] = 4.85
    completion: Share = 0.95
    acceptance: Share = 0.95
    eta_accuracy: Share = 0.9
    earnings_per_hour: Annotated[Real, Field(ge=0)] = 0.0
    online_hours_24h: Annotated[Real, Field(ge=0, le=24)] = 0.0
    accepts_women_only: bool = False
    corporate_eligible: bool = False
    female: bool = False


class MatchIn(Closed):
    """One batch of the dispatch window."""

    requests: Annotated[list[MatchRequest], Field(max_length=2000)]
    drivers: Annotated[list[MatchDriver], Field(max_length=5000)]


SAMPLE_BATCH = MatchIn(
    requests=[
        MatchRequest(request_id="Q1", lat=38.720, lon=-9.140),
        MatchRequest(request_id="Q2", lat=38.731, lon=-9.150),
    ],
    drivers=[
        MatchDriver(driver_id="D0001", lat=38.722, lon=-9.141),
        MatchDriver(driver_id="D0002", lat=38.735, lon=-9.149, tier=DriverTier.GOLD),
    ],
)


class MatchOut(Closed):
    """The driver of each request, or null, with the reason for each, and for drivers without."""

    assignment: dict[str, str | None]
    total: float
    explanations: list[dict[str, Any]]
    passed_over: list[dict[str, Any]]
