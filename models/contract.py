"""What every model module offers, so that one pipeline trains, judges and serves all of them.

A model module (``models/<product>/<name>.py``) has

``NAME``, ``BASELINE``, ``PRIMARY``, ``HIGHER_IS_BETTER``, ``ABOUT``, ``INPUTS``
    its name in the catalog, the name of the baseline it must beat, the metric that decides, the
    metric's direction, a `Card` (purpose, limits, what it must not be used for), and the columns
    a row must have to be predicted (self-test rows and the input example keep only these).
``fit(train, validate, params) -> Artefact``
    learn, calibrate and choose thresholds; never sees the test rows.
``load(artefact) -> Predictor``
    rebuild the predictor from verified bytes; no pickle.
``baseline(train, test, params) -> DataFrame``
    the named baseline's predictions for ``test``, in the columns ``Predictor.predict`` gives.
``from_mean_loss(loss) -> float``, or ``primary(predictions, rows) -> float``
    the metric that decides, alone: from the mean of ``losses`` where it follows from that, and its
    interval then from one matrix product; else from hundreds of calls on resampled rows.
``score(predictions, rows) -> dict[str, float]``
    curated metrics, PRIMARY among them.
``losses(predictions, rows) -> ndarray of shape (n,)``
    one loss a row, smaller is better: what the paired test of two models compares.
``slices(rows) -> dict[str, Series]``
    named groupings of the rows, for slice metrics.
``plots(predictions, rows) -> dict[str, Figure]``
    pictures a reviewer looks at: confusion, reliability, importance.
``mistakes(predictions, rows) -> str`` (models of text)
    a page in Markdown with the rows that went wrong, for a reviewer to read.
``fairness_report(predictions, rows, params, min_rows) -> Report | None`` (models of people)
    how groups fare, as `models.fairness` reports it; None where no groups are known.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import pandas as pd

Artefact = Mapping[str, bytes]
"""File name -> bytes. Only .onnx, .safetensors, .ubj, .json (and tokenizer.json) are accepted."""

ALLOWED_SUFFIXES = frozenset({".onnx", ".safetensors", ".ubj", ".json"})


class Predictor(Protocol):
    """A loaded model."""

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """One row of predictions per row, same index; never changes ``rows``."""
        ...


@dataclass(frozen=True, slots=True)
class Dataset:
    """Rows split for one model, later never before earlier where rows have a time."""

    train: pd.DataFrame
    validate: pd.DataFrame
    test: pd.DataFrame
    digest: str
    about: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Card:
    """The words of a model card; the figures come from the run."""

    purpose: str
    limits: str
    not_for: str


@dataclass(frozen=True, slots=True)
class Slice:
    """The primary metric on one group of rows."""

    name: str
    value: str
    rows: int
    metric: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """How one model did on rows it had not seen, beside its baseline."""

    primary: str
    metrics: dict[str, float]
    low: float
    high: float
    baseline: str
    baseline_metrics: dict[str, float]
    beats_baseline: bool
    gain_low: float
    gain_high: float
    slices: list[Slice]

    def summary(self) -> dict[str, Any]:
        """What reports/run.json says about the model."""
        return {
            "metrics": self.metrics,
            "primary": self.primary,
            "interval": [self.low, self.high],
            "baseline": {"name": self.baseline, **self.baseline_metrics},
            "beats_baseline": self.beats_baseline,
        }
