"""Contribution of a trip in cents, as it can be known at the quote."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.params.tabular import ContributionParams
from features import quoted_order
from models import booster, tabular_plots
from models.contract import Artefact, Card

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

NAME = "contribution"
BASELINE = "fare table's arithmetic"
PRIMARY = "mae"
HIGHER_IS_BETTER = False
INPUTS = quoted_order.INPUTS
ABOUT = Card(
    purpose="Estimates what a quoted trip will leave after driver, promotions, refunds and costs.",
    limits="Completed trips only; support cost is not in it. It predicts the usual trip (median), "
    "so rare refunds show in the bias, which is reported.",
    not_for="Pay of a driver or the books: those use what really happened.",
)
PLAN = booster.Plan(
    numeric=quoted_order.NUMERIC,
    categorical=quoted_order.CATEGORICAL,
    objective="reg:absoluteerror",
)


@dataclass(frozen=True)
class Contribution:
    """The loaded model: what the arithmetic misses, on top of it."""

    trees: booster.Trees

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """``contribution_cents`` of each quote."""
        cents = self.trees.margin(rows, _start(rows))
        return self.trees.output({"contribution_cents": cents}, rows.index)


def fit(
    train: pd.DataFrame, validate: pd.DataFrame, params: ContributionParams
) -> dict[str, bytes]:
    """Learn what the arithmetic misses."""
    y, y_later = (rows["contribution_cents"].to_numpy("float64") for rows in (train, validate))
    offsets = (_start(train), _start(validate))
    return booster.save(booster.train(train, y, (validate, y_later), PLAN, params, offsets))


def load(artefact: Artefact) -> Contribution:
    """The predictor from verified bytes."""
    return Contribution(booster.load(artefact))


def baseline(train: pd.DataFrame, test: pd.DataFrame, params: ContributionParams) -> pd.DataFrame:
    """The arithmetic alone."""
    return pd.DataFrame({"contribution_cents": _start(test)}, index=test.index)


def from_mean_loss(loss: float) -> float:
    """Mean absolute error in cents a trip."""
    return loss


def score(predictions: pd.DataFrame, rows: pd.DataFrame) -> dict[str, float]:
    """Errors in cents a trip."""
    error = _errors(predictions, rows)
    return {
        "mae": from_mean_loss(float(losses(predictions, rows).mean())),
        "rmse": float(np.sqrt((error**2).mean())),
        "bias": float(error.mean()),
        "mean_contribution": float(rows["contribution_cents"].mean()),
    }


def losses(predictions: pd.DataFrame, rows: pd.DataFrame) -> Floats:
    """Absolute error in cents, row by row."""
    return np.abs(_errors(predictions, rows))


def _errors(predictions: pd.DataFrame, rows: pd.DataFrame) -> Floats:
    truth = rows["contribution_cents"].to_numpy("float64")
    return np.asarray(predictions["contribution_cents"].to_numpy("float64") - truth)


def slices(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """What was bought, and how dear."""
    return {
        "vertical": rows["vertical"],
        "service class": rows["service_class"],
        "fare": pd.cut(
            rows["quoted_fare"], [0, 600, 1200, 2500, np.inf],
            labels=["under $6", "$6-12", "$12-25", "over $25"],
        ),
    }  # fmt: skip


def plots(predictions: pd.DataFrame, rows: pd.DataFrame) -> "dict[str, Figure]":
    """Importance, prediction against truth, residuals."""
    return {
        **tabular_plots.importance(predictions),
        **tabular_plots.residuals(
            predictions["contribution_cents"].to_numpy("float64"),
            rows["contribution_cents"].to_numpy("float64"),
            "cents",
        ),
    }


def _start(rows: pd.DataFrame) -> Floats:
    return rows["arithmetic_cents"].to_numpy("float64")
