"""P(a driver meets the premium standards in the next 30 days): fit, judge, explain."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.params.tabular import DriverQualificationParams
from features.driver_measures import LONG, MEASURES, NOW, TREND, WORSE_WHEN_HIGHER
from features.driver_qualification import NUMERIC
from models import booster, fairness, tabular_plots
from models.contract import Artefact, Card

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

NAME = "driver_qualification"
BASELINE = "meets the standards now"
PRIMARY = "average_precision"
HIGHER_IS_BETTER = True
INPUTS = ("driver_id", *NUMERIC)
ABOUT = Card(
    purpose="Estimates, each night, who will keep the premium standards over the next 30 days.",
    limits="Learned on drivers with at least 20 rides in 30 days; says little about newcomers, and "
    "nothing about what the gates check (papers, vehicle, tenure).",
    not_for="Dismissing a driver: a removal is proposed, explained, open to appeal, and decided by "
    "a person. Gender, age, name, language, home area and device are not inputs.",
)

GROUPS = ("gender", "age_group", "home_zone")
"""Who fares how is reported by these; rows may carry them, the model never reads them."""
JUSTIFIED: dict[str, str] = {}
"""Why a feature stays although it tells a group: its name, the reason in words of the card."""

_DIRECTION = {m: -1 if m in WORSE_WHEN_HIGHER else 1 for m in MEASURES}
PLAN = booster.Plan(
    numeric=NUMERIC,
    objective="binary:logistic",
    monotone={
        **_DIRECTION,
        **{f"{m}_{LONG}": d for m, d in _DIRECTION.items()},
        **{f"{m}_{TREND}": d for m, d in _DIRECTION.items()},
        "log_chance": 1,
        NOW: 1,
    },
)


@dataclass(frozen=True, slots=True)
class Threshold:
    """The probability from which a driver qualifies, and what it gave on validation."""

    value: float
    precision: float
    low: float
    high: float
    selected: int
    reached: bool


@dataclass(frozen=True)
class Qualification:
    """The loaded model."""

    trees: booster.Trees
    slope: float
    intercept: float
    threshold: Threshold

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """``probability`` and ``qualifies`` (probability at or above the threshold)."""
        p = self.probability(rows)
        columns = {"probability": p, "qualifies": p >= self.threshold.value}
        frame = self.trees.output(columns, rows.index)
        frame.attrs["threshold"] = self.threshold.value
        return frame

    def probability(self, rows: pd.DataFrame) -> Floats:
        """Calibrated P(meets the standards in the next 30 days), shape (n,)."""
        return booster.sigmoid(self.slope * self.trees.margin(rows) + self.intercept)

    def explain(self, rows: pd.DataFrame) -> pd.DataFrame:
        """What each feature adds to the log-odds, signed; calibration included."""
        parts = self.trees.contributions(rows) * self.slope
        return parts.assign(bias=parts["bias"] + self.intercept)


def fit(
    train: pd.DataFrame, validate: pd.DataFrame, params: DriverQualificationParams
) -> dict[str, bytes]:
    """Learn on the past, calibrate and choose the threshold on later drivers-days."""
    y, y_later = (rows["label"].to_numpy("float64") for rows in (train, validate))
    trees = booster.train(train, y, (validate, y_later), PLAN, params)
    margin = trees.margin(validate)
    slope, intercept = booster.fit_platt(margin, y_later > 0)
    probability = booster.sigmoid(slope * margin + intercept)
    threshold = choose_threshold(
        probability, y_later > 0, params.min_precision, params.min_selected
    )
    return booster.save(
        trees,
        calibration=[slope, intercept],
        threshold={name: getattr(threshold, name) for name in Threshold.__slots__},
    )


def choose_threshold(
    probability: Floats, happened: Bools, min_precision: float, min_selected: int
) -> Threshold:
    """The lowest threshold from which precision stays at ``min_precision``, with its interval.

    Fewer than ``min_selected`` drivers prove nothing. If no threshold reaches the precision, it is
    put where nobody qualifies, and ``reached`` says so.
    """
    order = np.argsort(-probability, kind="stable")
    hits, taken = np.cumsum(happened[order]), np.arange(1, len(order) + 1)
    last_of_tie = np.append(np.diff(probability[order]) != 0, True)
    good = (hits / taken >= min_precision) & (taken >= min_selected) & last_of_tie
    if not good.any():
        return Threshold(1.0, 0.0, 0.0, 1.0, 0, reached=False)
    n = int(taken[good][-1])
    low, high = fairness.wilson(int(hits[n - 1]), n)
    return Threshold(float(probability[order][n - 1]), hits[n - 1] / n, low, high, n, reached=True)


def load(artefact: Artefact) -> Qualification:
    """The predictor from verified bytes."""
    meta: dict[str, Any] = json.loads(artefact[booster.META])
    slope, intercept = meta["calibration"]
    threshold = Threshold(**meta["threshold"])
    return Qualification(booster.load(artefact), slope, intercept, threshold)


def baseline(
    train: pd.DataFrame, test: pd.DataFrame, params: DriverQualificationParams
) -> pd.DataFrame:
    """Who meets the standards now qualifies; its probabilities are how often that held before."""
    by_now = train.groupby(train[NOW] > 0)["label"].mean()
    usual = float(train["label"].mean())
    now = test[NOW] > 0
    p = now.map(by_now.to_dict()).fillna(usual).to_numpy("float64")
    return pd.DataFrame({"probability": p, "qualifies": now.to_numpy()}, index=test.index)


def primary(predictions: pd.DataFrame, rows: pd.DataFrame) -> float:
    """Average precision of meeting the standards."""
    happened = rows["label"].to_numpy("float64") > 0
    return average_precision(predictions["probability"].to_numpy("float64"), happened)


def score(predictions: pd.DataFrame, rows: pd.DataFrame) -> dict[str, float]:
    """Ranking, calibration, and precision and recall of who qualifies."""
    p = predictions["probability"].to_numpy("float64")
    y = rows["label"].to_numpy("float64")
    chosen = predictions["qualifies"].to_numpy(bool)
    return {
        "average_precision": primary(predictions, rows),
        "brier": float(((p - y) ** 2).mean()),
        "log_loss": float(booster.log_losses(p, y).mean()),
        "precision": float(y[chosen].mean()) if chosen.any() else 0.0,
        "recall": float(chosen[y > 0].mean()) if y.any() else 0.0,
        "share_qualified": float(chosen.mean()),
        "share_that_meets": float(y.mean()),
    }


def average_precision(probability: Floats, happened: Bools) -> float:
    """Area under precision and recall as a step function; 0 when there is nothing to find.

    Rows of equal probability count together, so that their order does not matter.
    """
    positives = happened.sum()
    if not positives:
        return 0.0
    order = np.argsort(-probability, kind="stable")
    last_of_tie = np.append(np.diff(probability[order]) != 0, True)
    hits = np.cumsum(happened[order])[last_of_tie]
    taken = np.arange(1, len(order) + 1)[last_of_tie]
    gained = np.diff(np.append(0, hits))
    return float((gained * hits / taken).sum() / positives)


def losses(predictions: pd.DataFrame, rows: pd.DataFrame) -> Floats:
    """Squared error of the probability, row by row."""
    gap = predictions["probability"].to_numpy("float64") - rows["label"].to_numpy("float64")
    return np.asarray(gap**2)


def fairness_report(
    predictions: pd.DataFrame, rows: pd.DataFrame, params: DriverQualificationParams, min_rows: int
) -> fairness.Report | None:
    """How groups fare among ``rows``; None where nothing is known of any group."""
    known = {name: rows[name] for name in GROUPS if name in rows}
    if not known:
        return None
    return fairness.report(
        rows,
        predictions["qualifies"].to_numpy(bool),
        rows["label"].to_numpy(bool),
        known,
        NUMERIC,
        min_rows,
        params.proxy_auc,
        JUSTIFIED,
    )


def slices(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """By how much a driver drives, how long for, and whether the standards hold now."""
    return {
        "rides in 30 days": pd.cut(rows["rides"], [0, 60, 120, np.inf], labels=_BANDS),
        "tenure": pd.cut(
            rows["tenure_days"],
            [-np.inf, 365, 1095, np.inf],
            labels=["under 1 year", "1-3 years", "over 3 years"],
        ),
        "meets now": rows[NOW].gt(0).map({True: "yes", False: "no"}),
        **{name: rows[name] for name in ("gender", "age_group") if name in rows},
    }


_BANDS = ["up to 60", "61-120", "over 120"]


def plots(predictions: pd.DataFrame, rows: pd.DataFrame) -> "dict[str, Figure]":
    """Importance, reliability, precision and recall."""
    p = predictions["probability"].to_numpy("float64")
    y = rows["label"].to_numpy("float64")
    chosen = float(predictions.attrs.get("threshold", 1.0))
    return {
        **tabular_plots.importance(predictions),
        **tabular_plots.reliability(p, y),
        **tabular_plots.precision_recall(p, y, chosen),
    }
