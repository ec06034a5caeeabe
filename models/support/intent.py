"""Intent of a message out of 43, or none of them: a head on the shared encoder.

Probabilities are calibrated by temperature; a message is out of scope when its score of not
belonging passes a threshold chosen on validation rows for a stated share of false rejects.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.intents import DANGER_INTENTS, LABELS, UNKNOWN, complexity
from core.params.language import IntentParams
from models import learning_curve
from models.contract import Artefact, Card
from models.support import heads, outside
from models.support import mistakes as pages
from models.support.heads import META, WEIGHTS, Floats, Head, HeadRecipe
from models.support.outside import Known

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAME = "intent"
BASELINE = "TF-IDF + LinearSVC"
PRIMARY = "accuracy"
HIGHER_IS_BETTER = True
INPUTS = ("text", "embedding")
KNOWN = "known.safetensors"
ABOUT = Card(
    purpose="Tells which of 43 things a user wants, or that it is none of them.",
    limits="English; wrong for a quarter of Spanish and French messages. Learned from invented "
    "messages of riders and drivers. A message with two wishes gets one intent, the other shows as "
    "the second guess.",
    not_for="Deciding about a person; or emergencies alone: the safety words are checked beside.",
)


@dataclass(frozen=True, slots=True)
class IntentGuess:
    """What is known of a batch of messages; arrays of length n."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    confidence: Floats
    margin: Floats
    out_of_scope: NDArray[np.bool_]
    danger: Floats
    """Probability that somebody is or was in danger, whichever intent came first."""
    probabilities: Floats
    """Shape (n, k), in the order of ``classes``."""
    classes: tuple[str, ...] = LABELS
    """``core.intents.LABELS``, unless the head was learned from a file with labels of its own."""

    def label(self, row: int) -> str:
        """``unknown`` for a message out of scope, else its intent."""
        return UNKNOWN if self.out_of_scope[row] else self.classes[self.first[row]]


class IntentModel:
    """The loaded head."""

    def __init__(self, artefact: Artefact) -> None:
        from safetensors.numpy import load

        self._meta: dict[str, Any] = json.loads(artefact[META])
        self._head = Head.from_bytes(artefact[WEIGHTS])
        self._known = Known(**load(artefact[KNOWN]))
        self.classes: tuple[str, ...] = tuple(self._meta["classes"])
        self._in_scope = np.array([name != UNKNOWN for name in self.classes])
        self._danger = np.array([name in DANGER_INTENTS for name in self.classes])
        self.encoder_sha256: str = self._meta["encoder_sha256"]

    def guess(self, embeddings: NDArray[np.float32], texts: Sequence[str]) -> IntentGuess:
        """First and second intent, calibrated confidence, and whether it is out of scope."""
        logits = self._head.logits(embeddings, texts) / self._meta["temperature"]
        probabilities = heads.softmax(logits)
        far = outside.scores(logits, embeddings, self._known, self.classes)
        out = far[self._meta["outside_score"]] > self._meta["outside_threshold"]
        within = np.where(self._in_scope, probabilities, -1.0)
        order = np.argsort(-within, axis=1)[:, :2]
        rows = np.arange(len(within))
        first, second = within[rows, order[:, 0]], within[rows, order[:, 1]]
        # a message far outside is unlikely to be the likeliest intent
        confidence = np.where(out, 1 - first, first)
        danger = probabilities[:, self._danger].sum(axis=1)
        return IntentGuess(
            order[:, 0], order[:, 1], confidence, first - second, out, danger, probabilities,
            self.classes,
        )  # fmt: skip

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """intent, first_intent (even of a message out of scope), second_intent, confidence, margin,
        out_of_scope; one row a message.
        """
        guess = self.guess(heads.stack(rows["embedding"].tolist()), rows["text"].tolist())
        names = np.asarray(self.classes, dtype=object)
        return pd.DataFrame(
            {
                "intent": np.where(guess.out_of_scope, UNKNOWN, names[guess.first]),
                "first_intent": names[guess.first],
                "second_intent": names[guess.second],
                "confidence": guess.confidence,
                "margin": guess.margin,
                "out_of_scope": guess.out_of_scope,
            },
            index=rows.index,
        )


def fit(train: pd.DataFrame, validate: pd.DataFrame, params: IntentParams) -> Artefact:
    """Fit on ``train``; temperature and out-of-scope threshold on ``validate``.

    The classes are ``core.intents.LABELS`` where every label of ``train`` is one of them, else the
    labels of ``train``.
    """
    from safetensors.numpy import save

    recipe = HeadRecipe(
        params.c, params.dimensions, params.directions, params.lexical_weight, params.seed
    )
    labels = set(train["label"])
    classes = LABELS if labels <= set(LABELS) else tuple(sorted(labels))
    vectors = heads.stack(train["embedding"].tolist())
    head = heads.fit_head(vectors, train["text"].tolist(), train["label"].tolist(), classes, recipe)
    known = Known.of(vectors, train["label"].tolist())
    asked = heads.stack(validate["embedding"].tolist())
    logits = head.logits(asked, validate["text"].tolist())
    right = np.array(
        [classes.index(label) if label in labels else -1 for label in validate["label"]]
    )
    degree = heads.temperature(logits[right >= 0], right[right >= 0])
    name, threshold = outside.choose(
        outside.scores(logits / degree, asked, known, classes),
        (validate["label"] == UNKNOWN).to_numpy(),
        params.false_reject_rate,
    )
    meta = {
        "classes": list(classes),
        "temperature": degree,
        "outside_score": name,
        "outside_threshold": threshold,
        "encoder_sha256": heads.encoder_of(train),
        learning_curve.CURVE: learning_curve.curve(
            "messages learned from", "accuracy on validation rows",
            heads.growth(train, validate, head, classes, recipe),
        ),
    }  # fmt: skip
    return {
        WEIGHTS: head.to_bytes(),
        KNOWN: save({"means": known.means, "whiten": np.ascontiguousarray(known.whiten)}),
        META: json.dumps(meta, sort_keys=True).encode(),
    }


