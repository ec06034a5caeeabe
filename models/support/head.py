"""A linear head on the shared sentence vectors: learned by scikit-learn, kept as plain arrays.

Intent and sentiment are both one: logistic regression, its temperature chosen on rows it did not
learn from, its weights in safetensors.
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.contract import Artefact

Floats = NDArray[np.float64]
TEMPERATURES = np.geomspace(0.2, 5.0, 61)


@dataclass(frozen=True, slots=True)
class Head:
    """Weights (384, k), bias (k,), labels (k), temperature, and the encoder they belong to."""

    weights: Floats
    bias: Floats
    labels: tuple[str, ...]
    temperature: float
    encoder_sha256: str
    extra: dict[str, Any]

    def logits(self, vectors: NDArray[Any]) -> Floats:
        """Calibrated logits of shape (n, k)."""
        return np.asarray((vectors @ self.weights + self.bias) / self.temperature)

    def probabilities(self, vectors: NDArray[Any]) -> Floats:
        """Shape (n, k); rows sum to one."""
        return softmax(self.logits(vectors))


def softmax(logits: Floats) -> Floats:
    """Row-wise, without overflow."""
    shifted = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(shifted / shifted.sum(1, keepdims=True))


def vectors_of(rows: pd.DataFrame) -> Floats:
    """The sentence vectors of rows, shape (n, 384), from their column ``embedding``."""
    return np.stack([np.asarray(v, "float64") for v in rows["embedding"]])


def learn(train: pd.DataFrame, validate: pd.DataFrame, c: float, seed: int) -> Head:
    """Fit on ``train``, choose the temperature by log loss on ``validate``.

    Source
    ------
    Guo et al. (2017), On Calibration of Modern Neural Networks: temperature scaling.
    """
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=c, max_iter=200, tol=1e-3, random_state=seed)
    model.fit(vectors_of(train), train["label"])
    weights, bias = model.coef_.T, model.intercept_
    if weights.shape[1] == 1:
        weights, bias = np.hstack([-weights, weights]) / 2, np.array([-bias[0], bias[0]]) / 2
    labels = tuple(str(label) for label in model.classes_)
    known = validate[validate["label"].isin(labels)]
    target = pd.Categorical(known["label"], categories=labels).codes
    raw = vectors_of(known) @ weights + bias
    rows = np.arange(len(known))
    losses = [-np.log(softmax(raw / t)[rows, target] + 1e-12).mean() for t in TEMPERATURES]
    best = float(TEMPERATURES[int(np.argmin(losses))])
    return Head(weights, bias, labels, best, str(train["encoder_sha256"].iloc[0]), {})


def save(head: Head) -> Artefact:
    """The head as two files."""
    from safetensors.numpy import save as pack

    arrays = {"weights": head.weights.astype("float32"), "bias": head.bias.astype("float32")}
    meta = {
        "labels": list(head.labels),
        "temperature": head.temperature,
        "encoder_sha256": head.encoder_sha256,
        **head.extra,
    }
    return {
        "head.safetensors": pack(arrays),
        "meta.json": json.dumps(meta, sort_keys=True).encode(),
    }


def read(artefact: Artefact) -> Head:
    """A head from verified bytes."""
    from safetensors.numpy import load as unpack

    meta = json.loads(artefact["meta.json"])
    arrays = unpack(artefact["head.safetensors"])
    return Head(
        arrays["weights"].astype("float64"),
        arrays["bias"].astype("float64"),
        tuple(meta.pop("labels")),
        meta.pop("temperature"),
        meta.pop("encoder_sha256"),
        meta,
    )
