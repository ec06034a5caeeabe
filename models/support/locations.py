"""Which words of a message name a place: a tagger of begin, inside and outside, word by word.

Ids, amounts, phones and dates have a form, so rules find them (`engines.support.entities`); the
names of places have none. A logistic regression reads a word, its shape, its neighbours and what
MiniLM's table of word pieces knows of it; the likeliest sequence in which nothing is inside before
it began is taken.
"""

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from core.params.language import LocationsParams
from features.places import Span, describe, tokens
from features.text import column
from models.contract import Artefact, Card
from models.support import mistakes as pages
from models.support import network, pieces

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAME = "locations"
BASELINE = "capitalised words and numbers after to, from, at, in, near or on"
PRIMARY = "f1"
HIGHER_IS_BETTER = True
INPUTS = ("text", "taken")
ABOUT = Card(
    purpose="Finds the places that a message names, so that an agent or a rule need not look.",
    limits="English; names in lower case without a word like street or station are often missed.",
    not_for="Knowing where somebody is, or navigation: a name is found, not a point on a map.",
)
WEIGHTS, META, TOKENIZER = "weights.safetensors", "meta.json", "tokenizer.json"
OUTSIDE, BEGIN, INSIDE = range(3)
_AFTER = r"(?:to|from|at|in|near|on|outside)"
Floats = NDArray[np.float64]


class LocationTagger:
    """The loaded tagger."""

    def __init__(self, artefact: Artefact) -> None:
        from safetensors.numpy import load

        meta = json.loads(artefact[META])
        self._dimensions: int = meta["dimensions"]
        weights = load(artefact[WEIGHTS])
        self._by_column = np.ascontiguousarray(weights["coefficients"].T)
        self._intercepts = weights["intercepts"]
        self._pieces = weights["pieces"]
        self._tokenizer = pieces.tokenizer_of(artefact[TOKENIZER])

    def find(self, text: str, taken: Sequence[Span] = ()) -> list[tuple[int, int, float]]:
        """Start, end and probability of each place named; ``taken`` is left alone."""
        spans = tokens(text)
        if not spans:
            return []
        logits = self._sums(describe(text, spans, taken)) + self._intercepts
        logits += pieces.by_word(self._tokenizer, text, spans, self._pieces)
        logits -= logits.max(axis=1, keepdims=True)
        logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return _stretches(spans, _best(logs), np.exp(logs))

    def _sums(self, described: Sequence[Sequence[str]]) -> Floats:
        """What `_hashed` rows times the coefficients would be, without the sparse matrix."""
        columns = [column(name, self._dimensions) for said in described for name in said]
        begins = np.cumsum([0, *map(len, described)])[:-1]
        return np.add.reduceat(self._by_column[columns], begins, axis=0)

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """``places``: for each message, as JSON, [start, end] of every place."""
        pairs = zip(rows["text"], rows["taken"], strict=True)
        found = [self.find(text, _spans(taken)) for text, taken in pairs]
        return _frame([[(start, end) for start, end, _ in places] for places in found], rows.index)


def _spans(places: str) -> list[Span]:
    return [(start, end) for start, end in json.loads(places)]


def _frame(places: list[list[Span]], index: pd.Index) -> pd.DataFrame:
    return pd.DataFrame({"places": [json.dumps(found) for found in places]}, index=index)


def _hashed(described: Sequence[Sequence[str]], dimensions: int) -> sparse.csr_matrix:
    """One row a word; scikit-learn's hasher would take a second to import in every server."""
    columns = [column(name, dimensions) for said in described for name in said]
    pointers = np.cumsum([0, *map(len, described)])
    ones = np.ones(len(columns))
    return sparse.csr_matrix((ones, columns, pointers), (len(described), dimensions))


def _best(logs: Floats) -> NDArray[np.int64]:
    """The likeliest tags of one message, inside only after begin or inside (Viterbi)."""
    total = logs[0].copy()
    total[INSIDE] = -np.inf
    back = np.zeros(logs.shape, dtype="int64")
    for place in range(1, len(logs)):
        started = max((BEGIN, INSIDE), key=lambda tag: total[tag])
        any_tag = int(total.argmax())
        back[place] = [any_tag, any_tag, started]
        total = total[back[place]] + logs[place]
    tags = np.empty(len(logs), dtype="int64")
    tags[-1] = int(total.argmax())
    for place in range(len(logs) - 1, 0, -1):
        tags[place - 1] = back[place, tags[place]]
    return tags


def _stretches(
    spans: Sequence[Span], tags: NDArray[np.int64], sure: Floats
) -> list[tuple[int, int, float]]:
    found: list[tuple[int, int, float]] = []
    for (start, end), tag, row in zip(spans, tags, sure, strict=True):
        if tag == BEGIN:
            found.append((start, end, float(row[BEGIN])))
        elif tag == INSIDE:
            begun, _, least = found[-1]
            found[-1] = (begun, end, min(least, float(row[INSIDE])))
    return found


