"""What every DAG must keep to, and that what it names exists."""

import ast
import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from cli.flow import first_run
from core.params import load_params
from models.catalog import CATALOG

ROOT = Path(__file__).parents[2]
FILES = sorted(p for p in (ROOT / "dags").glob("*.py"))
SHARED = {"__init__.py", "assets.py", "common.py", "approval.py"}
HEAVY = {
    "mlflow", "great_expectations", "torch", "sklearn", "xgboost", "bentoml", "ibis", "pandas",
    "numpy", "duckdb", "onnxruntime",
}  # fmt: skip
PARSE_S = 0.5
EXPECTED = {
    "simulate", "ingest", "knowledge_base", "train_encoder", "train_intent", "train_sentiment",
    "train_driver_qualification", "train_profit", "evaluate", "ai_performance", "profit_kpis",
    "driver_tiers", "premium_metrics", "monitoring", "upkeep",
}  # fmt: skip

LOOK = """
import json, os, sys
from unittest import mock
import pendulum
import airflow.providers.standard.operators.hitl
import airflow.providers.standard.operators.python
import airflow.providers.standard.operators.trigger_dagrun
import airflow.timetables.trigger as trigger
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.encoders import coerce_to_core_timetable
from airflow.timetables.base import TimeRestriction

folder, heavy, moments = json.loads(sys.argv[1])
bag = DagBag(dag_folder=folder)
dags = {
    dag.dag_id: {
        "owner": dag.default_args.get("owner"),
        "retries": dag.default_args.get("retries"),
        "tags": sorted(dag.tags),
        "doc": dag.doc_md,
        "catchup": dag.catchup,
        "start_date": dag.start_date and str(dag.start_date),
        "max_active_runs": dag.max_active_runs,
        "timetable": type(dag.timetable).__name__,
        "params": dag.params.dump(),
        "tasks": {
            task.task_id: {
                "pool": task.pool,
                "timeout": task.execution_timeout and task.execution_timeout.total_seconds(),
            }
            for task in dag.tasks
        },
    }
    for dag in bag.dags.values()
}
loaded = sorted(set(heavy) & set(sys.modules))
again = DagBag(dag_folder=folder)
seconds = {
    one.file: min(one.duration, two.duration).total_seconds()
    for one in bag.dagbag_stats for two in again.dagbag_stats if one.file == two.file
}

from dags.common import nightly, weekly
never = TimeRestriction(earliest=None, latest=None, catchup=False)
ticks = []
for now in moments:
    with mock.patch.object(trigger, "utcnow", lambda now=now: pendulum.parse(now)):
        for schedule in (nightly("02:00"), weekly("03:00")):
            core = coerce_to_core_timetable(schedule)
            info = core.next_dagrun_info_v2(last_dagrun_info=None, restriction=never)
            ticks.append([str(info.run_after.in_timezone("UTC")), info.partition_key])
os.environ["TRIPO_CLOCK"] = "False"
off = type(nightly("02:00")).__name__
found = {"dags": dags, "errors": bag.import_errors, "heavy": loaded, "seconds": seconds}
print(json.dumps({**found, "ticks": ticks, "clock_off": off}))
"""
LATE, JUST_AFTER = "2026-11-23T10:00:00+00:00", "2026-11-23T03:01:00+00:00"


@pytest.fixture(scope="module")
def bag(tmp_path_factory):
    """What Airflow makes of the files, in a process of its own: importing it would change ours."""
    wanted = json.dumps([str(ROOT / "dags"), sorted(HEAVY), [LATE, JUST_AFTER]])
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOOK, wanted],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={
            "AIRFLOW_HOME": str(tmp_path_factory.mktemp("airflow")),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        },
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_every_file_parses_and_makes_the_dags_of_the_architecture(bag):
    assert bag["errors"] == {}
    assert set(bag["dags"]) == EXPECTED


def test_parsing_imports_nothing_heavy(bag):
    assert bag["heavy"] == []


def test_every_file_parses_in_half_a_second(bag):
    assert {f: s for f, s in bag["seconds"].items() if s > PARSE_S} == {}


def test_every_dag_says_who_owns_it_what_it_does_and_how_often_it_tries(bag):
    for name, dag in bag["dags"].items():
        assert dag["owner"] in {"data", "platform", "support", "premium", "profit"}, name
        assert dag["retries"] >= 1, name
        assert dag["tags"], name
        assert len(dag["doc"]) > 40, name
        assert dag["max_active_runs"] == 1, name
        assert all(task["timeout"] for task in dag["tasks"].values()), name


def test_no_dag_makes_up_for_the_past(bag):
    for name, dag in bag["dags"].items():
        assert dag["catchup"] is False, name
        assert dag["start_date"] is None, name


def test_every_dag_can_be_started_for_a_key(bag):
    partitioned = {"CronPartitionTimetable", "PartitionedAssetTimetable", "PartitionedAtRuntime"}
    assert {dag["timetable"] for dag in bag["dags"].values()} == partitioned
    for name, dag in bag["dags"].items():
        assert {"range", "overrides"} <= set(dag["params"]), name


def test_every_model_of_the_catalog_is_trained_by_a_task_of_its_dag(bag):
    for name, spec in CATALOG.items():
        if spec.dag.startswith("train_"):
            assert name in bag["dags"][spec.dag]["tasks"]


def test_training_and_embedding_share_the_one_slot_of_the_heavy_pool(bag):
    heavy = {
        f"{dag}.{task}"
        for dag, found in bag["dags"].items()
        for task, how in found["tasks"].items()
        if how["pool"] == "heavy"
    }
    trained = {f"{s.dag}.{n}" for n, s in CATALOG.items() if s.dag.startswith("train_")}
    assert heavy == trained | {"knowledge_base.build"}


def test_the_first_run_starts_every_dag_after_what_it_needs(bag):
    stages = first_run(load_params(ROOT / "params.yaml", "tiny"))
    assert {stage.dag for stage in stages} == EXPECTED
    names = [stage.name for stage in stages]
    assert len(set(names)) == len(names)
    for place, stage in enumerate(stages):
        for need in stage.needs:
            before, _, task = need.partition(".")
            assert before in names[:place], need
            dag = next(s.dag for s in stages if s.name == before)
            assert not task or task in bag["dags"][dag]["tasks"], need


def late_imports(path: Path) -> list[tuple[str, str]]:
    """(module, name) of every import from pipelines inside a DAG file."""
    return [
        (node.module, alias.name)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pipelines")
        for alias in node.names
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_pipeline_a_dag_calls_exists(path):
    for module, name in late_imports(path):
        spec = find_spec(module)
        assert spec is not None and spec.origin, f"{path.name} imports {module}"
        tree = ast.parse(Path(spec.origin).read_text())
        defined = {n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
        assert name in defined, f"{path.name} imports {name} from {module}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_pipelines_are_imported_inside_tasks_only(path):
    top = [n for n in ast.parse(path.read_text()).body if isinstance(n, ast.ImportFrom)]
    assert [n.module for n in top if (n.module or "").startswith("pipelines")] == []


def test_a_clock_schedule_runs_at_its_next_tick_for_the_day_that_ended(bag):
    night = ["2026-11-24 02:00:00+00:00", "2026-11-23"]
    week = ["2026-11-30 03:00:00+00:00", "2026-11-29"]
    # switched on one minute after a tick: still the next tick, never the one that passed
    assert bag["ticks"] == [night, week, night, week]


def test_with_the_clock_off_nothing_is_scheduled(bag):
    assert bag["clock_off"] == "PartitionedAtRuntime"
