"""Minutes of a real trip, known at the quote; and, to compare only, with the realised distance."""

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

NAME = "duration"
BASELINE = "linear regression"
PRIMARY = "rmse"
HIGHER_IS_BETTER = False
INPUTS = real_trips.INPUTS
TARGET = "duration_minutes"
REALISED = "distance_km"
COMPARISON = "comparison"
PUBLISHED = {"linear regression": 7.48, "XGBoost": 6.30}
"""RMSE in minutes of published models of the same months, which know the realised distance."""
WITH_DISTANCE = "minutes_with_distance"
ABOUT = Card(
    purpose="Estimates how many minutes a taxi trip takes from zone to zone at a time of the week.",
    limits="Learned on one winter month of New York green taxis, trips of 1 to 60 minutes; traffic "
    "of the moment is not an input.",
    not_for="Other cities. The figure with the realised distance is only there to compare with "
    "published ones: that distance is not known when a trip is quoted, so it is never served.",
)


@dataclass(frozen=True)
class Duration:
    """The loaded model, and the one it is compared by."""

    model: trip_regression.TripModel
    compared: trip_regression.TripModel

    @property
    def trees(self) -> booster.Trees:
        return self.model.trees

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """``minutes``; with a column distance_km also ``minutes_with_distance``."""
        columns = {"minutes": self.model.expected(rows)}
        if REALISED in rows:
            columns[WITH_DISTANCE] = self.compared.expected(rows)
        return self.trees.output(columns, rows.index)


def fit(train: pd.DataFrame, validate: pd.DataFrame, params: RealTripsParams) -> dict[str, bytes]:
    """Learn twice: from what is known at the quote, and with the realised distance as well."""
    trees, meta = trip_regression.fit(train, validate, TARGET, params)
    compared, with_distance = trip_regression.fit(train, validate, TARGET, params, (REALISED,))
    other = booster.save(compared, **with_distance)
    return {
        **booster.save(trees, **meta),
        **{f"{COMPARISON}.{name}": content for name, content in other.items()},
    }


def load(artefact: Artefact) -> Duration:
    """The predictor from verified bytes."""
    prefix = f"{COMPARISON}."
    other = {n.removeprefix(prefix): data for n, data in artefact.items() if n.startswith(prefix)}
    return Duration(trip_regression.load(artefact), trip_regression.load(other))


def baseline(train: pd.DataFrame, test: pd.DataFrame, params: RealTripsParams) -> pd.DataFrame:
    """Linear regression on the zones, the hour and the great-circle distance."""
    minutes = trip_regression.linear_regression(train, test, TARGET)
    return pd.DataFrame({"minutes": minutes}, index=test.index)


def from_mean_loss(loss: float) -> float:
    """Root mean squared error in minutes."""
    return float(np.sqrt(loss))


def score(predictions: pd.DataFrame, rows: pd.DataFrame) -> dict[str, float]:
    """Errors in minutes."""
    truth = rows[TARGET].to_numpy("float64")
    minutes = predictions["minutes"].to_numpy("float64")
    metrics = {
        "rmse": from_mean_loss(float(losses(predictions, rows).mean())),
        "mae": float(np.abs(minutes - truth).mean()),
        "bias": float((minutes - truth).mean()),
    }
    if WITH_DISTANCE in predictions:
        known = predictions[WITH_DISTANCE].to_numpy("float64")
        metrics["rmse_with_realised_distance"] = trip_regression.rmse(known, truth)
    return metrics


def losses(predictions: pd.DataFrame, rows: pd.DataFrame) -> Floats:
    """Squared error in minutes squared, row by row."""
    error = predictions["minutes"].to_numpy("float64") - rows[TARGET].to_numpy("float64")
    return np.asarray(error**2)


def slices(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """How far, when, and whether hailed or sent."""
    return trip_regression.slices(rows)


def plots(predictions: pd.DataFrame, rows: pd.DataFrame) -> "dict[str, Figure]":
    """Importance, prediction against truth, residuals, and published figures beside ours."""
    minutes = predictions["minutes"].to_numpy("float64")
    ours = score(predictions, rows)
    beside = {"at the quote (served)": ours["rmse"], **PUBLISHED}
    if WITH_DISTANCE in predictions:
        beside["with realised distance"] = ours["rmse_with_realised_distance"]
    return {
        **tabular_plots.beside(beside, "RMSE, minutes"),
        **tabular_plots.importance(predictions),
        **tabular_plots.residuals(minutes, rows[TARGET].to_numpy("float64"), "minutes"),
    }
