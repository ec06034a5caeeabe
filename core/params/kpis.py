"""Parameters of the nightly metrics: windows, targets and cost rates."""

from pydantic import Field

from core.params.base import Section


class AiPerformanceParams(Section):
    """AIPerformanceMetrics."""

    recompute_days: int = Field(ge=1)
    final_after_days: int = Field(ge=1)
    return_hours: int = Field(gt=0)
    cost_ai_cents: int = Field(ge=0)
    cost_human_cents: int = Field(ge=0)


class ProfitKpisParams(Section):
    """The waterfall and the profit KPIs. Rates carry their source beside them in params.yaml."""

    recompute_days: int = Field(ge=1)
    card_share: float = Field(ge=0, le=0.2)
    card_fixed_cents: int = Field(ge=0)
    insurance_cents_per_km: float = Field(ge=0)
    infrastructure_cents_per_order: int = Field(ge=0)
    support_ai_cents: int = Field(ge=0)
    support_human_cents: int = Field(ge=0)
    target_capture: float = Field(gt=0, le=1)
    target_leakage: float = Field(gt=0, le=1)
    target_margin: float = Field(gt=0, le=1)
    target_utilization: float = Field(gt=0, le=1)
