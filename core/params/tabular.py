"""Parameters of the models on rows: drivers, demand, acceptance, money, real trips."""

from pydantic import Field

from core.params.base import Section


class BoosterParams(Section):
    """What every XGBoost model sets."""

    seed: int
    trees: int = Field(gt=0)
    max_depth: int = Field(gt=0, le=12)
    learning_rate: float = Field(gt=0, le=1)
    min_child_weight: float = Field(ge=0)
    subsample: float = Field(gt=0, le=1)


class DriverQualificationParams(BoosterParams):
    """Who will meet the premium standards in the next 30 days."""

    window_days: int = Field(gt=0)
    horizon_days: int = Field(gt=0)
    min_precision: float = Field(gt=0, lt=1)


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

    train_month: str
    test_month: str
    min_minutes: float = Field(gt=0)
    max_minutes: float = Field(gt=0)
