"""Parameters of the nightly metrics: windows, targets and cost rates."""

from pydantic import Field, field_validator

from core.enums import Priority
from core.params.base import Section


class AiPerformanceParams(Section):
    """AIPerformanceMetrics."""

    recompute_days: int = Field(ge=1)
    final_after_days: int = Field(ge=1)
    return_hours: int = Field(gt=0)
    cost_ai_cents: int = Field(ge=0)
    cost_human_cents: int = Field(ge=0)
    sla_minutes: dict[Priority, tuple[int, int]] = Field(
        description="first reply and resolution after the hand-over"
    )

    @field_validator("sla_minutes")
    @classmethod
    def _every_priority(
        cls, targets: dict[Priority, tuple[int, int]]
    ) -> dict[Priority, tuple[int, int]]:
        if set(targets) != set(Priority):
            raise ValueError("expected first reply and resolution minutes for each priority")
        return targets


class ProfitKpisParams(Section):
    """The waterfall and the profit KPIs. Rates carry their source beside them in params.yaml."""

    recompute_days: int = Field(ge=1)
    card_share: float = Field(ge=0, le=0.2)
    card_fixed_cents: int = Field(ge=0)
    insurance_cents_per_km: float = Field(ge=0)
    infrastructure_cents_per_order: int = Field(ge=0)
    support_ai_cents: int = Field(ge=0)
    support_human_cents: int = Field(ge=0)
    eta_tolerance_minutes: float = Field(ge=0)
    reach_days: int = Field(ge=1, description="most days between request and end of an order")
    leakage_tolerance_cents: int = Field(ge=0, description="what a daily rule lets pass")
    late_hours: int = Field(gt=0, description="a later payment recovers a loss")
    bad_rating: int = Field(ge=1, le=5, description="stars that explain a refund")
    audit_one_in: int = Field(ge=1, description="orders per audited one")
    audit_seed: int
    target_capture: float = Field(gt=0, le=1)
    target_leakage: float = Field(gt=0, le=1)
    target_margin: float = Field(gt=0, le=1)
    target_utilization: float = Field(gt=0, le=1)


class PremiumMetricsParams(Section):
    """Daily premium KPIs."""

    recompute_days: int = Field(ge=1)
    repeat_days: int = Field(gt=0, description="a rider is back within so many days")
    retention_days: int = Field(gt=0, description="how long ago the drivers were premium")
    active_days: int = Field(gt=0, description="online in so many days counts as active")
