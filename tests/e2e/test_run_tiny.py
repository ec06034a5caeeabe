"""`tripo run` on the tiny profile: Airflow executes every DAG, serving answers, exit 0."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest

from cli.flow import first_run
from cli.samples import answered
from cli.supervisor import running_in
from core.params import load_params
from tests.e2e import same_state
from tests.servers import free_port

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).parents[2]
RUN_S = 900


def environment(home: Path) -> dict[str, str]:
    ports = {
        f"TRIPO_{name}_PORT": str(free_port())
        for name in ("AIRFLOW", "EXECUTION", "MLFLOW", "SERVING", "DOCS")
    }
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TRIPO_", "COV_", "AIRFLOW"))}
    return {
        **kept,
        **ports,
        "TRIPO_PROFILE": "tiny",
        "TRIPO_HOME": str(home / "home"),
        "TRIPO_REPORTS": str(home / "reports"),
        "TRIPO_PARAMS": str(ROOT / "params.yaml"),
    }


def tripo(*arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli.main", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=RUN_S, check=False
    )


def until(process: subprocess.Popen[str], wanted: str) -> None:
    """Read what a run prints until a line has the wanted text."""
    lines = []
    for line in process.stdout:
        lines.append(line)
        if wanted in line:
            return
    raise AssertionError(f"expected {wanted!r} in:\n{''.join(lines)}")


def nothing_runs(home: Path) -> bool:
    end = time.monotonic() + 10
    while running_in(home) and time.monotonic() < end:
        time.sleep(0.1)
    return running_in(home) == {}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A home where `tripo run` was killed once, and its Airflow and MLflow another time."""
    folder = tmp_path_factory.mktemp("platform")
    home, env = folder / "home", environment(folder)
    command = [sys.executable, "-m", "cli.main", "run"]
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as process:
        until(process, "train_intent: running")
        process.send_signal(signal.SIGKILL)
    assert nothing_runs(home)
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as process:
        until(process, "ingest: running")
        os.kill(running_in(home)["platform"], signal.SIGKILL)
        assert process.wait(60) != 0
    assert nothing_runs(home)
    return folder, env


@pytest.fixture(scope="module")
def first(place):
    _, env = place
    done = tripo("run", "--json", env=env)
    assert done.returncode == 0, done.stderr[-5000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_a_killed_run_that_is_started_again_ends_well_and_says_everything(place, first):
    home, _ = place
    assert first["error"] is None
    assert {d["state"] for d in first["dags"]} == {"success"}
    stages = first_run(load_params(ROOT / "params.yaml", "tiny"))
    assert [d["dag_id"] for d in first["dags"]] == [s.dag for s in stages]
    assert json.loads((home / "reports" / "run.json").read_text()) == first
    assert datetime.fromisoformat(first["started"]) < datetime.fromisoformat(first["finished"])


def test_a_killed_run_ends_in_the_state_of_an_undisturbed_one(place, first, tmp_path):
    done = tripo("run", "--json", env=environment(tmp_path))
    assert done.returncode == 0, done.stderr[-5000:]
    killed, undisturbed = place[0] / "home", tmp_path / "home"
    assert same_state.champions(killed) == same_state.champions(undisturbed)
    assert same_state.lake(killed) == same_state.lake(undisturbed)
    for table, expected in same_state.rows(undisturbed).items():
        assert same_state.rows(killed)[table] == expected, table


def test_rows_in_are_rows_out_and_quarantined(first):
    assert {"orders", "trips", "conversations", "messages"} <= set(first["data"])
    for name, counts in first["data"].items():
        assert counts["rows_in"] == counts["rows_out"] + counts["quarantined"], name


def test_at_least_six_models_serve_and_beat_their_baseline(first):
    champions = [m for m in first["models"] if m["alias"] == "champion"]
    assert len(champions) >= 6
    for model in champions:
        assert model["beats_baseline"], model["name"]
        low, high = model["interval"]
        assert low <= model["metrics"][model["primary"]] <= high, model["name"]


def test_the_last_full_day_has_its_kpis(first):
    assert first["kpis"]["date"] == "2026-11-21"
    assert first["kpis"]["ai_performance"]["total_conversations"] > 0
    assert first["kpis"]["profit"]["completed_orders"] > 0


def test_every_endpoint_answers_its_sample(first):
    wanted = {"answer", "search", "intent", "sentiment", "qualify", "forecast", "price", "match"}
    assert {f"POST /{name}" for name in wanted} <= {c["call"] for c in first["serving"]}
    assert [call for call in first["serving"] if not answered(call)] == []


def test_nothing_runs_after_the_run(place, first):
    home, _ = place
    assert running_in(home / "home") == {}


def test_a_second_run_trains_nothing_and_keeps_the_champions(place, first):
    _, env = place
    done = tripo("run", "--json", env=env)
    assert done.returncode == 0, done.stderr[-5000:]
    second = json.loads(done.stdout.splitlines()[-1])
    versions = {m["name"]: (m["version"], m["alias"]) for m in first["models"]}
    assert {m["name"]: (m["version"], m["alias"]) for m in second["models"]} == versions
    assert second["data"] == first["data"]
    assert second["kpis"] == first["kpis"]


def test_up_shows_its_addresses_and_ends_all_of_it_on_ctrl_c(place, first):
    home, env = place
    command = [sys.executable, "-m", "cli.main", "up"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        text=True,
        # a test run in the background of a shell ignores Ctrl-C, and so would its children
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        try:
            shown = []
            for line in process.stdout:
                shown.append(line)
                if "Ctrl-C" in line:
                    break
            text = "".join(shown)
            for name in ("AIRFLOW", "MLFLOW", "SERVING", "DOCS"):
                assert env[f"TRIPO_{name}_PORT"] in text
            assert set(running_in(home / "home")) == {"platform", "serving", "data-docs"}
            status = json.loads(tripo("status", "--json", env=env).stdout)
            assert status["last_run"]["succeeded"]
            assert set(status["processes"]) == {"platform", "serving", "data-docs"}
            filled = tripo(
                "backfill", "ai_performance", "2026-11-20..2026-11-21", "--json", env=env
            )
            assert filled.returncode == 0, filled.stderr
            runs = json.loads(filled.stdout)["runs"]
            assert [run["key"] for run in runs] == ["2026-11-20", "2026-11-21"]
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
            assert running_in(home / "home") == {}
        finally:
            process.terminate()
