"""How far a day's values lie from those of a reference window: PSI and Jensen–Shannon.

Numbers are counted in bins cut at the quantiles of the reference, words one by one; NULL is a bin
of its own. Half a row is added to every cell, so that an empty one does not make an infinity.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Counts = NDArray[np.float64]
HALF_A_ROW = 0.5


@dataclass(frozen=True, slots=True)
class Drift:
    """``psi`` >= 0 and ``js`` 0..1, and the PSI that two samples of these sizes from one
    distribution have on average."""

    psi: float
    js: float
    expected_psi: float
    reference_rows: int
    rows: int


def drift(reference: pa.ChunkedArray, current: pa.ChunkedArray, bins: int) -> Drift:
    """The drift of one column between two sets of rows; both need at least one.

    Notes
    -----
    The mean of PSI without drift is ``(cells - 1) (1/n + 1/m)``: PSI is about a chi-squared
    statistic over the sample sizes (Yurdakul and Naranjo, 2020).
    """
    numeric = pa.types.is_integer(reference.type) or pa.types.is_floating(reference.type)
    count = _numeric_counts if numeric else _word_counts
    before, now = count(reference, current, bins)
    sizes = 1 / before.sum() + 1 / now.sum()
    return Drift(
        psi=psi(before, now),
        js=jensen_shannon(before, now),
        expected_psi=float((len(before) - 1) * sizes),
        reference_rows=int(before.sum()),
        rows=int(now.sum()),
    )


def shares(counts: Counts) -> Counts:
    """Counts as shares, half a row added to every cell."""
    padded = np.asarray(counts, dtype=np.float64) + HALF_A_ROW
    return np.asarray(padded / padded.sum())


def psi(reference: Counts, current: Counts) -> float:
    """Population stability index: ``sum((q - p) ln(q / p))``."""
    p, q = shares(reference), shares(current)
    return float(((q - p) * np.log(q / p)).sum())


def jensen_shannon(reference: Counts, current: Counts) -> float:
    """Jensen–Shannon divergence in bits: 0 for equal shares, at most 1."""
    p, q = shares(reference), shares(current)
    middle = (p + q) / 2
    return float(((p * np.log2(p / middle)).sum() + (q * np.log2(q / middle)).sum()) / 2)


def quantile_edges(values: NDArray[np.float64], bins: int) -> NDArray[np.float64]:
    """Inner cuts at the quantiles of the reference; equal ones are one, so a value that a tenth
    of the rows have fills a bin alone."""
    return np.unique(np.quantile(values, np.linspace(0, 1, bins + 1)[1:-1]))


def _numeric_counts(
    reference: pa.ChunkedArray, current: pa.ChunkedArray, bins: int
) -> tuple[Counts, Counts]:
    before, now = (np.asarray(c.drop_null(), dtype=np.float64) for c in (reference, current))
    edges = quantile_edges(before, bins) if len(before) else np.empty(0)
    return (
        _binned(before, edges, reference.null_count),
        _binned(now, edges, current.null_count),
    )


def _binned(values: NDArray[np.float64], edges: NDArray[np.float64], nulls: int) -> Counts:
    places = np.searchsorted(edges, values, side="left")
    counted = np.bincount(places, minlength=len(edges) + 1)
    return np.append(counted, nulls).astype(np.float64)


def _word_counts(
    reference: pa.ChunkedArray, current: pa.ChunkedArray, _bins: int
) -> tuple[Counts, Counts]:
    before, now = _counted(reference), _counted(current)
    names = sorted(before.keys() | now.keys())
    return _in_order(before, names), _in_order(now, names)


def _counted(column: pa.ChunkedArray) -> dict[str, int]:
    """Rows by word; NULL is the empty word."""
    found = pc.value_counts(pc.fill_null(column.cast(pa.string()), "")).to_pylist()
    return {cell["values"]: cell["counts"] for cell in found}


def _in_order(counts: dict[str, int], names: Sequence[str]) -> Counts:
    return np.array([counts.get(name, 0) for name in names], dtype=np.float64)
