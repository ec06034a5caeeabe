"""The qualification method on a question about real drivers, beside a rule and a regression.

Every row of a table stands at one moment and knows nothing later; rows are split by time, and
intervals are drawn over drivers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.report import Row
from core.errors import BadInput
from models import booster, fairness
from models.premium.qualification import choose_threshold
from pipelines.context import Context

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Say = Callable[[str], None]
MIN_PRECISION = 0.9
PARTS = ("train", "validate", "test")
METRICS: dict[str, Callable[..., float]] = {
    "AUC": roc_auc_score,
    "average precision": average_precision_score,
}


@dataclass(frozen=True)
class Task:
    """A question on rows split by time; ``rule`` scores rows without learning.

    Each part has the features, ``label`` (bool), ``who`` (whose row it is).
    """

    name: str
    train: pd.DataFrame
    validate: pd.DataFrame
    test: pd.DataFrame
    features: tuple[str, ...]
    rule: Callable[[pd.DataFrame], Floats]
    monotone: Mapping[str, int]
    note: str


def measured(task: Task, ctx: Context, say: Say) -> tuple[list[Row], Floats, Floats]:
    """Rows of ranking and of the surest tenth; boosted scores of validation and test rows."""
    y = {part: getattr(task, part)["label"].to_numpy(bool) for part in PARTS}
    known, boosted, reached = _boosted(task, y, ctx)
    scores = {"rule": task.rule(task.test), "logistic regression": _logistic(task, y["train"])}
    who, rounds = task.test["who"].to_numpy(), ctx.params.evaluate.bootstrap
    about = f"{y['test'].sum()} of {len(y['test'])} rows; {task.note}"
    rows = []
    for metric, function in METRICS.items():
        peers = {name: float(function(y["test"], score)) for name, score in scores.items()}
        low, high = interval(function, y["test"], boosted, None, who, rounds)
        above = {
            n: interval(function, y["test"], boosted, s, who, rounds) for n, s in scores.items()
        }
        said = ", ".join(f"above {name} by {a:.3f} to {b:.3f}" for name, (a, b) in above.items())
        note = f"{low:.3f} to {high:.3f}, {said} (95 % over drivers); {about}"
        value = float(function(y["test"], boosted))
        rows.append(Row(f"{task.name}: {metric}", (value,), metric, None, peers=peers, note=note))
    rows.append(_surest(task, boosted, y["test"], reached))
    say(f"  {task.name}: AUC {rows[0].value:.3f}")
    return rows, known, boosted


def _surest(task: Task, boosted: Floats, happened: Bools, reached: bool) -> Row:
    """Precision among the tenth of the test rows that the model is surest of."""
    chosen = np.argsort(-boosted, kind="stable")[: max(len(boosted) // 10, 1)]
    hits, n = int(happened[chosen].sum()), len(chosen)
    low, high = fairness.wilson(hits, n)
    said = "a" if reached else "no"
    return Row(
        f"{task.name}: precision of the surest tenth", (hits / n,), "precision", None,
        note=f"{low:.3f} to {high:.3f} of {n}; {said} threshold reached {MIN_PRECISION} on "
        "validation rows",
    )  # fmt: skip


def _boosted(task: Task, y: Mapping[str, Bools], ctx: Context) -> tuple[Floats, Floats, bool]:
    """Probabilities of validation and test rows, learned and calibrated as the qualification
    model's are, and whether a threshold reaches the precision that it asks for."""
    params = ctx.params.driver_qualification
    plan = booster.Plan(task.features, "binary:logistic", monotone=task.monotone)
    later = (task.validate, y["validate"].astype("float64"))
    trees = booster.train(task.train, y["train"].astype("float64"), later, plan, params)
    margin = trees.margin(task.validate)
    slope, intercept = booster.fit_platt(margin, y["validate"])
    known = booster.sigmoid(slope * margin + intercept)
    chosen = choose_threshold(known, y["validate"], MIN_PRECISION, params.min_selected)
    return known, booster.sigmoid(slope * trees.margin(task.test) + intercept), chosen.reached


def _logistic(task: Task, y: Bools) -> Floats:
    """Scores of the test rows; what is not known is the training rows' median."""
    names = list(task.features)
    usual = task.train[names].median()
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    model.fit(task.train[names].fillna(usual), y)
    return np.asarray(model.predict_proba(task.test[names].fillna(usual))[:, 1])


def interval(
    metric: Callable[..., float],
    y: Bools,
    score: Floats,
    other: Floats | None,
    who: NDArray[np.object_],
    rounds: int,
) -> tuple[float, float]:
    """95 % percentile interval of a metric, or of what it has above the ``other`` score's.

    Whole drivers are drawn; draws in which all rows have one label are left out.
    """
    codes, names = pd.factorize(who)
    rng = np.random.default_rng(7)
    drawn = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=rounds)
    draws = []
    for times in drawn[:, codes]:
        use = times > 0
        if not 0 < y[use].sum() < use.sum():
            continue
        value = metric(y[use], score[use], sample_weight=times[use])
        if other is not None:
            value -= metric(y[use], other[use], sample_weight=times[use])
        draws.append(value)
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)


def public(ctx: Context) -> Path:
    if ctx.settings.data is None:
        raise BadInput("expected TRIPO_DATA to name the folder of public data; it is not set")
    return Path(ctx.settings.data)
