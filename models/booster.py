"""Gradient-boosted trees as every tabular model here uses them: train, calibrate, save, load.

An artefact is two files: ``model.ubj`` (XGBoost's own format) and ``meta.json`` (columns, known
words of each category, calibration, and what the model itself adds).
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

# Threads that spin while they wait make training 15 times slower when the cores are shared.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import xgboost as xgb
from numpy.typing import NDArray

from core.errors import BadInput
from core.params.tabular import BoosterParams
from models import learning_curve
from models.contract import Artefact
from models.tree_contributions import Tables, tables

Floats = NDArray[np.float64]

MODEL = "model.ubj"
META = "meta.json"
THREADS = 2
PATIENCE = 20
IMPORTANCE = "importance"


@dataclass(frozen=True, slots=True)
class Plan:
    """What to learn from: numeric and categorical columns, the objective, known directions.

    ``monotone`` maps a numeric column to +1 (the prediction never falls when it rises) or -1.
    """

    numeric: tuple[str, ...]
    objective: str
    categorical: tuple[str, ...] = ()
    monotone: Mapping[str, int] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.numeric, *self.categorical)


@dataclass(frozen=True)
class Trees:
    """A booster with what is needed to turn rows into its matrix."""

    booster: xgb.Booster
    meta: Mapping[str, Any]

    def matrix(self, rows: pd.DataFrame) -> xgb.DMatrix:
        return _matrix(rows, self.meta["numeric"], dict(self.meta["vocabulary"]))

    def margin(self, rows: pd.DataFrame, offset: Floats | None = None) -> Floats:
        """Raw scores, shape (n,); ``offset`` is added to each, as it was in training."""
        if not self.meta["vocabulary"]:
            # spares the making of XGBoost's own matrix, which takes as long as the prediction
            values = _values(rows, self.meta["numeric"], {})
            found = self.booster.inplace_predict(
                values, predict_type="margin", base_margin=offset, validate_features=False
            )
            return np.asarray(found, "float64")
        matrix = self.matrix(rows)
        if offset is not None:
            matrix.set_base_margin(offset)
        return np.asarray(self.booster.predict(matrix, output_margin=True), "float64")

    def contributions(self, rows: pd.DataFrame) -> pd.DataFrame:
        """What each column adds to the raw score, and the ``bias`` they start from.

        Source
        ------
        Lundberg et al. (2020), From local explanations to global understanding (TreeSHAP).
        """
        names = [*self.meta["numeric"], *dict(self.meta["vocabulary"]), "bias"]
        if rows.empty:
            return pd.DataFrame(index=rows.index, columns=names, dtype="float64")
        if self._tables is None:
            values = self.booster.predict(self.matrix(rows), pred_contribs=True)
            return pd.DataFrame(values, index=rows.index, columns=names, dtype="float64")
        # what the score starts from is the same for every row
        (first,) = self.booster.predict(self.matrix(rows.head(1)), pred_contribs=True)
        parts = self._tables.contributions(_values(rows, self.meta["numeric"], {}))
        found = pd.DataFrame(parts, index=rows.index, columns=names[:-1])
        return found.assign(bias=float(first[-1]))

    @cached_property
    def _tables(self) -> Tables | None:
        return tables(self.booster) if not self.meta["vocabulary"] else None

    @cached_property
    def importance(self) -> dict[str, float]:
        """Share of the total gain that each column brought, largest first."""
        gain = self.booster.get_score(importance_type="total_gain")
        total = sum(gain.values()) or 1.0
        shares = {name: value / total for name, value in gain.items()}
        return dict(sorted(shares.items(), key=lambda item: -item[1]))

    def output(self, columns: Mapping[str, Any], index: pd.Index) -> pd.DataFrame:
        """A frame of predictions that also carries the importance, for the plots."""
        frame = pd.DataFrame(columns, index=index)
        frame.attrs[IMPORTANCE] = self.importance
        return frame


def train(
    rows: pd.DataFrame,
    target: Floats,
    validate: tuple[pd.DataFrame, Floats],
    plan: Plan,
    params: BoosterParams,
    offsets: tuple[Floats, Floats] | None = None,
) -> Trees:
    """Boost on ``rows`` and stop when ``validate`` no longer gets better.

    ``offsets`` are starting scores of train and validate rows: the trees learn what is missing.
    """
    vocabulary = _vocabulary(rows, plan)
    matrices = []
    for part, (frame, y) in enumerate([(rows, target), validate]):
        matrix = _matrix(frame, plan.numeric, vocabulary)
        matrix.set_label(y)
        if offsets is not None:
            matrix.set_base_margin(offsets[part])
        matrices.append(matrix)
    history: dict[str, Any] = {}
    booster = xgb.train(
        _settings(plan, params),
        matrices[0],
        num_boost_round=params.trees,
        evals=[(matrices[1], "validate")],
        early_stopping_rounds=PATIENCE,
        verbose_eval=False,
        evals_result=history,
    )
    trees = _trees(booster[: booster.best_iteration + 1], plan, vocabulary)
    ((name, values),) = history["validate"].items()
    points = list(enumerate(values, start=1))
    drawn = learning_curve.curve("trees", f"{name} on validation rows", points)
    return Trees(trees.booster, {**trees.meta, learning_curve.CURVE: drawn})


def train_whole(rows: pd.DataFrame, target: Floats, plan: Plan, params: BoosterParams) -> Trees:
    """Boost ``params.trees`` trees on all rows there are."""
    vocabulary = _vocabulary(rows, plan)
    matrix = _matrix(rows, plan.numeric, vocabulary)
    matrix.set_label(target)
    return _trees(xgb.train(_settings(plan, params), matrix, params.trees), plan, vocabulary)


def _vocabulary(rows: pd.DataFrame, plan: Plan) -> dict[str, list[str]]:
    return {c: sorted(rows[c].dropna().astype(str).unique()) for c in plan.categorical}


def _trees(booster: xgb.Booster, plan: Plan, vocabulary: Mapping[str, list[str]]) -> Trees:
    # a list of pairs: the order of columns must survive JSON with sorted keys
    meta = {"numeric": list(plan.numeric), "vocabulary": list(vocabulary.items())}
    return Trees(booster, meta)


def _settings(plan: Plan, params: BoosterParams) -> dict[str, Any]:
    directions = [plan.monotone.get(c, 0) for c in plan.columns]
    return {
        "objective": plan.objective,
        "tree_method": "hist",
        "max_depth": params.max_depth,
        "eta": params.learning_rate,
        "min_child_weight": params.min_child_weight,
        "subsample": params.subsample,
        "seed": params.seed,
        "nthread": THREADS,
        "verbosity": 0,
        "monotone_constraints": f"({','.join(map(str, directions))})",
    }


def save(trees: Trees, **more: Any) -> dict[str, bytes]:
    """The artefact: trees and meta, with what the model adds under its own names."""
    meta = {**trees.meta, **more}
    return {
        MODEL: bytes(trees.booster.save_raw("ubj")),
        META: json.dumps(meta, sort_keys=True).encode(),
    }


def load(artefact: Artefact) -> Trees:
    """Trees from verified bytes.

    Raises
    ------
    BadInput
        If a file of the artefact is missing.
    """
    missing = [name for name in (MODEL, META) if name not in artefact]
    if missing:
        raise BadInput(f"expected {MODEL} and {META} in the artefact; missing {missing}")
    booster = xgb.Booster({"nthread": THREADS})
    booster.load_model(bytearray(artefact[MODEL]))
    return Trees(booster, json.loads(artefact[META]))


def _matrix(
    rows: pd.DataFrame, numeric: Sequence[str], vocabulary: Mapping[str, Sequence[str]]
) -> xgb.DMatrix:
    """`_values` as XGBoost takes them."""
    types = ["q"] * len(numeric) + ["c"] * len(vocabulary)
    return xgb.DMatrix(
        _values(rows, numeric, vocabulary),
        feature_names=[*numeric, *vocabulary],
        feature_types=types,
        enable_categorical=True,
        nthread=THREADS,
    )


def _values(
    rows: pd.DataFrame, numeric: Sequence[str], vocabulary: Mapping[str, Sequence[str]]
) -> NDArray[np.float32]:
    """Numbers as they are, words as their place in the vocabulary, anything unknown as missing."""
    names = [*numeric, *vocabulary]
    missing = [name for name in names if name not in rows]
    if missing:
        raise BadInput(f"expected the feature columns {names}; missing {missing}")
    values = np.empty((len(rows), len(names)), dtype=np.float32)
    for place, name in enumerate(numeric):
        values[:, place] = rows[name].to_numpy("float32", na_value=np.nan)
    for place, (name, words) in enumerate(vocabulary.items(), start=len(numeric)):
        found = pd.Index(list(words), dtype="str").get_indexer(pd.Index(rows[name].astype("str")))
        values[:, place] = np.where(found < 0, np.nan, found)
    return values


def fit_platt(margin: Floats, happened: NDArray[np.bool_], rounds: int = 50) -> tuple[float, float]:
    """Slope and intercept that make ``sigmoid(slope * margin + intercept)`` a probability.

    The slope is kept at or above 0 so that the order of rows, and every known direction, stays.

    Source
    ------
    Platt (1999), with the target smoothing of Lin, Lin and Weng (2007); Newton's method.
    """
    positives = int(happened.sum())
    negatives = len(happened) - positives
    high, low = (positives + 1) / (positives + 2), 1 / (negatives + 2)
    target = np.where(happened, high, low)
    design = np.column_stack([margin, np.ones_like(margin)])
    weights = np.array([1.0, 0.0])
    for _ in range(rounds):
        p = sigmoid(design @ weights)
        gradient = design.T @ (p - target) + 1e-3 * (weights - [1.0, 0.0])
        curve = (design * (p * (1 - p))[:, None]).T @ design + 1e-3 * np.eye(2)
        step = np.linalg.solve(curve, gradient)
        weights = weights - np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-8:
            break
    return float(max(weights[0], 0.0)), float(weights[1])


def sigmoid(score: Floats) -> Floats:
    """1 / (1 + exp(-score)), without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * score)))


def log_losses(probability: Floats, y: Floats) -> Floats:
    """Negative log-likelihood of each row."""
    p = np.clip(probability, 1e-6, 1 - 1e-6)
    return np.asarray(-(y * np.log(p) + (1 - y) * np.log(1 - p)))
