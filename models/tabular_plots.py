"""Pictures of models on rows: importance, reliability, residuals."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.booster import IMPORTANCE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
COLOUR = "#1f5f8b"
SHOWN = 5000


def importance(predictions: pd.DataFrame, most: int = 15) -> "dict[str, Figure]":
    """Share of gain by column; nothing for predictions that do not come from trees."""
    shares = predictions.attrs.get(IMPORTANCE)
    if not shares:
        return {}
    top = list(shares.items())[:most][::-1]
    figure, axes = _axes((6, 0.3 * len(top) + 1.2))
    axes.barh([name for name, _ in top], [share for _, share in top], color=COLOUR)
    axes.set(xlabel="share of total gain", title="Importance")
    return {"importance": figure}


def reliability(probability: Floats, happened: Floats, bins: int = 10) -> "dict[str, Figure]":
    """Predicted probability against what happened, in groups of equal size."""
    order = np.argsort(probability)
    groups = [g for g in np.array_split(order, bins) if len(g)]
    x = np.array([probability[g].mean() for g in groups])
    y = np.array([happened[g].mean() for g in groups])
    error = np.array([1.96 * np.sqrt(max(happened[g].var(), 1e-12) / len(g)) for g in groups])
    figure, axes = _axes((4.5, 4.5))
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
    axes.errorbar(x, y, yerr=error, fmt="o", color=COLOUR)
    axes.set(
        xlabel="predicted probability", ylabel="share that happened",
        title=f"Reliability ({len(order)} rows)", xlim=(0, 1), ylim=(0, 1),
    )  # fmt: skip
    return {"reliability": figure}


def precision_recall(probability: Floats, happened: Floats, chosen: float) -> "dict[str, Figure]":
    """Precision and recall of every threshold, with the chosen one marked."""
    order = np.argsort(-probability, kind="stable")
    hits = np.cumsum(happened[order])
    precision = hits / np.arange(1, len(order) + 1)
    figure, axes = _axes((5, 4))
    axes.plot(hits / max(hits[-1], 1), precision, color=COLOUR)
    taken = int((probability >= chosen).sum())
    if taken:
        axes.plot(hits[taken - 1] / max(hits[-1], 1), precision[taken - 1], "o", color="crimson")
    axes.set(xlabel="recall", ylabel="precision", title=f"Threshold {chosen:.3f}", ylim=(0, 1.02))
    return {"precision_recall": figure}


def residuals(predicted: Floats, truth: Floats, unit: str) -> "dict[str, Figure]":
    """Truth against prediction, and how the error is spread."""
    step = max(1, len(truth) // SHOWN)
    figure = _figure(figsize=(9, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(predicted[::step], truth[::step], ".", markersize=2, alpha=0.4, color=COLOUR)
    top = float(np.quantile(truth, 0.995)) if len(truth) else 1.0
    left.plot([0, top], [0, top], color="grey", linewidth=1)
    left.set(xlabel=f"predicted, {unit}", ylabel=f"truth, {unit}", title="Prediction and truth")
    error = predicted - truth
    low, high = np.quantile(error, [0.005, 0.995])
    right.hist(error.clip(low, high), bins=60, color=COLOUR)
    right.set(xlabel=f"error, {unit}", title=f"Error: mean {error.mean():.3f}")
    return {"residuals": figure}


def beside(figures: dict[str, float], unit: str) -> "dict[str, Figure]":
    """One figure of several models, the smallest first."""
    ordered = sorted(figures.items(), key=lambda item: -item[1])
    figure, axes = _axes((6, 0.4 * len(ordered) + 1.2))
    bars = axes.barh([name for name, _ in ordered], [value for _, value in ordered], color=COLOUR)
    axes.bar_label(bars, fmt="%.2f", padding=3)
    axes.set(xlabel=unit, title="Beside published models")
    return {"published": figure}


def _axes(size: tuple[float, float]) -> "tuple[Figure, Any]":
    figure = _figure(figsize=size, layout="constrained")
    return figure, figure.subplots()


def _figure(**options: Any) -> "Figure":
    """Matplotlib is imported by the first picture: what serves draws none, and saves 28 MB."""
    from matplotlib.figure import Figure

    return Figure(**options)
