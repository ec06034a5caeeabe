"""A logged batch comes out the same again, whatever the parameters are by then."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from cli.match import app
from core.errors import BadInput
from core.params import load_params
from engines.premium.problem import solve_and_log
from engines.premium.replay import replay
from models.premium.speeds import Speeds

PARAMS = load_params(Path("params.yaml")).matching


def problem(seed=3, **more):
    rng = np.random.default_rng(seed)

    def rows(key, count):
        places = (np.array([40.0, -74.0]) + rng.normal(0, 0.02, (count, 2))).tolist()
        return [{key: f"{key[0]}{n}", "lat": a, "lon": b} for n, (a, b) in enumerate(places)]

    return {"requests": rows("request_id", 30), "drivers": rows("driver_id", 20), **more}


@pytest.mark.parametrize("hour", [None, 8])
def test_what_was_logged_comes_out_again(hour):
    speeds = Speeds(np.array([[40.0, -74.0]]), np.full((1, 24), 2.5))
    more = {} if hour is None else {"hour_local": hour}
    _, snapshot = solve_and_log(problem(weights={"eta": 0.7}, **more), PARAMS, speeds)
    logged = json.loads(json.dumps(snapshot))
    assert (logged["speeds"] is None) == (hour is None)
    assert replay(logged) == {"same": True, "total": snapshot["total"], "changed": {}}


def test_a_changed_log_says_for_whom():
    _, snapshot = solve_and_log(problem(), PARAMS)
    served = next(r for r, d in snapshot["assignment"].items() if d)
    driver = snapshot["assignment"][served]
    snapshot["assignment"][served] = "somebody"
    told = replay(snapshot)
    assert not told["same"]
    assert told["changed"] == {served: ["somebody", driver]}


@pytest.mark.parametrize("wrong", [[], {}, {"requests": []}])
def test_what_is_no_log_is_named(wrong):
    with pytest.raises(BadInput, match="a logged batch"):
        replay(wrong)


def test_the_commands_log_and_replay(tmp_path, monkeypatch):
    monkeypatch.setenv("TRIPO_HOME", str(tmp_path / "home"))
    file, log = tmp_path / "problem.json", tmp_path / "log.json"
    file.write_text(json.dumps(problem()))
    CliRunner().invoke(app, ["solve", str(file), "--log", str(log)], catch_exceptions=False)
    done = CliRunner().invoke(app, ["replay", str(log), "--json"], catch_exceptions=False)
    assert json.loads(done.output)["same"] is True
