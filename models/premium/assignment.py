"""Who gets whom, exactly: as many matches as possible, and among those the largest total score.

Scores are integers, so sums are exact and no answer depends on rounding.
"""

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

UNMATCHED = -1
# float64 counts integers exactly up to here; the solvers work on floats
EXACT = 2**53
DENSE_CELLS = 4_000_000
DENSE_SHARE = 0.05


def assign(row: Ints, column: Ints, score: Ints, rows: int, columns: int) -> Ints:
    """The column of each row, `UNMATCHED` where it gets none; shape (rows,).

    ``row``, ``column`` and ``score`` are the possible pairs, each pair at most once. Lexicographic:
    first the number of matches, then the sum of scores.

    Raises
    ------
    BadInput
        If a pair repeats, is out of range, or the scores are too large to be added exactly.
    """
    _check(row, column, rows, columns)
    chosen = np.full(rows, UNMATCHED, dtype=np.int64)
    if not len(row):
        return chosen
    # only rows and columns that have a pair at all take part
    used_rows, i = np.unique(row, return_inverse=True)
    used_columns, j = np.unique(column, return_inverse=True)
    shape = (len(used_rows), len(used_columns))
    gain = score - score.min() + 1
    cells = shape[0] * shape[1]
    dense = cells <= DENSE_CELLS and len(row) >= DENSE_SHARE * cells
    found = _dense(i, j, gain, shape) if dense else _sparse(i, j, gain, shape)
    matched = found != UNMATCHED
    chosen[used_rows[matched]] = used_columns[found[matched]]
    return chosen


def assign_matrix(score: Ints, feasible: Bools | None = None) -> Ints:
    """`assign` on a matrix of scores, all pairs possible unless ``feasible`` says otherwise."""
    allowed = np.ones(score.shape, bool) if feasible is None else feasible
    row, column = np.nonzero(allowed)
    return assign(row, column, score[row, column], *score.shape)


def _dense(i: Ints, j: Ints, gain: Ints, shape: tuple[int, int]) -> Ints:
    """The Hungarian method on a full matrix; a match is worth more than all scores together."""
    from scipy.optimize import linear_sum_assignment

    most = min(shape)
    bonus = most * int(gain.max()) + 1
    _require_exact(most * (bonus + int(gain.max())))
    weight = np.zeros(shape)
    weight[i, j] = bonus + gain
    rows, columns = linear_sum_assignment(weight, maximize=True)
    real = weight[rows, columns] > 0
    found = np.full(shape[0], UNMATCHED, dtype=np.int64)
    found[rows[real]] = columns[real]
    return found


def _sparse(i: Ints, j: Ints, gain: Ints, shape: tuple[int, int]) -> Ints:
    """Shortest augmenting paths over the pairs there are; a row also has a dear way out."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    n, m = shape
    top = int(gain.max())
    way_out = (min(n, m) + 1) * top + 1
    _require_exact(n * way_out)
    every = np.arange(n)
    cost = np.concatenate([top + 1 - gain, np.full(n, way_out)]).astype("float64")
    place = (np.concatenate([i, every]), np.concatenate([j, m + every]))
    graph = csr_array((cost, place), shape=(n, m + n))
    rows, columns = min_weight_full_bipartite_matching(graph)
    found = np.full(n, UNMATCHED, dtype=np.int64)
    found[rows] = np.where(columns < m, columns, UNMATCHED)
    return found


def _check(row: Ints, column: Ints, rows: int, columns: int) -> None:
    if not len(row):
        return
    if row.min() < 0 or column.min() < 0 or row.max() >= rows or column.max() >= columns:
        raise BadInput(f"expected pairs inside {rows} x {columns}, got one outside")
    if len(np.unique(row * np.int64(columns) + column)) != len(row):
        raise BadInput("expected every pair once, got one twice")


def _require_exact(largest: int) -> None:
    if largest >= EXACT:
        raise BadInput(
            f"scores up to {largest:.3g} in all cannot be added exactly; expected less than "
            f"{EXACT:.3g}: use coarser scores or smaller batches"
        )
