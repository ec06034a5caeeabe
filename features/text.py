"""Text as the models read it: one normal form, words, hashed n-grams.

Training, serving and the knowledge base use these functions and no others, so that a message means
the same everywhere.
"""

import re
import unicodedata
import zlib
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
import Stemmer
from numpy.typing import NDArray
from scipy import sparse

MAX_CHARACTERS = 5000
SLIP_SHARE = 1 / 12
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_STOP_WORDS = """
a an and are as at be been but by can could did do does for from had has have how i if in is it its
just me my of on or our so that the their them then there they this to was we were what when where
which who why will with would you your
"""
_STOP = frozenset(_STOP_WORDS.split())


def normalise(text: str) -> str:
    """NFKC, no invisible characters, single spaces, at most ``MAX_CHARACTERS``."""
    text = unicodedata.normalize("NFKC", text[: 2 * MAX_CHARACTERS])
    return _SPACE.sub(" ", _INVISIBLE.sub("", text)).strip()[:MAX_CHARACTERS]


def words(text: str) -> list[str]:
    """Lower-case words and numbers, accents kept."""
    return [word.replace("’", "'") for word in _WORD.findall(text.lower())]


def terms(text: str) -> list[str]:
    """English stems for lexical search, stop words left out.

    Source
    ------
    Porter (2001), Snowball: A Language for Stemming Algorithms.
    """
    return [_stem(word) for word in words(text) if word not in _STOP]


@lru_cache(maxsize=1 << 16)
def _stem(word: str) -> str:
    return str(_stemmer().stemWord(word))


@lru_cache(maxsize=1)
def _stemmer() -> Stemmer.Stemmer:
    return Stemmer.Stemmer("english", 0)  # its own cache is not for many threads


def grams(text: str) -> list[str]:
    """Word 1- and 2-grams and, inside each padded word, character 3- and 4-grams.

    Character grams let a mistyped word keep most of its weight.
    """
    found = words(text)
    padded = [f" {word} " for word in found]
    pairs = [f"{a} {b}" for a, b in pairwise(found)]
    inner = [w[i : i + n] for w in padded for n in (3, 4) for i in range(len(w) - n + 1)]
    return [*found, *pairs, *(f"#{part}" for part in inner)]


def mistype(text: str, chance: np.random.Generator) -> str:
    """The text with about one slip of the fingers in twelve letters: dropped, swapped, doubled."""
    letters = list(text)
    for place in np.flatnonzero(chance.random(len(letters)) < SLIP_SHARE):
        if not letters[place].isalpha():
            continue
        kind = chance.integers(3)
        if kind == 0:
            letters[place] = ""
        elif kind == 1 and place + 1 < len(letters):
            letters[place], letters[place + 1] = letters[place + 1], letters[place]
        else:
            letters[place] *= 2
    return "".join(letters)


def column(name: str, dimensions: int) -> int:
    """Where a feature stands in a hashed row. CRC-32, so that no vocabulary travels."""
    return _crc(name) % dimensions


@lru_cache(maxsize=1 << 16)
def _crc(name: str) -> int:
    return zlib.crc32(name.encode())


@lru_cache(maxsize=1 << 10)
def _crcs(text: str) -> NDArray[np.uint32]:
    """Of every n-gram; several models read the same message one after the other."""
    found = [*map(_crc, grams(text))]
    return np.fromiter(found, "uint32", len(found))


def hashed_grams(texts: Sequence[str], dimensions: int) -> sparse.csr_matrix:
    """Damped counts of hashed n-grams, one row of unit length a text.

    Returns
    -------
    csr_matrix of shape (n, dimensions), float32; see `column`.
    """
    pointers = [0]
    columns: list[NDArray[np.int32]] = []
    values: list[NDArray[np.float32]] = []
    for text in texts:
        places, counts = np.unique(_crcs(text) % dimensions, return_counts=True)
        row = 1.0 + np.log(counts.astype("float32"))
        columns.append(places.astype("int32"))
        values.append(row / (np.linalg.norm(row) or 1.0))
        pointers.append(pointers[-1] + len(places))
    data = np.concatenate(values) if values else np.empty(0, "float32")
    where = np.concatenate(columns) if columns else np.empty(0, "int32")
    return sparse.csr_matrix(
        (data, where, np.asarray(pointers, "int32")), shape=(len(texts), dimensions)
    )
