"""Okapi BM25 over short texts; the scores of many queries are one sparse product.

Source
------
Robertson and Zaragoza (2009), The Probabilistic Relevance Framework: BM25 and Beyond.
"""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from features.text import terms

Floats = NDArray[np.float32]


@lru_cache(maxsize=1 << 14)
def _counted(text: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Words and how often; kept, as an edit of one item makes the index of all texts anew."""
    counted = Counter(terms(text))
    return tuple(counted), tuple(counted.values())


class Bm25:
    """An index over ``documents``."""

    def __init__(self, documents: Sequence[str], k1: float, b: float) -> None:
        counts = [_counted(text) for text in documents]
        words = list(chain.from_iterable(found for found, _ in counts))
        values = np.fromiter(chain.from_iterable(times for _, times in counts), "float64")
        self._place = {word: n for n, word in enumerate(dict.fromkeys(words))}
        columns = np.fromiter(map(self._place.__getitem__, words), "int64", len(words))
        rows = np.repeat(np.arange(len(counts)), [len(found) for found, _ in counts])
        length = np.bincount(rows, values, minlength=len(counts))
        norm = k1 * (1 - b + b * length / max(length.mean(), 1.0))
        seen = np.bincount(columns, minlength=len(self._place))
        self._rarity = np.log1p((len(counts) - seen + 0.5) / (seen + 0.5))
        weight = values * (k1 + 1) / (values + norm[rows]) * self._rarity[columns]
        shape = (len(self._place), len(counts))
        self._weights = sparse.csr_matrix((weight.astype("float32"), (columns, rows)), shape=shape)

    def scores(self, texts: Sequence[str]) -> Floats:
        """Shape (texts, documents)."""
        found = np.zeros((len(texts), self._weights.shape[1]), "float32")
        starts, documents, weights = (
            self._weights.indptr, self._weights.indices, self._weights.data
        )  # fmt: skip
        for row, text in zip(found, texts, strict=True):
            for word in set(terms(text)):
                place = self._place.get(word)
                if place is not None:  # a document stands once in a word's row
                    own = slice(starts[place], starts[place + 1])
                    row[documents[own]] += weights[own]
        return found
