"""Seeds: every stream of random numbers is named by the city's seed, a day and a word."""

from datetime import date
from zlib import crc32

import numpy as np


def stream(seed: int, word: str, day: date | None = None) -> np.random.Generator:
    """Random numbers that depend on nothing but these three, so days can be made in any order."""
    ordinal = day.toordinal() if day else 0
    return np.random.default_rng([seed, ordinal, crc32(word.encode())])
