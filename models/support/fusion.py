"""How signals of a match become one ranking, and a ranking a probability of being right."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.enums import Audience
from core.intents import LABELS, UNKNOWN
from models.support.bm25 import Bm25
from models.support.heads import softmax

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Places = NDArray[np.int64]

SIGNALS = [
    "nearest wording", "near wordings", "all wordings", "answer", "words of a wording",
    "words of the answer",
]  # fmt: skip
"""``near wordings``: the softened sum of all, in which several near ones count for more than one.
"""
NEAREST, ANSWER, WORDS = (
    SIGNALS.index(n) for n in ("nearest wording", "answer", "words of a wording")
)
SHARPNESS = 20.0
LEXICAL_SCALE = 0.1  # BM25 scores run to about 10, cosines to 1
FORBIDDEN = -1e9


@dataclass(frozen=True, slots=True)
class Found:
    """The best items of n questions: row numbers and scores (n, k), confidence (n,)."""

    places: Places
    scores: Floats
    confidence: Floats


def allowed(items: pd.DataFrame, audiences: Sequence[str], languages: Sequence[str]) -> Flags:
    """Which items each asker may see, shape (questions, items). Corporate users also ride."""
    meant = items["audience"].to_numpy()[None, :]
    asks = np.asarray(audiences, dtype=object)[:, None]
    also = (asks == Audience.CORPORATE.value) & (meant == Audience.RIDER.value)
    same = items["language_code"].to_numpy()[None, :] == np.asarray(languages, object)[:, None]
    found: Flags = ((meant == asks) | (meant == Audience.ALL.value) | also) & same
    return found


class Index:
    """The texts of all items, their vectors, and which item each belongs to."""

    def __init__(
        self,
        items: pd.DataFrame,
        texts: Sequence[str],
        vectors: NDArray[np.float32],
        owner: Places,
        answers: Flags,
        bm25: tuple[float, float],
    ) -> None:
        self._items = items
        self._seen_by: dict[tuple[str, str], Flags] = {}
        self.intents = np.array([LABELS.index(intent) for intent in items["intent"]])
        wordings, self._starts = _grouped(owner, ~answers)
        replies, self._answer_starts = _grouped(owner, answers)
        # wordings first, then answers, those of an item side by side: its best is one reduceat
        order = np.concatenate([wordings, replies])
        self._split = len(wordings)
        self._vectors = np.ascontiguousarray(vectors[order].T)
        self._lexical = Bm25([texts[place] for place in order], *bm25)
        self._counts = np.diff([*self._starts, self._split])

    def allowed(self, audiences: Sequence[str], languages: Sequence[str]) -> Flags:
        """As the function of this name; there are few kinds of askers, so each is kept."""
        kinds = list(zip(audiences, languages, strict=True))
        fresh = [kind for kind in dict.fromkeys(kinds) if kind not in self._seen_by]
        if fresh:
            rows = allowed(self._items, *zip(*fresh, strict=True))
            self._seen_by |= dict(zip(fresh, rows, strict=True))
        none = np.empty((0, len(self._items)), bool)
        return np.stack([self._seen_by[kind] for kind in kinds]) if kinds else none

    def signals(self, texts: Sequence[str], embeddings: NDArray[np.float32]) -> Floats:
        """Shape (questions, items, signals)."""
        near = embeddings @ self._vectors
        words = self._lexical.scores(texts) * LEXICAL_SCALE
        said, answered = slice(None, self._split), slice(self._split, None)
        alike = np.add.reduceat(np.exp(SHARPNESS * near[:, said]), self._starts, axis=1)
        return np.stack(
            [
                np.maximum.reduceat(near[:, said], self._starts, axis=1),
                np.log(alike) / SHARPNESS,
                np.add.reduceat(near[:, said], self._starts, axis=1) / self._counts,
                np.maximum.reduceat(near[:, answered], self._answer_starts, axis=1),
                np.maximum.reduceat(words[:, said], self._starts, axis=1),
                np.maximum.reduceat(words[:, answered], self._answer_starts, axis=1),
            ],
            axis=-1,
        ).astype("float64")


def _grouped(owner: Places, wanted: Flags) -> tuple[Places, Places]:
    """Row numbers of the wanted texts ordered by item, and where each item begins among them."""
    rows = np.flatnonzero(wanted)
    rows = rows[np.argsort(owner[rows], kind="stable")]
    return rows, np.searchsorted(owner[rows], np.arange(owner.max() + 1))


def rank(
    signals: Floats,
    may: Flags,
    intents: Places,
    probabilities: Floats,
    weights: Floats,
    confidence: Floats,
    top_k: int,
) -> Found:
    """The ``top_k`` items of each question; place -1 and confidence 0 where none is allowed.

    ``intents``: of each item, as places in ``LABELS``; ``probabilities``: of each question's
    intent, shape (questions, 44).
    """
    scores = np.where(may, signals @ weights, FORBIDDEN)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :top_k]
    best = np.take_along_axis(scores, order, axis=1)
    evidence = _evidence(signals, scores, intents, order, probabilities)
    sure = 1 / (1 + np.exp(-(evidence @ confidence[:-1] + confidence[-1])))
    none = best <= FORBIDDEN / 2
    return Found(
        np.where(none, -1, order), np.where(none, 0.0, best), np.where(none[:, 0], 0.0, sure)
    )


def _evidence(
    signals: Floats, scores: Floats, intents: Places, order: Places, probabilities: Floats
) -> Floats:
    """What speaks for the first item, shape (questions, 12).

    Its share and lead among all items; the share and lead of its intent; how near its wording and
    answer lie; how many of the words agree; whether words alone find the same item. Then what the
    intent model says, which saw none of this: how probable the item's intent is, as a share and as
    log odds, how probable none at all, and how far its first guess leads.
    """
    shares = softmax(scores)
    rows, first = np.arange(len(scores)), order[:, 0]
    second = order[:, min(1, order.shape[1] - 1)]
    by_intent = np.zeros((len(scores), len(LABELS)))
    np.add.at(by_intent.T, intents, shares.T)
    own = by_intent[rows, intents[first]]
    others = by_intent.copy()
    others[rows, intents[first]] = 0.0
    lexical = np.where(scores > FORBIDDEN / 2, signals[:, :, WORDS], -1.0)
    agrees = np.clip(probabilities[rows, intents[first]], 1e-4, 1 - 1e-4)
    guesses = np.sort(probabilities, axis=1)
    return np.stack(
        [
            shares[rows, first],
            shares[rows, first] - shares[rows, second],
            own,
            own - others.max(axis=1),
            signals[rows, first, NEAREST],
            signals[rows, first, ANSWER],
            signals[rows, first, WORDS],
            lexical.argmax(axis=1) == first,
            agrees,
            np.log(agrees / (1 - agrees)),
            probabilities[:, LABELS.index(UNKNOWN)],
            guesses[:, -1] - guesses[:, -2],
        ],
        axis=1,
    ).astype("float64")


def learn_weights(signals: Floats, may: Flags, right: Places, penalty: float) -> Floats:
    """Non-negative weights under which the right item gets most of the probability.

    A conditional logit over the items a question may see. ``right`` is -1 where none answers;
    those questions say nothing about ranking and are left out.

    Source
    ------
    McFadden (1974), Conditional Logit Analysis of Qualitative Choice Behavior.
    """
    from scipy.optimize import minimize

    kept = right >= 0
    signals, may, right = signals[kept], may[kept], right[kept]
    rows = np.arange(len(right))
    chosen = signals[rows, right]

    def loss(weights: Floats) -> tuple[float, Floats]:
        shares = softmax(np.where(may, signals @ weights, FORBIDDEN))
        expected = np.einsum("qi,qis->qs", shares, signals)
        value = -np.log(shares[rows, right] + 1e-12).mean() + penalty * weights @ weights
        return float(value), 2 * penalty * weights - (chosen - expected).mean(axis=0)

    count = signals.shape[-1]
    found = minimize(loss, np.ones(count), jac=True, method="L-BFGS-B", bounds=[(0, None)] * count)
    return np.asarray(found.x, "float64")


def learn_confidence(
    signals: Floats,
    may: Flags,
    intents: Places,
    probabilities: Floats,
    right: Places,
    weights: Floats,
) -> Floats:
    """Coefficients and constant of the probability that the first item is the right one."""
    from sklearn.linear_model import LogisticRegression

    scores = np.where(may, signals @ weights, FORBIDDEN)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :2]
    evidence = _evidence(signals, scores, intents, order, probabilities)
    # on one scale, so that the penalty is as strict with all of them
    middle, spread = evidence.mean(axis=0), evidence.std(axis=0) + 1e-9
    model = LogisticRegression(C=1.0, max_iter=1000)
    model.fit((evidence - middle) / spread, order[:, 0] == right)
    slopes = model.coef_[0] / spread
    return np.array([*slopes, model.intercept_[0] - slopes @ middle])
