"""What others would use, with their own recommended settings, on the same rows."""

from collections.abc import Callable

import numpy as np
import pandas as pd


def classifiers(
    train: pd.DataFrame, test: pd.DataFrame, say: Callable[[str], None]
) -> dict[str, float]:
    """Accuracy of TF-IDF + LinearSVC and of frozen MiniLM + logistic regression."""
    say("  peers: TF-IDF + LinearSVC, frozen MiniLM + logistic regression")
    return {
        "TF-IDF + LinearSVC": _tfidf(train, test),
        "frozen MiniLM + logistic regression": _frozen(train, test),
    }


def _tfidf(train: pd.DataFrame, test: pd.DataFrame) -> float:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    model = make_pipeline(words, LinearSVC(random_state=0)).fit(train["text"], train["label"])
    return float((model.predict(test["text"]) == test["label"]).mean())


def _frozen(train: pd.DataFrame, test: pd.DataFrame) -> float:
    """C is chosen on a tenth of the training rows, out of a grid."""
    from sentence_transformers import SentenceTransformer
    from sklearn.linear_model import LogisticRegression

    from models.support.network import source

    network = SentenceTransformer(str(source()), device="cpu")
    known, asked = (
        network.encode(rows["text"].tolist(), normalize_embeddings=True, show_progress_bar=False)
        for rows in (train, test)
    )
    labels = train["label"].to_numpy()
    aside = np.random.default_rng(0).random(len(known)) < 0.1

    def right(c: float) -> float:
        model = LogisticRegression(C=c, max_iter=300).fit(known[~aside], labels[~aside])
        return float((model.predict(known[aside]) == labels[aside]).mean())

    best = max((1.0, 10.0, 30.0, 100.0), key=right)
    model = LogisticRegression(C=best, max_iter=500).fit(known, labels)
    return float((model.predict(asked) == test["label"].to_numpy()).mean())


def vader(test: pd.DataFrame) -> dict[str, float]:
    """Accuracy and macro-F1 of VADER with its authors' cuts at ±0.05; NaN where not installed."""
    from sklearn.metrics import f1_score

    try:
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer
    except ImportError:
        return {"accuracy": float("nan"), "macro_f1": float("nan")}
    analyser = SentimentIntensityAnalyzer()
    compound = np.array([analyser.polarity_scores(text)["compound"] for text in test["text"]])
    guesses = np.select([compound >= 0.05, compound <= -0.05], ["positive", "negative"], "neutral")
    return {
        "accuracy": float((guesses == test["label"].to_numpy()).mean()),
        "macro_f1": float(f1_score(test["label"], guesses, average="macro")),
    }
