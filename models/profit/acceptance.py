"""P(a rider accepts a quote), never rising with the price."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.params.tabular import AcceptanceParams
from features import acceptance as columns
from features.acceptance import CATEGORICAL, FALLS_WITH_PRICE, NUMERIC, features
from models import booster, tabular_plots
from models.contract import Artefact, Card
from models.judging import expected_calibration_error

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

NAME = "acceptance"
BASELINE = "rate by vertical and price decile"
PRIMARY = "log_loss"
HIGHER_IS_BETTER = False
INPUTS = columns.INPUTS
ABOUT = Card(
    purpose="Estimates how many riders accept a price, to weigh a price against what it loses.",
    limits="Learned from prices that were shown, so it knows little far outside them. It sees a "
    "price before plan and offer, as everybody does.",
    not_for="Prices that depend on who asks: nothing personal is an input.",
)
PLAN = booster.Plan(
    numeric=NUMERIC,
    categorical=CATEGORICAL,
    objective="binary:logistic",
    monotone=dict.fromkeys(FALLS_WITH_PRICE, -1),
)


@dataclass(frozen=True)
class Acceptance:
    """The loaded model."""

    trees: booster.Trees
    slope: float
    intercept: float

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """``probability`` of each quote being accepted."""
        return self.trees.output({"probability": self.probability(rows)}, rows.index)

    def probability(self, rows: pd.DataFrame) -> Floats:
        """Calibrated P(accepted), shape (n,)."""
        return booster.sigmoid(self.slope * self.trees.margin(features(rows)) + self.intercept)


def fit(train: pd.DataFrame, validate: pd.DataFrame, params: AcceptanceParams) -> dict[str, bytes]:
    """Learn on earlier quotes, calibrate on later ones."""
    y, y_later = (rows["accepted"].to_numpy("float64") for rows in (train, validate))
    later = features(validate)
    trees = booster.train(features(train), y, (later, y_later), PLAN, params)
    slope, intercept = booster.fit_platt(trees.margin(later), y_later > 0)
    return booster.save(trees, calibration=[slope, intercept])


def load(artefact: Artefact) -> Acceptance:
    """The predictor from verified bytes."""
    slope, intercept = json.loads(artefact[booster.META])["calibration"]
    return Acceptance(booster.load(artefact), slope, intercept)


def baseline(train: pd.DataFrame, test: pd.DataFrame, params: AcceptanceParams) -> pd.DataFrame:
    """How often quotes of the same vertical and price decile were accepted."""
    edges = {str(v): _deciles(part["price_cents"]) for v, part in train.groupby("vertical")}
    cells = _cells(train, edges)
    rates = train["accepted"].astype(float).groupby(cells).mean()
    usual = float(train["accepted"].mean())
    p = _cells(test, edges).map(rates).fillna(usual).to_numpy("float64")
    return pd.DataFrame({"probability": p}, index=test.index)


def _deciles(price: pd.Series) -> Floats:
    return np.quantile(price.to_numpy("float64"), np.linspace(0.1, 0.9, 9))


def _cells(rows: pd.DataFrame, edges: dict[str, Floats]) -> pd.Series:
    decile = pd.Series(0, index=rows.index)
    for vertical, cuts in edges.items():
        here = rows["vertical"] == vertical
        decile[here] = np.searchsorted(cuts, rows.loc[here, "price_cents"].to_numpy("float64"))
    return rows["vertical"].astype(str) + "/" + decile.astype(str)


def from_mean_loss(loss: float) -> float:
    """Negative log-likelihood a quote."""
    return loss


def score(predictions: pd.DataFrame, rows: pd.DataFrame) -> dict[str, float]:
    """Likelihood, squared and calibration error."""
    p = predictions["probability"].to_numpy("float64")
    y = rows["accepted"].to_numpy("float64")
    return {
        "log_loss": from_mean_loss(float(losses(predictions, rows).mean())),
        "brier": float(((p - y) ** 2).mean()),
        "calibration_error": expected_calibration_error(p, y > 0),
        "mean_probability": float(p.mean()),
        "share_accepted": float(y.mean()),
    }


def losses(predictions: pd.DataFrame, rows: pd.DataFrame) -> Floats:
    """Negative log-likelihood, row by row."""
    p = predictions["probability"].to_numpy("float64")
    return booster.log_losses(p, rows["accepted"].to_numpy("float64"))


def slices(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """What is bought, and how far the price is from the base fare."""
    surge = pd.cut(
        rows["multiplier"], [0, 0.95, 1.05, 1.3, np.inf],
        labels=["under 0.95", "0.95-1.05", "1.05-1.3", "over 1.3"],
    )  # fmt: skip
    return {
        "vertical": rows["vertical"],
        "service class": rows["service_class"],
        "multiplier": surge,
    }


def plots(predictions: pd.DataFrame, rows: pd.DataFrame) -> "dict[str, Figure]":
    """Importance and reliability."""
    p = predictions["probability"].to_numpy("float64")
    return {
        **tabular_plots.importance(predictions),
        **tabular_plots.reliability(p, rows["accepted"].to_numpy("float64")),
    }
