"""Pictures of classifiers that a reviewer looks at."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def confusion(labels: pd.Series, guesses: pd.Series, classes: Sequence[str]) -> "Figure":
    """True label down, guess across; colour is the share of the row."""
    counts = pd.crosstab(labels, guesses).reindex(
        index=list(classes), columns=list(classes), fill_value=0
    )
    shares = counts.to_numpy("float64") / np.maximum(counts.sum(axis=1).to_numpy()[:, None], 1)
    side = max(4.0, 0.22 * len(classes) + 2)
    figure = _figure(figsize=(side, side), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(shares, vmin=0, vmax=1, cmap="Blues")
    axes.set_xticks(range(len(classes)), labels=list(classes), rotation=90, fontsize=7)
    axes.set_yticks(range(len(classes)), labels=list(classes), fontsize=7)
    axes.set(xlabel="guess", ylabel="label")
    figure.colorbar(image, ax=axes, shrink=0.6, label="share of the label's rows")
    return figure


def reliability(confidence: Floats, right: Flags, bins: int = 10) -> "Figure":
    """Accuracy against confidence; on the diagonal a probability means what it says."""
    which = np.clip((confidence * bins).astype(int), 0, bins - 1)
    counts = np.bincount(which, minlength=bins)
    filled = counts > 0
    accuracy = np.bincount(which, right, bins)[filled] / counts[filled]
    mean = np.bincount(which, confidence, bins)[filled] / counts[filled]
    figure = _figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
    axes.scatter(mean, accuracy, s=8 + 3 * counts[filled])
    axes.set(xlabel="confidence", ylabel="accuracy", xlim=(0, 1), ylim=(0, 1))
    return figure


def risk_coverage(confidence: Floats, right: Flags) -> "Figure":
    """Accuracy on the surest share of rows, for every share."""
    order = np.argsort(-confidence, kind="stable")
    count = np.arange(1, len(order) + 1)
    figure = _figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot(count / len(order), np.cumsum(right[order]) / count)
    axes.set(xlabel="share answered, surest first", ylabel="accuracy", xlim=(0, 1))
    return figure


def shares(groups: Sequence[int], hits: Sequence[bool], group: str, hit: str) -> "Figure":
    """The share of hits in each group, with how many there are."""
    frame = pd.DataFrame({"group": groups, "hit": hits}).groupby("group")["hit"]
    figure = _figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    bars = axes.bar(frame.mean().index.astype(str), frame.mean())
    axes.bar_label(bars, [f"n={count}" for count in frame.count()])
    axes.set(xlabel=group, ylabel=f"share {hit}", ylim=(0, 1.1))
    return figure


def _figure(**options: Any) -> "Figure":
    """Matplotlib is imported by the first picture: what serves draws none, and saves 28 MB."""
    from matplotlib.figure import Figure

    return Figure(**options)
