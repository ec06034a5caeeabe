"""Cities and peers of the matching benchmark: seeded, matchable, and what they claim to be."""

import numpy as np

from benchmarks.matching import SIZES, _pairs
from benchmarks.matching_cities import city
from benchmarks.matching_peers import MOST_ARCS, best_first, refused, scipy_dense
from models.premium.assignment import assign


def test_a_city_is_the_same_for_a_seed_and_another_for_another():
    assert city(20, 30, 7) == city(20, 30, 7)
    assert city(20, 30, 7) != city(20, 30, 8)
    assert [len(side) for side in city(20, 30, 7)] == [20, 30]


def test_scipy_and_we_agree_on_a_city_and_the_first_come_gets_no_more():
    request, driver, score = _pairs(*city(150, 200, 7))

    def told(solver):
        chosen = solver(request, driver, score, 150, 200)
        taken = chosen[request] == driver
        return int(taken.sum()), int(score[taken].sum())

    assert told(assign) == told(scipy_dense) > told(best_first)


def test_the_first_row_takes_its_best_column():
    row, column, score = np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([3, 9, 5])
    assert best_first(row, column, score, 2, 2).tolist() == [1, -1]


def test_peers_that_cannot_run_say_why():
    assert refused("scipy dense", (10**6, 10**6), 1).startswith("its matrix")
    assert refused("OR-tools", (10, 10), MOST_ARCS + 1).startswith("more than")
    assert refused("greedy nearest", (10, 10), 1) == ""


def test_the_bars_are_those_of_the_design():
    assert SIZES[1_000, 2_000][0] == 0.15
    assert SIZES[5_000, 7_500] == (1.0, 1024)
    assert SIZES[20_000, 30_000][0] == 10.0
