"""Parameters of the decision engines: answers, prices, matches."""

from zoneinfo import ZoneInfo

from pydantic import Field

from core.enums import DriverTier, ServiceClass, VehicleType, Vertical
from core.params.base import Section


class VerticalFare(Section):
    """One row of the fare table; cents."""

    km: int = Field(ge=0)
    minute: int = Field(ge=0)
    minimum: int = Field(ge=0)
    booking: int = Field(ge=0)


class RulePolicyParams(Section):
    """Numbers of the rule policy of prices (docs/domain.md 5.2)."""

    demand_slope: float
    scarcity: float
    event: float
    demand_range: tuple[float, float]
    morning: float = Field(description="7-9 h local")
    evening: float = Field(description="17-19 h local")
    night: float = Field(description="22-6 h local")
    weekend: float
    holiday: float
    weather_rides: float = Field(description="RIDE and MOTO, at the worst weather")
    weather_others: float
    competitor_low: float
    competitor_high: float
    above_cheap: float = Field(description="of a clearly cheaper competitor's price")
    below_dear: float = Field(description="of a clearly dearer competitor's price")
    market_range: tuple[float, float]


class PricingParams(Section):
    """The fare table, the guardrails and the rule policy."""

    fares: dict[Vertical, VerticalFare]
    class_multiplier: dict[ServiceClass, float]
    night_factor: float
    weekend_factor: float
    premium_cap: float = Field(description="premium fare in all, as a multiple of the base fare")
    multiplier_min: float
    multiplier_max: float
    multiplier_step: float = Field(description="largest change in five minutes")
    max_fare_cents: int
    driver_share: float = Field(ge=0.75, le=1)
    premium_bonus_share: float
    max_discount: float
    quote_minutes: int
    goal: str = Field(description="weights of the rule policy: maximize_profit, balanced, ...")
    goal_weights: dict[str, tuple[float, float, float, float]]
    rule: RulePolicyParams


class MatchingParams(Section):
    """Weights and limits of the premium matcher."""

    weight_eta: float
    weight_rating: float
    weight_reliability: float
    weight_fairness: float
    weight_vehicle: float
    max_eta_minutes: float
    radius_km: tuple[float, ...]
    min_score: float
    wait_for_better_s: float = Field(ge=0, description="a younger request waits under min_score")
    prefer_female_bonus: float
    max_online_hours: float = Field(gt=0, description="in 24 h, then a driver must rest")
    tier_floor: dict[ServiceClass, DriverTier]
    vehicle_class: dict[VehicleType, ServiceClass] = Field(description="best class it serves")
    vehicles: dict[Vertical, tuple[VehicleType, ...]]
    speed_kmh: float
    detour: float
    speed_fit_km: tuple[float, float] = Field(description="trips that speeds are learned from")
    speed_shrink_km: float = Field(gt=0, description="a zone's hour leans on so much of all zones")


class BookingParams(Section):
    """Terms of premium bookings: cancellation, refund guarantee; data/policies.yaml says the same
    to users."""

    city_timezone: ZoneInfo = Field(description="night and weekend are those of the city")
    ahead_days: int = Field(gt=0, description="how far ahead a ride can be booked")
    max_km: float = Field(gt=0, description="longest premium ride")
    free_minutes_before_pickup: float = Field(ge=0, description="scheduled: free until then")
    free_minutes_after_match: float = Field(ge=0, description="unscheduled: free until then")
    driver_late_minutes: float = Field(ge=0, description="past the agreed time: free again")
    on_time_minutes: float = Field(ge=0, description="after the agreed pick-up is still on time")
    late_share: float = Field(ge=0, le=1, description="of the price, once it is not free")
    plan_discount: dict[str, float] = Field(description="share of the fare, by the rider's plan")
    refund_stars: int = Field(ge=1, le=5, description="the guarantee needs so few, or fewer")
    claim_hours: float = Field(gt=0, description="after the trip")
    automatic_days: int = Field(gt=0, description="one claim of a rider in so many is automatic")


class SupportParams(Section):
    """The policy of the support engine."""

    clarify_margin: float = Field(ge=0, le=1, description="two intents closer than this: ask which")
    low_confidence: float = Field(ge=0, le=1, description="below: no answer")
    high_confidence: float = Field(ge=0, le=1, description="below: ask whether the answer helped")
