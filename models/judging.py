"""How a model's predictions are judged: intervals, the paired test, slices, calibration error."""

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.contract import Dataset, Judgement, Predictor, Slice

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class JudgingRules:
    """Resamples, confidence and slice size, as params.yaml has them under ``evaluate``."""

    bootstrap: int
    confidence: float
    seed: int
    slice_min_rows: int


def bootstrap_mean(values: Floats, rules: JudgingRules) -> tuple[float, float]:
    """Percentile interval of a mean by resampling rows with multinomial counts.

    Source
    ------
    Efron and Tibshirani (1993), An Introduction to the Bootstrap, chapter 13.
    """
    n = len(values)
    if n == 0:
        return float("nan"), float("nan")
    rng = np.random.default_rng(rules.seed)
    # blocks of rows drawn at random are as good as rows here and keep large sets cheap
    blocks = min(n, 2000)
    starts = np.arange(blocks) * n // blocks
    sums = np.add.reduceat(values[rng.permutation(n)], starts)
    counts = rng.multinomial(blocks, np.full(blocks, 1 / blocks), size=rules.bootstrap)
    means = (counts @ sums) / (counts @ np.diff([*starts, n]))
    tail = (1 - rules.confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)


def bootstrap_metric(
    metric: Callable[[NDArray[np.int64]], float], n: int, rules: JudgingRules
) -> tuple[float, float]:
    """Percentile interval of any metric of a set of row numbers."""
    rng = np.random.default_rng(rules.seed)
    rounds = max(50, rules.bootstrap // 5)
    draws = [metric(rng.integers(0, n, n)) for _ in range(rounds)]
    tail = (1 - rules.confidence) / 2
    low, high = np.nanquantile(draws, [tail, 1 - tail])
    return float(low), float(high)


def expected_calibration_error(
    confidence: Floats, right: NDArray[np.bool_], bins: int = 15
) -> float:
    """Mean gap between confidence and accuracy over equal-width bins, weighted by rows.

    Source
    ------
    Guo et al. (2017), On Calibration of Modern Neural Networks, equation 3.
    """
    which = np.clip((confidence * bins).astype(int), 0, bins - 1)
    gaps = np.bincount(which, confidence - right, bins)
    return float(np.abs(gaps).sum() / max(len(confidence), 1))


def slice_metrics(
    module: ModuleType, predictions: pd.DataFrame, rows: pd.DataFrame, rules: JudgingRules
) -> list[Slice]:
    """The primary metric on every slice with at least ``slice_min_rows`` rows."""
    found = []
    for name, groups in module.slices(rows).items():
        for value, index in groups.groupby(groups.to_numpy(), observed=True).groups.items():
            if len(index) < rules.slice_min_rows:
                continue
            part, guesses = rows.loc[index], predictions.loc[index]
            metric = primary(module, guesses, part)
            low, high = _interval(module, guesses, part, rules)
            found.append(Slice(name, str(value), len(index), metric, low, high))
    return found


def primary(module: ModuleType, predictions: pd.DataFrame, rows: pd.DataFrame) -> float:
    """The metric that decides on a model."""
    if hasattr(module, "from_mean_loss"):
        return float(module.from_mean_loss(module.losses(predictions, rows).mean()))
    return float(module.primary(predictions, rows))


def _interval(
    module: ModuleType, predictions: pd.DataFrame, rows: pd.DataFrame, rules: JudgingRules
) -> tuple[float, float]:
    if hasattr(module, "from_mean_loss"):
        losses = np.asarray(module.losses(predictions, rows), "float64")
        ends = sorted(float(module.from_mean_loss(end)) for end in bootstrap_mean(losses, rules))
        return ends[0], ends[1]
    # heavy, and not judged
    rows = rows.drop(columns=["embedding", "intent_probabilities"], errors="ignore")

    def metric(index: NDArray[np.int64]) -> float:
        value: float = module.primary(predictions.iloc[index], rows.iloc[index])
        return value

    return bootstrap_metric(metric, len(rows), rules)


def judge(
    module: ModuleType, predictor: Predictor, dataset: Dataset, params: object, rules: JudgingRules
) -> Judgement:
    """One look at the test rows: metrics with an interval, the baseline beside it, slices.

    The baseline is beaten when the whole paired interval of the difference in loss is above zero.
    """
    rows = dataset.test
    predictions = predictor.predict(rows)
    baseline = module.baseline(dataset.train, rows, params)
    gain = module.losses(baseline, rows) - module.losses(predictions, rows)
    gain_low, gain_high = bootstrap_mean(np.asarray(gain, "float64"), rules)
    low, high = _interval(module, predictions, rows, rules)
    return Judgement(
        primary=module.PRIMARY,
        metrics=module.score(predictions, rows),
        low=low,
        high=high,
        baseline=module.BASELINE,
        baseline_metrics={
            name: value for name, value in module.score(baseline, rows).items() if value == value
        },
        beats_baseline=gain_low > 0,
        gain_low=gain_low,
        gain_high=gain_high,
        slices=slice_metrics(module, predictions, rows, rules),
    )
