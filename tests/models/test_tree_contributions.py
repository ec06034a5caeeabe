"""Contributions from tables are XGBoost's own, whatever is missing."""

import numpy as np
import pandas as pd
import pytest
import xgboost as xgb
from hypothesis import given, settings
from hypothesis import strategies as st

from models import booster
from models.tree_contributions import tables

COLUMNS = tuple("abcde")


def learned(seed, depth=4, trees=12, missing=0.2):
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 1, (400, len(COLUMNS))).astype("float32")
    x[:, 1] = np.round(x[:, 1])  # ties with the values of splits
    y = (x[:, 0] * x[:, 1] + x[:, 2] > rng.normal(0, 1, 400)).astype("float64")
    x[rng.random(x.shape) < missing] = np.nan
    matrix = xgb.DMatrix(x, label=y, feature_names=list(COLUMNS))
    how = {"objective": "binary:logistic", "max_depth": depth, "seed": seed, "nthread": 1}
    return xgb.train(how, matrix, trees), x


@settings(max_examples=15, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), depth=st.integers(1, 5), missing=st.sampled_from([0.0, 0.3]))
def test_every_row_gets_what_xgboost_gives_it(seed, depth, missing):
    model, x = learned(seed, depth, missing=missing)
    wanted = model.predict(xgb.DMatrix(x, feature_names=list(COLUMNS)), pred_contribs=True)
    found = tables(model).contributions(x)
    assert found == pytest.approx(wanted[:, :-1], abs=2e-5)


def test_more_rows_than_a_chunk_are_the_same_rows(monkeypatch):
    model, x = learned(3)
    made = tables(model)
    whole = made.contributions(x)
    monkeypatch.setattr("models.tree_contributions.CHUNK", 64)
    assert (made.contributions(x) == whole).all()


def test_paths_of_many_columns_are_left_to_xgboost(monkeypatch):
    monkeypatch.setattr("models.tree_contributions.MOST_COLUMNS", 2)
    model, _ = learned(3, depth=5)
    assert tables(model) is None


def test_a_tree_without_a_split_adds_nothing():
    x = np.zeros((20, len(COLUMNS)), dtype="float32")
    matrix = xgb.DMatrix(x, label=np.zeros(20), feature_names=list(COLUMNS))
    model = xgb.train({"objective": "binary:logistic"}, matrix, 2)
    assert (tables(model).contributions(x) == 0).all()


@pytest.mark.parametrize("rows", [1, 50])
def test_contributions_add_up_to_the_margin_with_the_bias(rows):
    model, x = learned(5)
    meta = {"numeric": list(COLUMNS), "vocabulary": []}
    trees = booster.Trees(model, meta)
    frame = pd.DataFrame(x[:rows], columns=list(COLUMNS))
    found = trees.contributions(frame)
    assert list(found.columns) == [*COLUMNS, "bias"]
    assert trees.contributions(frame.head(0)).shape == (0, len(COLUMNS) + 1)
    assert found.sum(axis=1).to_numpy() == pytest.approx(trees.margin(frame), abs=1e-4)
