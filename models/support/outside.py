"""How far a message lies outside all that a classifier knows; larger is further.

Several scores of the same thing. Which one is used, and where it cuts, is chosen on validation rows
(`choose`); without any outside row there it is `FALLBACK`, which was best where it could be chosen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from core.intents import UNKNOWN

Floats = NDArray[np.float64]
FALLBACK = "energy"
NOTHING = 1e9
"""A threshold that no score passes."""
SHRINKAGE = 0.1


@dataclass(frozen=True)
class Known:
    """Where known messages lie: ``means`` (k, w) of the classes, ``whiten`` (w, w) of their spread.

    A vector times ``whiten`` has unit spread around its class mean in every direction.
    """

    means: NDArray[np.float32]
    whiten: NDArray[np.float32]

    @cached_property
    def _centres(self) -> NDArray[np.float32]:
        """The means in the space of unit spread."""
        return self.means @ self.whiten

    @classmethod
    def of(cls, vectors: NDArray[np.float32], labels: Sequence[str]) -> "Known":
        """From the vectors that a head learns from; outside ones are left out."""
        names, codes = np.unique(np.asarray(labels, str), return_inverse=True)
        inside = names[codes] != UNKNOWN
        vectors, codes = vectors[inside].astype("float64"), codes[inside]
        codes = np.unique(codes, return_inverse=True)[1]
        sums = np.zeros((codes.max() + 1, vectors.shape[1]))
        np.add.at(sums, codes, vectors)
        means = sums / np.bincount(codes)[:, None]
        around = vectors - means[codes]
        spread = around.T @ around / len(around)
        spread += SHRINKAGE * np.trace(spread) / len(spread) * np.eye(len(spread))
        values, directions = np.linalg.eigh(spread)
        whiten = directions / np.sqrt(values)
        return cls(means.astype("float32"), whiten.astype("float32"))

    def distance(self, vectors: NDArray[np.float32]) -> Floats:
        """Mahalanobis distance to the nearest class mean.

        Source
        ------
        Lee et al. (2018), A Simple Unified Framework for Detecting Out-of-Distribution Samples.
        """
        own, means = vectors @ self.whiten, self._centres
        squares = (own**2).sum(1)[:, None] - 2 * own @ means.T + (means**2).sum(1)
        return np.sqrt(np.maximum(squares.min(axis=1), 0)).astype("float64")


def scores(
    logits: Floats, vectors: NDArray[np.float32], known: Known, classes: Sequence[str]
) -> dict[str, Floats]:
    """Every score of a batch, each of shape (n,). ``logits`` are calibrated."""
    inside = np.array([name != UNKNOWN for name in classes])
    lifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = lifted / lifted.sum(axis=1, keepdims=True)
    within, best = probabilities[:, inside], probabilities[:, inside].max(axis=1)
    found = {
        "distance": known.distance(vectors),
        "energy": -np.logaddexp.reduce(logits[:, inside], axis=1),
        "no_probable_class": 1 - best,
        "spread_over_classes": -(within * np.log(within + 1e-12)).sum(axis=1),
    }
    if not inside.all():
        outside = probabilities[:, ~inside].sum(axis=1)
        found["unknown_probability"] = outside
        found["unknown_against_best"] = np.log(outside + 1e-12) - np.log(best + 1e-12)
        found["spread_over_classes"] = found["spread_over_classes"] + outside
    return found


def choose(
    found: Mapping[str, Floats], outside: NDArray[np.bool_], false_rejects: float
) -> tuple[str, float]:
    """The score that tells ``outside`` rows best, and where it rejects that share of the rest.

    The place is the conformal one: on new rows no larger a share is expected to be rejected. With
    too few rows to promise that, nothing is.

    Source
    ------
    Papadopoulos et al. (2002), Inductive Confidence Machines for Regression.
    """
    from sklearn.metrics import roc_auc_score

    best = FALLBACK
    if outside.any():
        areas = {name: float(roc_auc_score(outside, values)) for name, values in found.items()}
        best = max(areas, key=lambda name: areas[name])
    inside = np.sort(found[best][~outside])
    rank = int(np.ceil((len(inside) + 1) * (1 - false_rejects)))
    return best, float(inside[rank - 1]) if rank <= len(inside) else NOTHING
