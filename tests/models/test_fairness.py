"""Shares, gaps and proxies of groups are what their papers say, and nothing small is compared."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.params import load_params
from features.driver_qualification import NUMERIC
from models import fairness
from models.fairness import Gap, Group, Share
from models.premium import qualification

PARAMS = load_params(Path("params.yaml")).driver_qualification


def test_a_gap_is_newcombe_s_of_two_shares():
    """His example: 56 of 70 against 48 of 80."""
    found = [
        Group("gender", "man", Share(56, 70), Share(0, 0)),
        Group("gender", "woman", Share(48, 80), Share(0, 0)),
    ]
    [gap] = fairness.gaps(found, 30)
    assert (gap.measure, gap.highest, gap.lowest) == ("selected", "man", "woman")
    assert gap.value == pytest.approx(0.2)
    assert (gap.low, gap.high) == (pytest.approx(0.0524, abs=1e-4), pytest.approx(0.3339, abs=1e-4))


def test_groups_are_counted_and_small_ones_left_out():
    groups = pd.Series(["a"] * 4 + ["b"] * 3 + ["c"] + [None])
    chosen = np.array([1, 1, 0, 0, 1, 0, 0, 1, 1], dtype=bool)
    deserved = np.array([1, 0, 1, 1, 1, 1, 0, 1, 1], dtype=bool)
    a, b = fairness.groups(chosen, deserved, {"g": groups}, 2)
    assert (a.value, a.selected, a.missed) == ("a", Share(2, 4), Share(2, 3))
    assert (b.value, b.selected, b.missed) == ("b", Share(1, 3), Share(1, 2))


def test_a_share_of_too_few_is_shown_and_not_compared():
    found = [
        Group("g", "a", Share(20, 40), Share(5, 10)),
        Group("g", "b", Share(20, 40), Share(1, 30)),
    ]
    assert [gap.measure for gap in fairness.gaps(found, 30)] == ["selected"]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    values=st.lists(st.integers(0, 4), min_size=6, max_size=40),
    members=st.lists(st.booleans(), min_size=40, max_size=40),
)
def test_the_auc_is_the_share_of_pairs_in_order_whichever_way_round(values, members):
    x = np.array(values, dtype=float)
    member = np.array(members[: len(values)])
    if member.all() or not member.any():
        return
    pairs = np.sign(x[member][:, None] - x[~member][None, :])
    area = ((pairs + 1) / 2).mean()
    rows, groups = pd.DataFrame({"x": x}), pd.Series(np.where(member, "a", "b"))
    found = fairness.proxies(rows, ["x"], {"g": groups}, 1)
    assert {proxy.value for proxy in found} == {"a", "b"}
    for proxy in found:
        assert proxy.auc == pytest.approx(max(area, 1 - area))
        assert proxy.low <= proxy.auc <= proxy.high


def test_the_interval_of_an_auc_is_hanley_s_and_mcneil_s():
    """As wide as the AUC's spread over many draws."""
    rng = np.random.default_rng(3)
    areas, halves = [], []
    for _ in range(200):
        member = np.arange(160) < 60
        rows = pd.DataFrame({"x": rng.normal(0, 1, 160) + member})
        [one, _] = fairness.proxies(rows, ["x"], {"g": pd.Series(np.where(member, "a", "b"))}, 30)
        areas.append(one.auc)
        halves.append(one.auc - one.low)
    assert np.mean(halves) == pytest.approx(1.96 * np.std(areas), rel=0.15)


def judged(n=900, shift=0.0):
    """Rows and predictions in which women are chosen less by ``shift``, and rides tell them."""
    rng = np.random.default_rng(5)
    woman = rng.random(n) < 0.4
    rows = pd.DataFrame(rng.normal(0, 1, (n, len(NUMERIC))), columns=list(NUMERIC))
    rows["rides"] += 3 * woman
    rows["label"] = rng.random(n) < 0.5
    rows["gender"] = np.where(woman, "woman", "man")
    chosen = rng.random(n) < 0.5 - shift * woman
    return rows, pd.DataFrame({"qualifies": chosen, "probability": 0.5})


def test_the_report_finds_the_gap_and_names_the_proxy_that_nobody_justified():
    rows, predictions = judged(shift=0.3)
    report = qualification.fairness_report(predictions, rows, PARAMS, 30)
    assert report.metrics["gap_selected_gender"] == pytest.approx(0.3, abs=0.08)
    assert report.metrics["proxies"] == 1
    assert "| rides | gender | man |" in report.markdown
    assert report.markdown.count("NOT JUSTIFIED") == 2
    assert set(report.plots) == {"fairness"}


def test_a_reason_that_is_given_stands_in_the_card():
    rows, predictions = judged()
    said = fairness.report(
        rows, predictions["qualifies"].to_numpy(), rows["label"].to_numpy(),
        {"gender": rows["gender"]}, NUMERIC, 30, 0.6, {"rides": "the standards ask for rides"},
    )  # fmt: skip
    assert "the standards ask for rides" in said.markdown
    assert "NOT JUSTIFIED" not in said.markdown


def test_without_known_groups_there_is_no_report():
    rows, predictions = judged()
    plain = rows.drop(columns="gender")
    assert qualification.fairness_report(predictions, plain, PARAMS, 30) is None


def test_no_group_is_a_feature():
    assert not set(qualification.GROUPS) & {*NUMERIC, *qualification.INPUTS}
    assert not set(qualification.GROUPS) & set(qualification.PLAN.columns)


def test_equal_treatment_leaves_gaps_whose_intervals_hold_zero():
    rows, predictions = judged()
    known = {"gender": rows["gender"]}
    found = fairness.groups(
        predictions["qualifies"].to_numpy(), rows["label"].to_numpy(), known, 30
    )
    gaps: list[Gap] = fairness.gaps(found, 30)
    assert len(gaps) == 2
    assert all(gap.low <= 0 for gap in gaps)
