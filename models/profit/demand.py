"""Expected requests per zone and hour, with a 90 % interval: trees on top of the weekly mean."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import nbinom

from core.params.tabular import DemandParams
from features.demand import CATEGORICAL, NUMERIC
from models import booster, tabular_plots
from models.contract import Artefact, Card

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

NAME = "demand"
BASELINE = "mean of the same hour over up to 4 previous weeks"
PRIMARY = "wape"
HIGHER_IS_BETTER = False
INPUTS = (*NUMERIC, *CATEGORICAL)
ABOUT = Card(
    purpose="Forecasts how many people of a zone ask for a ride or delivery in an hour.",
    limits="As far ahead as its nearest lag; needs the same hour of an earlier week. Weather and "
    "events must be given as forecast.",
    not_for="Prices by itself: the pricing policy and its guardrails decide those.",
)
PLAN = booster.Plan(numeric=NUMERIC, categorical=CATEGORICAL, objective="count:poisson")
INTERVAL = 0.90


@dataclass(frozen=True)
class Demand:
    """The loaded model. ``spread`` is alpha in variance = mean + alpha * mean^2."""

    trees: booster.Trees
    usual: float
    spread: float

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """``requests`` expected an hour, and ``low``, ``high`` of a 90 % interval."""
        mean = self.expected(rows)
        low, high = interval(mean, self.spread)
        return self.trees.output({"requests": mean, "low": low, "high": high}, rows.index)

    def expected(self, rows: pd.DataFrame) -> Floats:
        """Mean requests, shape (n,)."""
        return np.exp(self.trees.margin(rows, _start(rows, self.usual)))


def fit(train: pd.DataFrame, validate: pd.DataFrame, params: DemandParams) -> dict[str, bytes]:
    """Learn what the weekly mean misses; the spread comes from the validation hours."""
    y, y_later = (rows["requests"].to_numpy("float64") for rows in (train, validate))
    usual = float(max(y.mean(), 0.1))
    offsets = (_start(train, usual), _start(validate, usual))
    trees = booster.train(train, y, (validate, y_later), PLAN, params, offsets)
    mean = Demand(trees, usual, 0.0).expected(validate)
    return booster.save(trees, usual=usual, spread=overdispersion(mean, y_later))


def load(artefact: Artefact) -> Demand:
    """The predictor from verified bytes."""
    meta = json.loads(artefact[booster.META])
    return Demand(booster.load(artefact), meta["usual"], meta["spread"])


def overdispersion(mean: Floats, requests: Floats) -> float:
    """Alpha of a negative binomial by moments, 0 where the counts are no wilder than Poisson."""
    extra = ((requests - mean) ** 2 - mean).sum() / max((mean**2).sum(), 1e-9)
    return float(max(extra, 0.0))


def interval(mean: Floats, spread: float) -> tuple[Floats, Floats]:
    """Equal-tailed 90 % interval of counts around their means."""
    size = 1 / max(spread, 1e-6)
    tail = (1 - INTERVAL) / 2
    low, high = (nbinom.ppf(q, size, size / (size + mean)) for q in (tail, 1 - tail))
    return np.asarray(low, "float64"), np.asarray(high, "float64")


def baseline(train: pd.DataFrame, test: pd.DataFrame, params: DemandParams) -> pd.DataFrame:
    """The mean of the same hour before; where it is not known, the usual of that hour of day."""
    by_hour = train.groupby("hour_of_day")["requests"].mean()
    usual = test["hour_of_day"].map(by_hour).fillna(train["requests"].mean())
    return pd.DataFrame({"requests": test["lag_mean"].fillna(usual)}, index=test.index)


def primary(predictions: pd.DataFrame, rows: pd.DataFrame) -> float:
    """Weighted absolute percentage error: all errors over all requests."""
    y = rows["requests"].to_numpy("float64")
    error = np.abs(predictions["requests"].to_numpy("float64") - y)
    return float(error.sum() / max(y.sum(), 1.0))


def score(predictions: pd.DataFrame, rows: pd.DataFrame) -> dict[str, float]:
    """Absolute and Poisson error, bias; coverage where the predictions have an interval."""
    mean = predictions["requests"].to_numpy("float64")
    y = rows["requests"].to_numpy("float64")
    total = max(y.sum(), 1.0)
    metrics = {
        "wape": primary(predictions, rows),
        "mae": float(np.abs(mean - y).mean()),
        "poisson_deviance": float(_deviance(mean, y).mean()),
        "bias": float((mean - y).sum() / total),
    }
    if "low" in predictions:
        inside = (y >= predictions["low"]) & (y <= predictions["high"])
        metrics["coverage_90"] = float(inside.mean())
        metrics["interval_width"] = float((predictions["high"] - predictions["low"]).mean())
    return metrics


def _deviance(mean: Floats, y: Floats) -> Floats:
    m = np.maximum(mean, 1e-3)
    return np.asarray(2 * (np.where(y > 0, y * np.log(np.maximum(y, 1) / m), 0.0) - (y - m)))


def losses(predictions: pd.DataFrame, rows: pd.DataFrame) -> Floats:
    """Absolute error in requests, row by row."""
    return np.abs(
        predictions["requests"].to_numpy("float64") - rows["requests"].to_numpy("float64")
    )


def slices(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """Where, when, and in what conditions."""
    parts = pd.cut(
        rows["hour_of_day"], [-1, 5, 11, 17, 23], labels=["night", "morning", "day", "evening"]
    )
    return {
        "zone": rows["zone_id"],
        "time of day": parts,
        "weekend": rows["weekday"].ge(5).map({True: "yes", False: "no"}),
        "event": rows["event"].gt(0).map({True: "yes", False: "no"}),
    }


def plots(predictions: pd.DataFrame, rows: pd.DataFrame) -> "dict[str, Figure]":
    """Importance, prediction against truth, residuals."""
    mean = predictions["requests"].to_numpy("float64")
    truth = rows["requests"].to_numpy("float64")
    return {
        **tabular_plots.importance(predictions),
        **tabular_plots.residuals(mean, truth, "requests an hour"),
    }


def _start(rows: pd.DataFrame, usual: float) -> Floats:
    """Log of the weekly mean, where the trees start from."""
    mean = rows["lag_mean"].fillna(rows["zone_level"]).fillna(usual).to_numpy("float64")
    return np.asarray(np.log(mean + 0.5))
