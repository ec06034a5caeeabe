"""Fare of a real trip in cents, known at the quote: before tolls, taxes and tips."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.params.tabular import RealTripsParams
from features import real_trips
from models import booster, tabular_plots
from models.contract import Artefact, Card
from models.profit import trip_regression

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

NAME = "fare"
BASELINE = "linear regression"
PRIMARY = "rmse"
HIGHER_IS_BETTER = False
INPUTS = real_trips.INPUTS
TARGET = "gross_fare"
ABOUT = Card(
    purpose="Estimates what the meter will show for a taxi trip from zone to zone.",
    limits="Learned on one winter month of New York green taxis and their tariff of that time.",
    not_for="Our own prices: the fare table and the quote make those.",
)


@dataclass(frozen=True)
class Fare:
    """The loaded model."""

    model: trip_regression.TripModel

    @property
    def trees(self) -> booster.Trees:
        return self.model.trees

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """``fare_cents`` of each trip."""
        return self.trees.output({"fare_cents": self.model.expected(rows)}, rows.index)


def fit(train: pd.DataFrame, validate: pd.DataFrame, params: RealTripsParams) -> dict[str, bytes]:
    """Learn from what is known at the quote."""
    trees, meta = trip_regression.fit(train, validate, TARGET, params)
    return booster.save(trees, **meta)


def load(artefact: Artefact) -> Fare:
    """The predictor from verified bytes."""
    return Fare(trip_regression.load(artefact))


def baseline(train: pd.DataFrame, test: pd.DataFrame, params: RealTripsParams) -> pd.DataFrame:
    """Linear regression on the zones, the hour and the great-circle distance."""
    cents = trip_regression.linear_regression(train, test, TARGET)
    return pd.DataFrame({"fare_cents": cents}, index=test.index)


def from_mean_loss(loss: float) -> float:
    """Root mean squared error in cents."""
    return float(np.sqrt(loss))


def score(predictions: pd.DataFrame, rows: pd.DataFrame) -> dict[str, float]:
    """Errors in cents."""
    truth = rows[TARGET].to_numpy("float64")
    cents = predictions["fare_cents"].to_numpy("float64")
    return {
        "rmse": from_mean_loss(float(losses(predictions, rows).mean())),
        "mae": float(np.abs(cents - truth).mean()),
        "bias": float((cents - truth).mean()),
    }


def losses(predictions: pd.DataFrame, rows: pd.DataFrame) -> Floats:
    """Squared error in cents squared, row by row."""
    error = predictions["fare_cents"].to_numpy("float64") - rows[TARGET].to_numpy("float64")
    return np.asarray(error**2)


def slices(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """How far, when, and whether hailed or sent."""
    return trip_regression.slices(rows)


def plots(predictions: pd.DataFrame, rows: pd.DataFrame) -> "dict[str, Figure]":
    """Importance, prediction against truth, residuals."""
    cents = predictions["fare_cents"].to_numpy("float64")
    return {
        **tabular_plots.importance(predictions),
        **tabular_plots.residuals(cents, rows[TARGET].to_numpy("float64"), "cents"),
    }
