"""Parameters of promotion and monitoring."""

from pydantic import Field

from core.params.base import Section


class EvaluateParams(Section):
    """When a challenger becomes champion."""

    bootstrap: int = Field(gt=0, description="resamples of every interval and paired test")
    confidence: float = Field(gt=0.5, lt=1)
    seed: int
    slice_min_rows: int = Field(gt=0, description="smaller slices are shown, not judged")
    slice_max_drop: float = Field(ge=0, description="primary metric a slice may lose, relative")
    close_margin: float = Field(
        ge=0, description="relative difference below which a person decides"
    )
    response_timeout_s: int = Field(gt=0, description="a close verdict nobody answers is refused")
    attended_timeout_s: int = Field(gt=0, description="the same where reviewers work")


class MonitoringParams(Section):
    """Drift and freshness."""

    psi_warn: float = Field(gt=0)
    psi_alert: float = Field(gt=0)
    bins: int = Field(gt=1)
    reference_days: int = Field(gt=0)
    freshness_hours: int = Field(gt=0)
    min_rows: int = Field(gt=0, description="fewer rows of a day are shown, not judged")
