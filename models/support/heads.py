"""A linear head on sentence vectors and hashed n-grams; what intent and sentiment share.

The vectors carry meaning, the n-grams carry the exact words (names of products, mistyped words).
For fitting, the n-grams are projected to a few hundred directions; afterwards the projection is
folded into the weights, so that prediction is one sparse product.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.errors import ReleaseRefused
from features.text import hashed_grams, normalise

Floats = NDArray[np.float64]
WEIGHTS, META = "head.safetensors", "meta.json"


@dataclass(frozen=True)
class Head:
    """Weights of one head: ``dense`` (384, k), ``lexical`` (dimensions, k), ``bias`` (k,)."""

    dense: NDArray[np.float32]
    lexical: NDArray[np.float32]
    bias: NDArray[np.float32]

    def logits(self, embeddings: NDArray[np.float32], texts: Sequence[str]) -> Floats:
        """Shape (n, k), before calibration."""
        grams = hashed_grams([normalise(text) for text in texts], len(self.lexical))
        found: Floats = (embeddings @ self.dense + grams @ self.lexical + self.bias).astype(
            "float64"
        )
        return found

    def to_bytes(self) -> bytes:
        from safetensors.numpy import save

        # safetensors writes memory as it lies: a transposed array would come back scrambled
        arrays = {"dense": self.dense, "lexical": self.lexical.astype("f2"), "bias": self.bias}
        return save({name: np.ascontiguousarray(array) for name, array in arrays.items()})

    @classmethod
    def from_bytes(cls, content: bytes) -> "Head":
        from safetensors.numpy import load

        stored = load(content)
        return cls(stored["dense"], stored["lexical"].astype("float32"), stored["bias"])


@dataclass(frozen=True, slots=True)
class HeadRecipe:
    """Inverse regularisation, hashed dimensions, projected directions, weight of the n-grams."""

    c: float
    dimensions: int
    directions: int
    lexical_weight: float
    seed: int


def fit_head(
    embeddings: NDArray[np.float32],
    texts: Sequence[str],
    labels: Sequence[str],
    classes: Sequence[str],
    recipe: HeadRecipe,
) -> Head:
    """Multinomial logistic regression; one column of weights for each of ``classes``."""
    from scipy.sparse import diags
    from sklearn.decomposition import TruncatedSVD
    from sklearn.linear_model import LogisticRegression

    absent = sorted(set(classes) - set(labels))
    if absent:
        raise ReleaseRefused(f"expected training text for every label; none for {absent}")
    grams = hashed_grams([normalise(text) for text in texts], recipe.dimensions)
    rarity = np.log((1 + len(texts)) / (1 + grams.getnnz(axis=0))).astype("float32")
    weighted = grams @ diags(rarity)
    typical = float(np.sqrt(weighted.power(2).sum(axis=1).mean()))
    rarity *= recipe.lexical_weight / typical
    weighted = grams @ diags(rarity)
    svd = TruncatedSVD(recipe.directions, n_iter=3, random_state=recipe.seed).fit(weighted)
    known = np.hstack([embeddings, weighted @ svd.components_.T]).astype("float32")
    model = LogisticRegression(C=recipe.c, max_iter=300).fit(known, np.asarray(labels))
    order = [list(model.classes_).index(label) for label in classes]
    rows, bias = model.coef_, model.intercept_
    if len(classes) == 2:  # scikit-learn keeps one row for two classes: that of the second
        rows, bias = np.vstack([-rows, rows]) / 2, np.concatenate([-bias, bias]) / 2
    weights = rows[order].T.astype("float32")
    width = embeddings.shape[1]
    lexical = rarity[:, None] * (svd.components_.T @ weights[width:])
    return Head(weights[:width], lexical.astype("float32"), bias[order].astype("f4"))


CURVE_SHARES = (0.25, 0.5, 0.75)


def growth(
    train: pd.DataFrame,
    validate: pd.DataFrame,
    head: Head,
    classes: Sequence[str],
    recipe: HeadRecipe,
) -> list[tuple[float, float]]:
    """(messages learned from, accuracy on validation rows), the head itself last.

    The smaller ones are learned on vectors alone.
    """
    from sklearn.linear_model import LogisticRegression

    known, asked = (stack(part["embedding"].tolist()) for part in (train, validate))
    labels, right = train["label"].to_numpy(object), validate["label"].to_numpy(object)
    order = np.random.default_rng(recipe.seed).permutation(len(known))
    points = []
    for share in CURVE_SHARES:
        some = order[: int(share * len(order))]
        if len(set(labels[some])) < 2:
            continue
        model = LogisticRegression(C=recipe.c, max_iter=100).fit(known[some], labels[some])
        points.append((float(len(some)), float((model.predict(asked) == right).mean())))
    guesses = head.logits(asked, validate["text"].tolist()).argmax(axis=1)
    whole = float((np.asarray(classes, object)[guesses] == right).mean())
    return [*points, (float(len(known)), whole)]


def stack(column: Sequence[Sequence[float]]) -> NDArray[np.float32]:
    """The ``embedding`` column of rows as an array of shape (n, width)."""
    return np.asarray(list(column), dtype="float32")


def softmax(logits: Floats) -> Floats:
    """Rows of probabilities."""
    lifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    found: Floats = lifted / lifted.sum(axis=1, keepdims=True)
    return found


def temperature(logits: Floats, right: NDArray[np.int64]) -> float:
    """What to divide logits by so that probabilities are honest; minimises log loss.

    Source
    ------
    Guo et al. (2017), On Calibration of Modern Neural Networks, section 4.2.
    """
    from scipy.optimize import minimize_scalar

    def loss(log_t: float) -> float:
        probabilities = softmax(logits / np.exp(log_t))
        return float(-np.log(probabilities[np.arange(len(right)), right] + 1e-12).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-3.0, 3.0), method="bounded").x))


def encoder_of(rows: pd.DataFrame) -> str:
    """SHA-256 of the encoder that embedded these rows; the dataset writes it beside the vectors."""
    found = set(rows["encoder_sha256"])
    if len(found) != 1:
        raise ReleaseRefused(f"expected rows embedded by one encoder, got {sorted(found)}")
    return str(found.pop())
