"""Parameters of the models on rows: drivers, demand, acceptance, money, real trips."""

from pydantic import Field

from core.enums import DriverTier
from core.params.base import Section


class BoosterParams(Section):
    """What every XGBoost model sets."""

    seed: int
    trees: int = Field(gt=0)
    max_depth: int = Field(gt=0, le=12)
    learning_rate: float = Field(gt=0, le=1)
    min_child_weight: float = Field(ge=0)
    subsample: float = Field(gt=0, le=1)


class StandardsParams(Section):
    """Hard gates and standards of premium drivers (docs/domain.md 4.1)."""

    rating: float = Field(gt=1, lt=5)
    acceptance: float = Field(gt=0, lt=1)
    cancellation: float = Field(gt=0, lt=1)
    completion: float = Field(gt=0, lt=1)
    eta_accuracy: float = Field(gt=0, lt=1)
    on_time: float = Field(gt=0, lt=1)
    min_window_rides: int = Field(gt=0)
    min_rides: int = Field(ge=0, description="completed rides so far, as far as they are known")
    min_tenure_days: int = Field(ge=0)
    min_vehicle_year: int

    def limits(self) -> dict[str, float]:
        """The standard of each measure."""
        names = ("rating", "acceptance", "cancellation", "completion", "eta_accuracy", "on_time")
        return {name: getattr(self, name) for name in names}


class TierStep(Section):
    """One tier among the qualified: how far above the threshold, and the rating it needs."""

    above_threshold: float = Field(ge=0)
    rating: float


class DriverQualificationParams(BoosterParams):
    """Who will meet the premium standards in the next 30 days."""

    window_days: int = Field(gt=0)
    long_days: int = Field(gt=0, description="the longer window that steadies the first")
    horizon_days: int = Field(gt=0)
    min_precision: float = Field(gt=0, lt=1)
    min_selected: int = Field(gt=0, description="drivers a threshold must select to be believed")
    train_every_days: int = Field(gt=0, description="between two cut-off days of training")
    proxy_auc: float = Field(ge=0.5, lt=1, description="above, a feature tells a group: a proxy")
    standards: StandardsParams
    tiers: dict[DriverTier, TierStep]
    score_weights: dict[str, float] = Field(description="of the quality score; sums to 1")
    experienced_rides: int = Field(gt=0, description="rides at which experience counts in full")
    warning_nights: int = Field(gt=0)
    suspension_nights: int = Field(gt=0)
    lapse_days: int = Field(gt=0)
    appeal_days: int = Field(gt=0, description="after the night that is appealed against")


class DemandParams(BoosterParams):
    """Requests per zone and hour."""

    lags_h: tuple[int, ...]
    holdout_days: int = Field(gt=0)


class AcceptanceParams(BoosterParams):
    """Whether a rider accepts a quote."""

    holdout_days: int = Field(gt=0)


class ContributionParams(BoosterParams):
    """Contribution of one trip, in cents, as known at quote time."""

    holdout_days: int = Field(gt=0)


class RealTripsParams(BoosterParams):
    """Fare and duration on New York green-taxi trips."""

    train_month: str = Field(pattern=r"^\d{4}-\d{2}$")
    test_month: str = Field(pattern=r"^\d{4}-\d{2}$")
    time_zone: str = Field(description="of the pick-up's clock")
    validate_days: int = Field(gt=0, le=14, description="at the end of the training month")
    min_fare_cents: int = Field(ge=0)
    max_fare_cents: int = Field(gt=0)
    min_minutes: float = Field(gt=0)
    max_minutes: float = Field(gt=0)
