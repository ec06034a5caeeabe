"""The solver is exact: beside brute force, beside scipy, and on published instances."""

import gzip
import json
from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from core.errors import BadInput
from models.premium import assignment
from models.premium.assignment import UNMATCHED, assign, assign_matrix
from tests.real_data import real_data

small = st.integers(1, 6)


@st.composite
def problems(draw):
    n, m = draw(small), draw(small)
    cell = st.integers(-20, 20)
    score = draw(st.lists(st.lists(cell, min_size=m, max_size=m), min_size=n, max_size=n))
    possible = draw(
        st.lists(st.lists(st.booleans(), min_size=m, max_size=m), min_size=n, max_size=n)
    )
    return np.array(score, dtype=np.int64), np.array(possible)


def value(score, chosen):
    rows = np.flatnonzero(chosen != UNMATCHED)
    return len(rows), int(score[rows, chosen[rows]].sum())


def brute_force(score, possible):
    """The best (count, total) over every way to pick pairs."""
    n, m = score.shape
    best = (0, 0)
    options = [[None, *np.flatnonzero(possible[row])] for row in range(n)]
    for way in product(*options) if n * m <= 16 else _ways(options):
        taken = [c for c in way if c is not None]
        if len(set(taken)) == len(taken):
            total = sum(int(score[r, c]) for r, c in enumerate(way) if c is not None)
            best = max(best, (len(taken), total)) if taken else best
    return best


def _ways(options, used=frozenset()):
    if not options:
        yield ()
        return
    for column in options[0]:
        if column is None or column not in used:
            taken = used if column is None else used | {column}
            for rest in _ways(options[1:], taken):
                yield (column, *rest)


@given(problems())
def test_the_dense_solver_equals_brute_force(problem):
    score, possible = problem
    chosen = assign_matrix(score, possible)
    assert all(possible[r, c] for r, c in enumerate(chosen) if c != UNMATCHED)
    if possible.any():
        assert value(score, chosen) == brute_force(score, possible)
    else:
        assert (chosen == UNMATCHED).all()


@given(problems())
def test_the_sparse_solver_equals_the_dense_one(problem):
    score, possible = problem
    row, column = np.nonzero(possible)
    if not len(row):
        return
    gain = score[row, column] - score[row, column].min() + 1
    dense = assignment._dense(row, column, gain, score.shape)
    sparse = assignment._sparse(row, column, gain, score.shape)
    assert value(score, dense) == value(score, sparse)


def test_more_matches_win_over_a_better_score():
    score = np.array([[100, 1], [1, 0]])
    possible = np.array([[True, True], [True, False]])
    assert assign_matrix(score, possible).tolist() == [1, 0]


@pytest.mark.parametrize("shape", [(300, 300), (200, 500), (500, 200)])
def test_total_equals_scipy_on_large_matrices(shape):
    score = np.random.default_rng(1).integers(0, 1_000_000, shape)
    chosen = assign_matrix(score)
    rows, columns = linear_sum_assignment(score, maximize=True)
    assert value(score, chosen) == (min(shape), int(score[rows, columns].sum()))


def test_a_large_sparse_city_is_solved_without_a_full_matrix():
    rng = np.random.default_rng(2)
    n, m, each = 3000, 4000, 12
    row = np.repeat(np.arange(n), each)
    column = rng.integers(0, m, n * each)
    _, first = np.unique(row * m + column, return_index=True)
    row, column = row[first], column[first]
    chosen = assign(row, column, rng.integers(0, 1_000_000, len(row)), n, m)
    taken = chosen[chosen != UNMATCHED]
    assert len(set(taken.tolist())) == len(taken) > 0.99 * n


@pytest.mark.parametrize("row", [[0, 0], [0, 5]])
def test_a_repeated_or_outside_pair_is_refused(row):
    with pytest.raises(BadInput):
        assign(np.array(row), np.array([1, 1]), np.array([3, 4]), 2, 2)


def test_scores_too_large_to_add_exactly_are_refused():
    with pytest.raises(BadInput, match="coarser"):
        assign_matrix(np.array([[2**53, 0], [0, 2**53]]))


def test_every_permutation_of_a_small_square_is_worse_or_equal():
    score = np.array([[7, 5, 9], [8, 4, 3], [6, 2, 1]])
    best = max(sum(score[r, c] for r, c in enumerate(p)) for p in permutations(range(3)))
    assert value(score, assign_matrix(score)) == (3, best)


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["assign100", "assign500"])
def test_published_instances_are_solved_to_their_optimum(name):
    folder: Path = real_data() / "matching" / "orlib"
    numbers = gzip.decompress((folder / f"{name}.txt.gz").read_bytes()).split()
    n = int(numbers[0])
    cost = np.array(numbers[1:], dtype=np.int64).reshape(n, n)
    optima = json.loads((folder / "optima.json").read_text())
    rows_total = -value(-cost, assign_matrix(-cost))[1]
    assert rows_total == optima[name]
