"""Whether a message is negative, neutral or positive; score = P(positive) - P(negative)."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.enums import Sentiment
from core.params.language import SentimentParams
from models import learning_curve
from models.contract import Artefact, Card
from models.support import heads
from models.support import mistakes as pages
from models.support.heads import META, WEIGHTS, Floats, Head, HeadRecipe

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAME = "sentiment"
BASELINE = "TF-IDF + logistic regression"
PRIMARY = "accuracy"
HIGHER_IS_BETTER = True
INPUTS = ("text", "embedding")
ABOUT = Card(
    purpose="Notices that a user is upset, so that a person can step in.",
    limits="English text invented for this project; sarcasm and mixed feelings are hard.",
    not_for="Judging a person; it reads one message at a time.",
)
LABELS = [str(label) for label in (Sentiment.NEGATIVE, Sentiment.NEUTRAL, Sentiment.POSITIVE)]


class SentimentModel:
    """The loaded head."""

    def __init__(self, artefact: Artefact) -> None:
        meta = json.loads(artefact[META])
        self._head = Head.from_bytes(artefact[WEIGHTS])
        self._temperature: float = meta["temperature"]
        self.encoder_sha256: str = meta["encoder_sha256"]

    def probabilities(self, embeddings: NDArray[np.float32], texts: Sequence[str]) -> Floats:
        """Calibrated, shape (n, 3): negative, neutral, positive."""
        return heads.softmax(self._head.logits(embeddings, texts) / self._temperature)

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """negative, neutral, positive, label, score; one row a message."""
        embeddings = heads.stack(rows["embedding"].tolist())
        return _frame(self.probabilities(embeddings, rows["text"].tolist()), rows.index)


def _frame(probabilities: Floats, index: pd.Index) -> pd.DataFrame:
    frame = pd.DataFrame(probabilities, columns=LABELS, index=index)
    return frame.assign(
        label=np.asarray(LABELS)[probabilities.argmax(axis=1)],
        score=frame["positive"] - frame["negative"],
    )


def fit(train: pd.DataFrame, validate: pd.DataFrame, params: SentimentParams) -> Artefact:
    """Fit on ``train``; choose strength and temperature on ``validate``, by log loss."""
    known, texts = heads.stack(train["embedding"].tolist()), train["text"].tolist()
    asked = heads.stack(validate["embedding"].tolist()), validate["text"].tolist()
    right = np.array([LABELS.index(label) for label in validate["label"]])

    def learned(c: float) -> tuple[float, HeadRecipe, Head, float]:
        recipe = HeadRecipe(
            c, params.dimensions, params.directions, params.lexical_weight, params.seed
        )
        head = heads.fit_head(known, texts, train["label"].tolist(), LABELS, recipe)
        logits = head.logits(*asked)
        temperature = heads.temperature(logits, right)
        sure = heads.softmax(logits / temperature)[np.arange(len(right)), right]
        return float(-np.log(sure).mean()), recipe, head, temperature

    _, recipe, head, temperature = min(map(learned, params.cs), key=lambda found: found[0])
    meta = {
        "classes": LABELS,
        "c": recipe.c,
        "temperature": temperature,
        "encoder_sha256": heads.encoder_of(train),
        learning_curve.CURVE: learning_curve.curve(
            "messages learned from", "accuracy on validation rows",
            heads.growth(train, validate, head, LABELS, recipe),
        ),
    }  # fmt: skip
    return {WEIGHTS: head.to_bytes(), META: json.dumps(meta, sort_keys=True).encode()}


def load(artefact: Artefact) -> SentimentModel:
    """The head from verified bytes."""
    return SentimentModel(artefact)


def baseline(train: pd.DataFrame, test: pd.DataFrame, params: SentimentParams) -> pd.DataFrame:
    """TF-IDF of words and word pairs with logistic regression."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    model = LogisticRegression(C=10.0, max_iter=500, random_state=params.seed)
    model.fit(words.fit_transform(train["text"]), train["label"])
    order = [list(model.classes_).index(label) for label in LABELS]
    return _frame(model.predict_proba(words.transform(test["text"]))[:, order], test.index)


def losses(predictions: pd.DataFrame, rows: pd.DataFrame) -> Floats:
    """1 for a wrong label."""
    wrong: Floats = np.asarray(predictions["label"] != rows["label"], dtype="float64")
    return wrong


def from_mean_loss(loss: float) -> float:
    """Accuracy."""
    return 1 - loss


def score(predictions: pd.DataFrame, rows: pd.DataFrame) -> dict[str, float]:
    """Accuracy, macro-F1 and the gap between confidence and accuracy."""
    from sklearn.metrics import f1_score

    from models.judging import expected_calibration_error

    right = losses(predictions, rows) == 0
    macro = f1_score(
        rows["label"], predictions["label"], average="macro", labels=LABELS, zero_division=0
    )
    surest = predictions[LABELS].to_numpy("float64").max(axis=1)
    return {
        "accuracy": from_mean_loss(float(losses(predictions, rows).mean())),
        "macro_f1": float(macro),
        "calibration_error": expected_calibration_error(surest, right),
    }


def slices(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """By true label and by length."""
    length = rows["text"].str.count(" ") + 1
    return {
        "label": rows["label"],
        "words": pd.cut(length, [0, 8, 16, np.inf], labels=["1-8", "9-16", "17+"]).astype(str),
    }


def mistakes(predictions: pd.DataFrame, rows: pd.DataFrame) -> str:
    """The worst confusions, with messages."""
    return pages.confusions(rows["text"], rows["label"], predictions["label"])


def plots(predictions: pd.DataFrame, rows: pd.DataFrame) -> "dict[str, Figure]":
    """Confusion and reliability."""
    from models.support import pictures

    surest = predictions[LABELS].to_numpy("float64").max(axis=1)
    return {
        "confusion": pictures.confusion(rows["label"], predictions["label"], LABELS),
        "reliability": pictures.reliability(surest, losses(predictions, rows) == 0),
    }
