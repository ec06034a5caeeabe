"""The vectors of the bundled text, made once with the bundled encoder and read ever after.

Nine tenths of what training spends on text would go into making the same numbers again. A text
that is not among them, or another encoder, is computed. Held-out text is among them, to be judged
on: by digest, so that nothing can be learned from the file without the texts themselves.
"""

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save

from features.text import normalise
from models.contract import Artefact
from models.support.encoder import BUNDLED, WIDTH, Floats, TextEncoder, encoder_sha256

VECTORS = "vectors.safetensors"
ENCODER = "encoder_sha256"
_LARGEST = 127


def embed(texts: Sequence[str], encoder: Artefact, folder: Path = BUNDLED) -> Floats:
    """Vectors of unit length, shape (n, 384): read where they are known, computed elsewhere."""
    digests = _digests(texts)
    known, codes, scales = _load(folder, encoder_sha256(encoder))
    places = np.minimum(np.searchsorted(known, digests), max(len(known) - 1, 0))
    found = known[places] == digests if len(known) else np.zeros(len(texts), bool)
    vectors = np.empty((len(texts), WIDTH), "float32")
    vectors[found] = _unit(codes[places[found]] * scales[places[found], None])
    fresh = np.flatnonzero(~found).tolist()
    if fresh:
        vectors[fresh] = TextEncoder(encoder).embed([texts[i] for i in fresh])
    return vectors


def packed(texts: Sequence[str], encoder: Artefact) -> bytes:
    """The vectors of these texts as a file: one byte a number and one scale a text.

    Rounding costs less than 0.001 of cosine; the encoder's own int8 arithmetic moves a text's
    vector by ten times that from one batch to the next.
    """
    digests, first = np.unique(_digests(texts), return_index=True)
    vectors = TextEncoder(encoder).embed([texts[i] for i in first])
    scales = np.abs(vectors).max(axis=1) / _LARGEST
    codes = np.rint(vectors / scales[:, None]).astype("int8")
    parts = {"digest": digests, "code": codes, "scale": scales.astype("float32")}
    return save(parts, metadata={ENCODER: encoder_sha256(encoder)})


@cache
def _load(
    folder: Path, sha256: str
) -> tuple[NDArray[np.uint64], NDArray[np.int8], NDArray[np.float32]]:
    """Sorted digests of texts, their numbers and scales; empty if another encoder made them."""
    path = folder / VECTORS
    if path.exists():
        with safe_open(path, framework="numpy") as file:
            if file.metadata()[ENCODER] == sha256:
                return tuple(file.get_tensor(name) for name in ("digest", "code", "scale"))
    return np.empty(0, "uint64"), np.empty((0, WIDTH), "int8"), np.empty(0, "float32")


def _digests(texts: Sequence[str]) -> NDArray[np.uint64]:
    """The first eight bytes of each normalised text's SHA-256."""
    joined = b"".join(hashlib.sha256(normalise(text).encode()).digest()[:8] for text in texts)
    return np.frombuffer(joined, "<u8")


def _unit(vectors: Floats) -> Floats:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / lengths).astype("float32")
