"""What the fare and the duration model of real trips share: fit, predict, a linear baseline."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.params.tabular import RealTripsParams
from features.real_trips import (
    CATEGORICAL,
    FROM,
    NUMERIC,
    TO,
    Learned,
    clock_and_place,
    learn_means,
    out_of_fold_means,
    with_means,
)
from models import booster
from models.contract import Artefact

Floats = NDArray[np.float64]

PLAN = booster.Plan(numeric=NUMERIC, categorical=CATEGORICAL, objective="reg:squarederror")


@dataclass(frozen=True)
class TripModel:
    """Trees over clock, place and learned means; predictions stay inside ``bounds``."""

    trees: booster.Trees
    means: Learned
    bounds: tuple[float, float]

    def expected(self, rows: pd.DataFrame) -> Floats:
        """Shape (n,), in the unit that was learned."""
        extra = tuple(c for c in self.trees.meta["numeric"] if c not in NUMERIC)
        matrix = _matrix(rows, with_means(rows, self.means), extra)
        return np.asarray(np.clip(self.trees.margin(matrix), *self.bounds))


def fit(
    train: pd.DataFrame,
    validate: pd.DataFrame,
    target: str,
    params: RealTripsParams,
    extra: tuple[str, ...] = (),
) -> tuple[booster.Trees, dict[str, Any]]:
    """Trees and what goes into their meta; columns ``extra`` are learned from as well.

    The number of trees is a parameter, so the days meant for validation are learned from too.
    """
    rows = pd.concat([train, validate], ignore_index=True)
    y = rows[target].to_numpy("float64")
    plan = booster.Plan((*NUMERIC, *extra), PLAN.objective, CATEGORICAL)
    matrix = _matrix(rows, out_of_fold_means(rows, y, params.seed), extra)
    trees = booster.train_whole(matrix, y, plan, params)
    return trees, {"means": learn_means(rows, y), "bounds": [float(y.min()), float(y.max())]}


def load(artefact: Artefact) -> TripModel:
    """The model from verified bytes."""
    meta = json.loads(artefact[booster.META])
    low, high = meta["bounds"]
    return TripModel(booster.load(artefact), meta["means"], (low, high))


def _matrix(rows: pd.DataFrame, means: pd.DataFrame, extra: tuple[str, ...] = ()) -> pd.DataFrame:
    parts = [clock_and_place(rows), means, rows[[*CATEGORICAL, *extra]]]
    return pd.concat(parts, axis=1)


def linear_regression(train: pd.DataFrame, test: pd.DataFrame, target: str) -> Floats:
    """Ridge on one column per zone of pick-up and drop-off, the hour, and the distance."""
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    def columns(rows: pd.DataFrame) -> pd.DataFrame:
        near = clock_and_place(rows)
        hour = (near["minute_of_day"] // 60).astype(int)
        words = {FROM: rows[FROM].astype(str), TO: rows[TO].astype(str), "hour": hour}
        distance = near["great_circle_km"].fillna(near["great_circle_km"].median()).fillna(0.0)
        return pd.DataFrame({**words, "km": distance})

    model = make_pipeline(
        make_column_transformer(
            (OneHotEncoder(handle_unknown="ignore"), [FROM, TO, "hour"]), remainder="passthrough"
        ),
        Ridge(alpha=1.0),
    )
    model.fit(columns(train), train[target])
    return np.asarray(model.predict(columns(test)), "float64")


def rmse(predicted: Floats, truth: Floats) -> float:
    """Root of the mean squared error."""
    return float(np.sqrt(((predicted - truth) ** 2).mean()))


def slices(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """How far, when, and whether hailed or sent."""
    near = clock_and_place(rows)
    far = pd.cut(
        near["great_circle_km"].fillna(-1.0), [-np.inf, 1, 3, 8, np.inf],
        labels=["under 1 km", "1-3 km", "3-8 km", "over 8 km"],
    )  # fmt: skip
    return {
        "great circle": far,
        "weekend": rows["weekday"].ge(5).map({True: "yes", False: "no"}),
        "product": rows["product"],
    }
