"""PSI and Jensen-Shannon on literal counts, and their behaviour on seeded samples."""

import numpy as np
import pyarrow as pa
import pytest

from features.drift import drift, jensen_shannon, psi, quantile_edges


def column(*values):
    return pa.chunked_array([pa.array(list(values))])


def sample(seed: int, n: int, shift: float = 0.0):
    return pa.chunked_array([pa.array(np.random.default_rng(seed).normal(shift, 1, n))])


def test_psi_of_literal_counts_is_the_sum_over_cells():
    # shares 0.5, 0.5 and 0.75, 0.25: 0.25 ln 1.5 + (-0.25) ln 0.5 = 0.27465
    assert psi(np.array([1e6, 1e6]), np.array([1.5e6, 0.5e6])) == pytest.approx(0.27465, abs=1e-5)


def test_jensen_shannon_is_zero_for_equal_and_one_for_apart():
    assert jensen_shannon(np.array([5.0, 5.0]), np.array([50.0, 50.0])) == pytest.approx(0)
    apart = jensen_shannon(np.array([1e9, 0.0]), np.array([0.0, 1e9]))
    assert apart == pytest.approx(1, abs=1e-6)


def test_an_empty_cell_gives_a_large_number_and_no_infinity():
    assert 1 < psi(np.array([100.0, 0.0]), np.array([0.0, 100.0])) < 20


def test_without_drift_psi_is_about_what_chance_gives():
    found = [drift(sample(seed, 5000), sample(100 + seed, 500), 10) for seed in range(40)]
    assert np.mean([f.psi for f in found]) == pytest.approx(found[0].expected_psi, rel=0.25)
    assert found[0].expected_psi == pytest.approx(10 * (1 / 5000 + 1 / 500))


def test_a_shifted_distribution_is_far_beyond_chance():
    found = drift(sample(1, 5000), sample(2, 500, shift=1.0), 10)
    assert found.psi - found.expected_psi > 0.5


def test_null_is_a_bin_of_its_own():
    half_gone = drift(column(1.0, 2.0, 3.0, 4.0), column(1.0, None, 3.0, None), 2)
    assert half_gone.rows == 4
    assert half_gone.psi > drift(column(1.0, 2.0, 3.0, 4.0), column(1.0, 2.0, 3.0, 4.0), 2).psi


def test_a_word_never_seen_before_counts():
    same, new = column(*"aaaaaabbbb"), column(*"aaaaaacccc")
    assert drift(same, same, 10).psi == pytest.approx(0)
    assert drift(same, new, 10).psi > 0.5


def test_a_constant_column_has_one_cut_and_can_drift_to_either_side():
    assert quantile_edges(np.ones(50), 10).tolist() == [1.0]
    ones = pa.chunked_array([pa.array(np.ones(50))])
    assert drift(ones, ones, 10).psi == pytest.approx(0)
    assert drift(ones, pa.chunked_array([pa.array(np.full(50, 2.0))]), 10).psi > 1