def load(artefact: Artefact) -> IntentModel:
    """The head from verified bytes."""
    return IntentModel(artefact)


def baseline(train: pd.DataFrame, test: pd.DataFrame, params: IntentParams) -> pd.DataFrame:
    """TF-IDF of words and word pairs with a linear support vector machine, ``unknown`` a class."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    model = make_pipeline(words, LinearSVC(random_state=params.seed))
    model.fit(train["text"], train["label"])
    scores = model.decision_function(test["text"])
    if scores.ndim == 1:  # two classes: the distance towards the second
        scores = np.stack([-scores, scores], axis=1)
    order = np.argsort(-scores, axis=1)
    first = model.classes_[order[:, 0]]
    return pd.DataFrame(
        {
            "intent": first,
            "first_intent": np.where(first == UNKNOWN, model.classes_[order[:, 1]], first),
            "second_intent": model.classes_[order[:, 1]],
            # a support vector machine has no probabilities
            "confidence": np.nan,
            "margin": np.nan,
            "out_of_scope": first == UNKNOWN,
        },
        index=test.index,
    )


def losses(predictions: pd.DataFrame, rows: pd.DataFrame) -> Floats:
    """0 where the intent is one of the row's acceptable ones, else 1."""
    pairs = zip(predictions["intent"], rows["acceptable"], strict=True)
    return np.array([float(guess not in fair.split("|")) for guess, fair in pairs])


def from_mean_loss(loss: float) -> float:
    """Accuracy; every acceptable intent counts."""
    return 1 - loss


def score(predictions: pd.DataFrame, rows: pd.DataFrame) -> dict[str, float]:
    """Accuracy counts every acceptable intent; macro-F1 only the first. NaN where no row counts, or
    confidence where there is none.

    ``first_guess_*`` are of in-scope rows as if none were rejected.
    """
    from sklearn.metrics import f1_score, roc_auc_score

    right = losses(predictions, rows) == 0
    outside = (rows["label"] == UNKNOWN).to_numpy()
    out = predictions["out_of_scope"].to_numpy(bool)
    confidence = predictions["confidence"].to_numpy("float64")
    likeliest = np.where(out, 1 - confidence, confidence)
    guess = predictions.assign(intent=predictions["first_intent"])[~outside]
    first = losses(guess, rows[~outside]) == 0
    ranked = outside.any() and not outside.all() and not np.isnan(confidence).any()
    return {
        "accuracy": from_mean_loss(float(losses(predictions, rows).mean())),
        "macro_f1": float(
            f1_score(rows["label"], predictions["intent"], average="macro", zero_division=0)
        ),
        "in_scope_accuracy": _mean(right[~outside]),
        "out_of_scope_recall": _mean(out[outside]),
        "false_reject_rate": _mean(out[~outside]),
        "out_of_scope_auroc": float(roc_auc_score(outside, 1 - likeliest)) if ranked else np.nan,
        **_honesty("", confidence, right),
        "first_guess_accuracy": _mean(first),
        **_honesty("first_guess_", likeliest[~outside], first),
    }


def _honesty(prefix: str, confidence: Floats, right: NDArray[np.bool_]) -> dict[str, float]:
    """How far confidence can be believed, and accuracy where it is high."""
    from models.judging import expected_calibration_error

    if np.isnan(confidence).any():
        return {
            f"{prefix}{name}": np.nan for name in ("calibration_error", "accuracy_on_surest_80")
        }
    surest = np.argsort(-confidence, kind="stable")[: max(1, int(0.8 * len(right)))]
    return {
        f"{prefix}calibration_error": expected_calibration_error(confidence, right),
        f"{prefix}accuracy_on_surest_80": _mean(right[surest]),
    }


def _mean(values: NDArray[np.bool_]) -> float:
    return float(values.mean()) if len(values) else float("nan")


def slices(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """By how the message is written and how hard its subject is to handle."""
    level = rows["label"].map(lambda label: "outside" if label == UNKNOWN else complexity(label))
    return {"kind": rows["kind"], "complexity": level.astype(str)}


def mistakes(predictions: pd.DataFrame, rows: pd.DataFrame) -> str:
    """The worst confusions, with messages; another acceptable intent is none."""
    wrong = losses(predictions, rows) == 1
    return pages.confusions(
        rows["text"], rows["label"], predictions["intent"].where(wrong, rows["label"])
    )


def plots(predictions: pd.DataFrame, rows: pd.DataFrame) -> "dict[str, Figure]":
    """Confusion of all labels, reliability, and accuracy over the share that is answered."""
    from models.support import pictures

    right = losses(predictions, rows) == 0
    confidence = predictions["confidence"].to_numpy("float64")
    return {
        "confusion": pictures.confusion(
            rows["label"], predictions["intent"], _ordered({*rows["label"], *predictions["intent"]})
        ),
        "reliability": pictures.reliability(confidence, right),
        "risk_coverage": pictures.risk_coverage(confidence, right),
    }


def _ordered(labels: set[str]) -> list[str]:
    """Our own in the order of their categories, others by name."""
    return sorted(labels, key=lambda name: (LABELS.index(name) if name in LABELS else -1, name))
