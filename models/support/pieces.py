"""What MiniLM knows of a word piece by itself: that "brixton" is of a kind with "chelsea".

Read from the published model's table of pieces, in its strongest directions. No network runs.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from features.places import Span
from models.support import network

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Floats = NDArray[np.float32]
TABLE = "embeddings.word_embeddings.weight"
_UNKNOWN = "[UNK]"


def directions(count: int) -> Floats:
    """Every piece of the vocabulary in ``count`` principal directions, spread 1: (pieces, count).

    Source
    ------
    Mu and Viswanath (2018), All-but-the-Top: word vectors around their mean.
    """
    from safetensors import safe_open

    with safe_open(network.source() / "model.safetensors", "numpy") as file:
        vectors = file.get_tensor(TABLE).astype("float32")
    vectors -= vectors.mean(axis=0)
    _, axes = np.linalg.eigh(vectors.T @ vectors)
    found = vectors @ axes[:, ::-1][:, :count]
    return (found / found.std()).astype("float32")


def tokenizer_of(content: bytes) -> "Tokenizer":
    """The published tokenizer, for texts of any length."""
    from tokenizers import Tokenizer

    found = Tokenizer.from_str(content.decode())
    found.no_padding()
    found.no_truncation()
    return found


def by_word(tokenizer: "Tokenizer", text: str, spans: Sequence[Span], table: Floats) -> Floats:
    """The mean row of ``table`` over the pieces of each word: (words, width of the table)."""
    encoded = tokenizer.encode(text, add_special_tokens=False)
    found = np.zeros((len(spans), table.shape[1]), "float32")
    unknown = int(tokenizer.token_to_id(_UNKNOWN) or 0)
    ids, offsets = encoded.ids, encoded.offsets  # each made anew when asked for
    starts, ends = [since for since, _ in offsets], [until for _, until in offsets]
    for row, (start, end) in enumerate(spans):
        # both run through the text in order
        own = ids[bisect_right(ends, start) : bisect_left(starts, end)]
        found[row] = table[own or [unknown]].mean(axis=0)
    return found
