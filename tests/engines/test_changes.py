"""The smallest change that is told would have qualified the driver, and nothing smaller would."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from core.params import load_params
from engines.premium.changes import Question, smallest_changes
from features.driver_measures import MEASURES, WORSE_WHEN_HIGHER, Windows
from features.driver_qualification import with_basis
from models.booster import sigmoid
from tests.driver_frames import LAST, driver_days, drivers

PARAMS = load_params(Path("params.yaml"), "tiny").driver_qualification
WINDOWS = Windows(30, 150)


class Weighted:
    """A model whose directions are known, and that ``share`` of the drivers do not pass at 0.5."""

    def __init__(self, share, **weights):
        self.weights = weights
        self.limit = float(np.quantile(self.score(FOUND), share))

    def score(self, rows):
        return sum(weight * rows[name].to_numpy("float64") for name, weight in self.weights.items())

    def probability(self, rows):
        return sigmoid(self.score(rows) - self.limit)


FOUND, BASIS = with_basis(driver_days(60, 150), drivers(60), LAST, WINDOWS, PARAMS.standards)


def ask(model, threshold=0.5, min_rating=0.0):
    rows = FOUND.set_index("driver_id")
    below = model.probability(rows) < threshold
    below |= rows["rating"].to_numpy() < min_rating
    places = np.flatnonzero(below)
    assert len(places) > 10
    return Question(
        rows.iloc[places], BASIS.of(places), model, threshold, min_rating, PARAMS.standards, 30
    )


EVEN = Weighted(
    0.7, rating=6.0, rating_long=4.0, acceptance=30.0, acceptance_trend=5.0, cancellation=-60.0,
    on_time=8.0, eta_accuracy=8.0, log_chance=0.8, meets_now=0.3,
)  # fmt: skip


def events_of(change):
    return {part["name"]: float(part["events"]) for part in change["changes"]}


def enough(question, place, events):
    given = {m: np.array([events.get(m, 0.0)]) for m in MEASURES}
    return bool(question.enough(np.array([place]), given)[0])


def test_every_change_would_have_done_and_one_event_less_would_not():
    question = ask(EVEN)
    told = smallest_changes(question)
    assert len(told) == len(question.rows)
    changed = [events_of(change) for change in told]
    assert sum(len(events) == 1 for events in changed) > 10
    for place, events in enumerate(changed):
        if len(events) != 1:
            continue
        assert enough(question, place, events)
        ((name, count),) = events.items()
        assert not enough(question, place, {name: count - 1})


def test_no_single_measure_asks_for_a_smaller_step():
    """Against trying every number of events of every measure."""
    question = ask(EVEN)
    told = smallest_changes(question)
    basis = question.basis
    for place in range(0, len(told), 5):
        costs = {}
        for m in MEASURES:
            prior, tries = basis.short_priors[m], basis.short[m][1]
            spread = np.std(prior.shrunk(*basis.short[m]))
            for count in range(1, int(question.room(m)[place]) + 1):
                if enough(question, place, {m: float(count)}):
                    costs[m] = count / (tries[place] + prior.weight) / spread
                    break
        if costs:
            [chosen] = events_of(told[place])
            assert costs[chosen] == pytest.approx(min(costs.values()))


def test_where_no_measure_does_alone_only_those_that_are_needed_are_named():
    question = ask(Weighted(1.0, acceptance=60.0, on_time=60.0))
    told = smallest_changes(question)
    assert {len(change["changes"]) for change in told} > {1}
    several = [place for place, change in enumerate(told) if len(change["changes"]) > 1]
    for place in several:
        events = events_of(told[place])
        assert set(events) <= {"acceptance", "on_time"}
        assert enough(question, place, events)
        for name in events:
            assert not enough(question, place, {**events, name: 0.0})


def test_what_no_window_would_have_reached_says_so_with_how_near_it_comes():
    question = ask(EVEN, threshold=1.1)
    places = np.arange(len(question.rows))
    best = EVEN.probability(question.after(places, {m: question.room(m) for m in MEASURES}))
    told = smallest_changes(question)
    assert all(change["changes"] == [] for change in told)
    assert [change["probability"] for change in told] == best.round(4).tolist()
    assert (best >= EVEN.probability(question.rows)).all()


def test_the_rating_that_the_lowest_tier_needs_is_part_of_it():
    question = ask(Weighted(0.0, rating=1.0), min_rating=4.9)
    for change in smallest_changes(question):
        [part] = change["changes"]
        assert part["name"] == "rating"
        assert float(part["needed"].split()[1]) >= 4.9


def test_values_are_told_to_the_side_that_is_asked_for():
    question = ask(EVEN)
    for place, change in enumerate(smallest_changes(question)):
        for part in change["changes"]:
            sign, needed = part["needed"].split()
            worse = part["name"] in WORSE_WHEN_HIGHER
            assert sign == ("<=" if worse else ">=")
            assert (part["change"] < 0) == worse
            assert part["value"] == round(float(question.rows[part["name"]].iloc[place]), 4)
            assert float(needed) == pytest.approx(part["value"] + part["change"], abs=2e-4)


def test_counts_that_did_not_change_give_the_features_they_came_from():
    question = ask(EVEN)
    places = np.arange(len(question.rows))
    same = question.after(places, {m: np.zeros(len(places)) for m in MEASURES})
    assert np.allclose(same.drop(columns="as_of"), question.rows.drop(columns="as_of"))


def test_nobody_to_ask_about_is_no_answer():
    none = np.array([], dtype=np.intp)
    empty = Question(FOUND.iloc[none], BASIS.of(none), EVEN, 0.5, 4.8, PARAMS.standards, 30)
    assert smallest_changes(empty) == []


def test_the_future_moves_no_change():
    cut = LAST - timedelta(days=30)
    days, people = driver_days(40, 150), drivers(40)
    later = days["day"] > cut
    told = []
    for given in (days, days[~later]):
        found, basis = with_basis(given, people, cut, WINDOWS, PARAMS.standards)
        rows = found.set_index("driver_id")
        told.append(smallest_changes(Question(rows, basis, EVEN, 0.5, 4.8, PARAMS.standards, 30)))
    assert told[0] == told[1]


def test_the_long_window_reaches_further_and_its_changes_would_have_done_too():
    slow = Weighted(1.0, rating_long=20.0, acceptance_long=60.0, on_time_long=40.0, log_chance=0.5)
    question = ask(slow)
    near = smallest_changes(question)
    far = question.longer(np.arange(len(near)), 150)
    told = smallest_changes(far)
    assert {change["days"] for change in near} == {30}
    assert {change["days"] for change in told} == {150}
    reached = [sum(bool(change["changes"]) for change in found) for found in (near, told)]
    assert reached[0] < reached[1]
    for place, change in enumerate(told):
        for part in change["changes"]:
            before = far.rows[f"{part['name']}_long"].iloc[place]
            assert part["value"] == round(float(before), 4)
        if len(change["changes"]) == 1:
            ((name, count),) = events_of(change).items()
            assert enough(far, place, {name: count})
            assert not enough(far, place, {name: count - 1})


def test_a_better_long_window_leaves_the_trend_and_moves_both_windows():
    question = ask(EVEN).longer(np.arange(5), 150)
    places = np.arange(5)
    after = question.after(places, {"acceptance": question.room("acceptance")})
    assert (after["acceptance_trend"] == question.rows["acceptance_trend"]).all()
    for name in ("acceptance", "acceptance_long"):
        assert (after[name] > question.rows[name]).all()
    assert (after["rating"] == question.rows["rating"]).all()
