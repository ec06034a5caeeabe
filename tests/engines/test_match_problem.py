"""Matching problems out of files: the forms, their answers, and what is refused."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.match import app, read
from core.errors import BadInput
from core.params import load_params
from engines.premium.problem import solve

PARAMS = load_params(Path("params.yaml")).matching


def test_costs_are_minimised():
    found = solve({"cost": [[4, 1, 3], [2, 0, 5], [3, 2, 2]]}, PARAMS)
    assert found["total"] == 5
    assert found["assignment"] == [1, 0, 2]


def test_scores_are_maximised():
    found = solve({"score": [[4, 1, 3], [2, 0, 5]]}, PARAMS)
    assert (found["total"], found["assignment"]) == (9, [0, 2])


def test_fractions_add_up():
    assert solve({"cost": [[0.25, 0.5], [0.5, 0.125]]}, PARAMS)["total"] == 0.375


def test_a_null_is_never_used_and_the_row_says_why_it_got_nothing():
    found = solve({"cost": [[1, None], [2, None]]}, PARAMS)
    assert found["assignment"] == [0, None]
    assert found["explanations"][1]["why"] == "its columns were needed to match other rows"
    assert solve({"cost": [[None]]}, PARAMS)["explanations"][0]["why"] == "no possible pair"


def test_an_empty_matrix_has_an_empty_answer():
    assert solve({"cost": []}, PARAMS) == {"total": 0, "assignment": [], "explanations": []}


def test_requests_and_drivers_with_weights():
    problem = {
        "requests": [{"request_id": "r", "lat": 40.0, "lon": -74.0}],
        "drivers": [
            {"driver_id": "near", "lat": 40.001, "lon": -74.0, "rating": 4.7},
            {"driver_id": "best", "lat": 40.02, "lon": -74.0, "rating": 5.0},
        ],
    }
    weights = dict.fromkeys(("eta", "reliability", "fairness", "vehicle"), 0)
    rated = solve({**problem, "weights": {**weights, "rating": 1}}, PARAMS)
    assert rated["assignment"] == {"r": "best"}
    near = solve({**problem, "weights": {**weights, "rating": 0, "eta": 1}}, PARAMS)
    assert near["assignment"] == {"r": "near"}


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        ([1, 2], "one JSON object"),
        ({}, "one JSON object"),
        ({"cost": [[1]], "score": [[1]]}, "one JSON object"),
        ({"cost": [[1, 2], [3]]}, "same length"),
        ({"cost": [[1, "x"]]}, r"\(0, 1\)"),
        ({"cost": [[True]]}, r"\(0, 0\)"),
        ({"cost": [[float("inf")]]}, r"at most 1e\+12"),
        ({"cost": [[1e308]]}, r"at most 1e\+12"),
        ({"requests": [], "drivers": [], "weights": 5}, "weights as an object"),
        ({"cost": [[1]], "speed": 3}, "speed"),
        ({"requests": [1], "drivers": []}, "list of objects"),
        ({"requests": [], "drivers": [], "weights": {"luck": 1}}, "weights"),
    ],
)
def test_a_malformed_problem_is_named(problem, message):
    with pytest.raises(BadInput, match=message):
        solve(problem, PARAMS)


def test_the_command_prints_one_json_object(tmp_path):
    file = tmp_path / "problem.json"
    file.write_text('{"cost": [[2, 1], [1, 2]]}')
    done = CliRunner().invoke(app, ["solve", str(file), "--json"])
    assert json.loads(done.output)["total"] == 2


def test_a_broken_file_is_named(tmp_path):
    file = tmp_path / "problem.json"
    file.write_text('{"cost": [[2, 1]')
    done = CliRunner().invoke(app, ["solve", str(file)])
    assert isinstance(done.exception, BadInput)
    assert "not valid JSON" in str(done.exception)


@pytest.mark.parametrize(
    ("text", "says"),
    [('{"cost": [[NaN]]}', "has no NaN"), ("[" * 100_000, "nested too deeply"), ("{", "not valid")],
)
def test_a_file_that_is_no_json_is_named(tmp_path, text, says):
    file = tmp_path / "problem.json"
    file.write_text(text)
    with pytest.raises(BadInput, match=says):
        read(file)
