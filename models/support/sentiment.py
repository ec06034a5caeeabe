"""Whether a message is negative, neutral or positive; score = P(positive) - P(negative)."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.enums import Sentiment
from core.params.language import SentimentParams
from models.contract import Artefact, Card
from models.judging import expected_calibration_error
from models.support.head import Head, learn, read, save, vectors_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAME = "sentiment"
BASELINE = "tfidf_logistic_regression"
PRIMARY = "accuracy"
HIGHER_IS_BETTER = True
INPUTS = ("embedding",)
ABOUT = Card(
    purpose="noticing that a user is upset, so that a person can step in",
    limits="English text written for this project by a language model; sarcasm is hard",
    not_for="judging users or agents, or any price",
)
LABELS = [label.value for label in Sentiment]


def fit(train: pd.DataFrame, validate: pd.DataFrame, params: SentimentParams) -> Artefact:
    """A calibrated linear head."""
    return save(learn(train, validate, params.c, params.seed))


class SentimentPredictor:
    """label, score and the three probabilities of each row."""

    def __init__(self, head: Head) -> None:
        self.head = head

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """From column ``embedding``."""
        return self.from_vectors(vectors_of(rows)).set_axis(rows.index, axis=0)

    def from_vectors(self, vectors: NDArray[Any]) -> pd.DataFrame:
        """The same from vectors of shape (n, 384)."""
        return _frame(self.head.probabilities(vectors), self.head.labels)


def _frame(probabilities: NDArray[Any], labels: tuple[str, ...]) -> pd.DataFrame:
    frame = pd.DataFrame(probabilities, columns=list(labels))[LABELS]
    return frame.assign(
        label=np.asarray(LABELS)[frame.to_numpy().argmax(1)],
        score=frame["positive"] - frame["negative"],
    )


def load(artefact: Artefact) -> SentimentPredictor:
    """Rebuild the predictor from verified bytes."""
    return SentimentPredictor(read(artefact))


def baseline(train: pd.DataFrame, test: pd.DataFrame, params: SentimentParams) -> pd.DataFrame:
    """TF-IDF of words and word pairs with logistic regression."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    model = LogisticRegression(C=10.0, max_iter=500, random_state=params.seed)
    model.fit(words.fit_transform(train["text"]), train["label"])
    probabilities = model.predict_proba(words.transform(test["text"]))
    return _frame(probabilities, tuple(model.classes_)).set_axis(test.index, axis=0)


def score(predictions: pd.DataFrame, rows: pd.DataFrame) -> dict[str, float]:
    """Accuracy, macro F1, calibration."""
    from sklearn.metrics import f1_score

    right = (predictions["label"] == rows["label"]).to_numpy()
    sure = predictions[LABELS].to_numpy("float64").max(1)
    macro = f1_score(
        rows["label"], predictions["label"], average="macro", labels=LABELS, zero_division=0
    )
    return {
        "accuracy": float(right.mean()),
        "macro_f1": float(macro),
        "ece": expected_calibration_error(sure, right),
    }


def losses(predictions: pd.DataFrame, rows: pd.DataFrame) -> NDArray[np.float64]:
    """1 for a wrong label."""
    return (predictions["label"] != rows["label"]).to_numpy("float64")


def slices(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """By true label and by length."""
    length = rows["text"].str.split().str.len()
    return {
        "label": rows["label"],
        "words": pd.cut(length, [0, 8, 16, np.inf], labels=["1-8", "9-16", "17+"]).astype(str),
    }


def plots(predictions: pd.DataFrame, rows: pd.DataFrame) -> dict[str, "Figure"]:
    """Confusion and reliability."""
    from models.support.pictures import confusion, reliability

    right = (predictions["label"] == rows["label"]).to_numpy()
    sure = predictions[LABELS].to_numpy("float64").max(1)
    return {
        "confusion": confusion(rows["label"], predictions["label"]),
        "reliability": reliability(sure, right),
    }
