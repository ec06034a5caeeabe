"""Okapi BM25 over short texts; the scores of many queries are one sparse product.

Source
------
Robertson and Zaragoza (2009), The Probabilistic Relevance Framework: BM25 and Beyond.
"""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from features.text import terms

Floats = NDArray[np.float32]


@lru_cache(maxsize=1 << 14)
def _counted(text: str) -> tuple[tuple[str, int], ...]:
    """Words and how often; kept, as an edit of one item makes the index of all texts anew."""
    return tuple(Counter(terms(text)).items())


class Bm25:
    """An index over ``documents``."""

    def __init__(self, documents: Sequence[str], k1: float, b: float) -> None:
        counts = [_counted(text) for text in documents]
        self._place: dict[str, int] = {}
        rows, columns, values = [], [], []
        for row, count in enumerate(counts):
            for word, times in count:
                rows.append(row)
                columns.append(self._place.setdefault(word, len(self._place)))
                values.append(times)
        length = np.array([sum(times for _, times in count) for count in counts], "float64")
        norm = k1 * (1 - b + b * length / max(length.mean(), 1.0))
        found = np.asarray(values, "float64")
        seen = np.bincount(columns, minlength=len(self._place))
        self._rarity = np.log1p((len(counts) - seen + 0.5) / (seen + 0.5))
        weight = found * (k1 + 1) / (found + norm[rows]) * self._rarity[columns]
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
