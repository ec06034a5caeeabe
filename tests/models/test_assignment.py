"""The solver is exact: beside brute force, beside scipy, and on published instances."""

import gzip
import json
from functools import cache
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from core.errors import BadInput
from models.premium import assignment
from models.premium.assignment import UNMATCHED, assign, assign_matrix
from tests.real_data import real_data

small = st.integers(1, 8)


@st.composite
def problems(draw):
    n, m = draw(small), draw(small)
    # few different scores, so that many answers are equally good
    cell = st.integers(-2, 2) | st.integers(-20, 20)
    score = draw(st.lists(st.lists(cell, min_size=m, max_size=m), min_size=n, max_size=n))
    possible = draw(
        st.lists(st.lists(st.booleans(), min_size=m, max_size=m), min_size=n, max_size=n)
    )
    return np.array(score, dtype=np.int64), np.array(possible)


def value(score, chosen):
    rows = np.flatnonzero(chosen != UNMATCHED)
    return len(rows), int(score[rows, chosen[rows]].sum())


def by_trying(score, possible):
    """Column of each row, of the best of all ways: count, total, then lowest columns first.

    The best from a row on depends only on which columns are taken: at most 2**8 a row.
    """
    n, m = score.shape

    @cache
    def best(row, taken):
        if row == n:
            return (0, 0, ())
        count, total, rest = best(row + 1, taken)
        ways = [(count, total, (m, *rest))]
        for column in np.flatnonzero(possible[row]).tolist():
            if not taken >> column & 1:
                count, total, rest = best(row + 1, taken | 1 << column)
                ways.append((count - 1, total - int(score[row, column]), (column, *rest)))
        return min(ways)

    return [column if column < m else UNMATCHED for column in best(0, 0)[2]]


@settings(max_examples=300, deadline=None)
@given(problems())
def test_every_answer_is_the_one_found_by_trying_all(problem):
    score, possible = problem
    assert assign_matrix(score, possible).tolist() == by_trying(score, possible)


@settings(max_examples=100, deadline=None)
@given(problems())
def test_the_worst_core_leads_to_the_same_answer(problem):
    def first_of_each_row(pairs):
        filled = np.diff(pairs.starts) > 0
        return pairs.starts[:-1][filled], np.zeros(pairs.columns, np.int64)

    score, possible = problem
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assignment, "promising", first_of_each_row)
        patch.setattr(assignment, "MORE", 1)
        assert assign_matrix(score, possible).tolist() == by_trying(score, possible)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 500), st.integers(1, 500), st.sampled_from([0.02, 0.3, 1.0]),
       st.sampled_from([3, 10**6]), st.integers(0, 10**6))  # fmt: skip
def test_count_and_total_are_those_of_scipy(n, m, share, largest, seed):
    rng = np.random.default_rng(seed)
    score = rng.integers(0, largest, (n, m))
    possible = rng.random((n, m)) < share
    chosen = assign_matrix(score, possible)
    taken = chosen[chosen != UNMATCHED]
    assert len(set(taken.tolist())) == len(taken)
    weight = np.where(possible, (min(n, m) + 1) * float(largest) + score, 0.0)
    rows, columns = linear_sum_assignment(weight, maximize=True)
    real = possible[rows, columns]
    assert value(score, chosen) == (real.sum(), score[rows[real], columns[real]].sum())
    assert possible[chosen != UNMATCHED, taken].all()


def test_of_equal_answers_the_lowest_row_has_the_lowest_column():
    assert assign_matrix(np.zeros((3, 5), np.int64)).tolist() == [0, 1, 2]
    assert assign_matrix(np.zeros((3, 1), np.int64)).tolist() == [0, UNMATCHED, UNMATCHED]


def test_the_order_of_the_pairs_decides_nothing():
    rng = np.random.default_rng(5)
    possible = rng.random((60, 50)) < 0.3
    row, column = np.nonzero(possible)
    score = rng.integers(0, 4, len(row))
    order = rng.permutation(len(row))
    one = assign(row, column, score, 60, 50)
    assert (one == assign(row[order], column[order], score[order], 60, 50)).all()


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