def fit(train: pd.DataFrame, validate: pd.DataFrame, params: LocationsParams) -> Artefact:
    """Learn the tags of the words; the strength of regularisation is chosen on ``validate``."""
    from safetensors.numpy import save
    from sklearn.linear_model import LogisticRegression

    words = (network.source() / TOKENIZER).read_bytes()
    tokenizer, table = pieces.tokenizer_of(words), pieces.directions(params.directions)
    table *= params.piece_weight
    described: list[list[str]] = []
    known: list[pieces.Floats] = []
    tags: list[int] = []
    for text, taken, places in zip(train["text"], train["taken"], train["places"], strict=True):
        spans = tokens(text)
        described += describe(text, spans, _spans(taken))
        known.append(pieces.by_word(tokenizer, text, spans, table))
        tags += _tags(spans, _spans(places))
    seen = sparse.hstack([_hashed(described, params.dimensions), np.vstack(known)]).tocsr()

    def learned(c: float) -> Artefact:
        model = LogisticRegression(C=c, max_iter=500, random_state=params.seed).fit(seen, tags)
        # safetensors writes memory as it lies, and scikit-learn's lies by columns
        named = np.ascontiguousarray(model.coef_[:, : params.dimensions])
        weights = {
            "coefficients": named,
            "intercepts": model.intercept_,
            # what a piece adds to each tag: all that its directions are for
            "pieces": (table @ model.coef_[:, params.dimensions :].T).astype("float32"),
        }
        meta = {"dimensions": params.dimensions, "c": c}
        return {
            WEIGHTS: save(weights), TOKENIZER: words,
            META: json.dumps(meta, sort_keys=True).encode(),
        }  # fmt: skip

    def found(artefact: Artefact) -> float:
        return primary(load(artefact).predict(validate), validate)

    return max(map(learned, params.cs), key=found)


def _tags(spans: Sequence[Span], places: Sequence[Span]) -> list[int]:
    found = []
    for start, end in spans:
        inside = [place for place in places if place[0] <= start and end <= place[1]]
        found.append((BEGIN if start == inside[0][0] else INSIDE) if inside else OUTSIDE)
    return found


def load(artefact: Artefact) -> LocationTagger:
    """The tagger from verified bytes."""
    return LocationTagger(artefact)


def baseline(train: pd.DataFrame, test: pd.DataFrame, params: LocationsParams) -> pd.DataFrame:
    """What the words around say without learning: capitals and numbers after a preposition."""
    name = re.compile(rf"\b{_AFTER} ((?:(?:[A-Z][\w'’.-]*|\d+\w?)(?: |$|(?=\W)))+)")
    found = [
        [(m.start(1), m.start(1) + len(m[1].rstrip())) for m in name.finditer(text)]
        for text in test["text"]
    ]
    return _frame(found, test.index)


def _counts(predictions: pd.DataFrame, rows: pd.DataFrame) -> tuple[int, int, int]:
    """Right, found, there: spans with exactly the same start and end."""
    right = found = there = 0
    for said, known in zip(predictions["places"], rows["places"], strict=True):
        one, two = set(_spans(said)), set(_spans(known))
        right, found, there = right + len(one & two), found + len(one), there + len(two)
    return right, found, there


def losses(predictions: pd.DataFrame, rows: pd.DataFrame) -> Floats:
    """1 for a message of which not exactly the right places were found."""
    pairs = zip(predictions["places"], rows["places"], strict=True)
    wrong = [set(_spans(said)) != set(_spans(known)) for said, known in pairs]
    return np.asarray(wrong, dtype="float64")


def primary(predictions: pd.DataFrame, rows: pd.DataFrame) -> float:
    """Exact-span F1."""
    right, found, there = _counts(predictions, rows)
    return 2 * right / (found + there) if found + there else 1.0


def score(predictions: pd.DataFrame, rows: pd.DataFrame) -> dict[str, float]:
    """Exact-span F1, precision, recall; share of messages that are wholly right."""
    right, found, there = _counts(predictions, rows)
    return {
        "f1": primary(predictions, rows),
        "precision": right / found if found else 1.0,
        "recall": right / there if there else 1.0,
        "messages_right": float(1 - losses(predictions, rows).mean()),
    }


def slices(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """By the letters that a message is written in."""
    case = ["upper" if t.isupper() else "lower" if t.islower() else "mixed" for t in rows["text"]]
    return {"letters": pd.Series(case, index=rows.index)}


def mistakes(predictions: pd.DataFrame, rows: pd.DataFrame) -> str:
    """Messages of which not exactly the right places were found."""
    wrong = [int(row) for row in np.flatnonzero(losses(predictions, rows))]

    def named(row: int, places: pd.Series) -> str:
        text = str(rows["text"].iloc[row])
        return "; ".join(pages.cell(text[a:b]) for a, b in _spans(places.iloc[row])) or "none"

    cells = (
        (
            pages.cell(str(rows["text"].iloc[row])),
            named(row, rows["places"]),
            named(row, predictions["places"]),
        )
        for row in wrong
    )
    title = f"In {len(wrong)} of {len(rows)} messages the places are not exactly those named."
    return pages.listed(title, ("message", "named", "found"), cells)


def plots(predictions: pd.DataFrame, rows: pd.DataFrame) -> "dict[str, Figure]":
    """How often a place of so many words is found."""
    from models.support import pictures

    words, hits = [], []
    for text, said, known in zip(rows["text"], predictions["places"], rows["places"], strict=True):
        found = set(_spans(said))
        for start, end in _spans(known):
            words.append(min(len(text[start:end].split()), 5))
            hits.append((start, end) in found)
    return {"recall_by_words": pictures.shares(words, hits, "words of the place", "found exactly")}
