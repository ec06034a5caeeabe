"""Which processes the platform is made of, and the environment each is started with."""

import importlib.util
import json
import os
import sqlite3
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from importlib.metadata import version
from pathlib import Path

from cli.supervisor import Service
from core.settings import Settings

AIRFLOW = "apache-airflow-core"
HEARTBEATS = ("scheduler", "dag_processor")
MIGRATED = "migrated"
ADMIN = "admin"
ANSWER_S = 10.0


def dags_folder() -> Path:
    """Where the package keeps its DAG files."""
    spec = importlib.util.find_spec("dags")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("expected the package `dags` to be installed with tripo")
    return Path(next(iter(spec.submodule_search_locations)))


def quiet(settings: Settings) -> dict[str, str]:
    """What every process gets: our folders as absolute paths, no telemetry, threads that share."""
    return {
        "TRIPO_HOME": str(settings.home.absolute()),
        "TRIPO_REPORTS": str(settings.reports.absolute()),
        "TRIPO_PARAMS": str(settings.params.absolute()),
        "TRIPO_CLOCK": str(settings.clock),
        "MLFLOW_TRACKING_URI": settings.tracking_uri,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "GX_ANALYTICS_ENABLED": "false",
        "BENTOML_DO_NOT_TRACK": "True",
        "HF_HUB_OFFLINE": "1",
        "PYTHONUNBUFFERED": "1",
        "OMP_NUM_THREADS": "2",
        # of two trainings side by side, one that spins while it waits takes the core of the other:
        # OpenMP can be told not to; OpenBLAS cannot, and our matrices are too small for two threads
        "OMP_WAIT_POLICY": "PASSIVE",
        "OPENBLAS_NUM_THREADS": "1",
        "MPLBACKEND": "Agg",
        **{name: _without_proxy(name, settings.host) for name in ("NO_PROXY", "no_proxy")},
    }


def _without_proxy(name: str, host: str) -> str:
    """What the variable says already, and our own address: loopback calls need no proxy."""
    said = [part for part in os.environ.get(name, "").split(",") if part and part != host]
    return ",".join([*said, host])


def airflow_env(settings: Settings, dags: Path) -> dict[str, str]:
    """Airflow's settings, all by environment: SQLite, local executor, loopback only."""
    home = settings.home.absolute() / "airflow"
    port = settings.airflow_port
    options = {
        "CORE__DAGS_FOLDER": str(dags),
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": "4",
        "CORE__EXECUTION_API_SERVER_URL": (
            f"http://{settings.host}:{settings.execution_port}/execution/"
        ),
        "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{ADMIN}:admin",
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        "CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL": "0",
        # seconds a writer waits for the one before it: 5, the default, is short on a busy machine
        "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}?timeout=15",
        "API__HOST": settings.host,
        "API__PORT": str(port),
        "API__BASE_URL": settings.airflow_url,
        "API__WORKERS": "1",
        "API__SECRET_KEY": settings.jwt_secret.get_secret_value(),
        "API_AUTH__JWT_SECRET": settings.jwt_secret.get_secret_value(),
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.3",
        "SCHEDULER__TRIGGER_TIMEOUT_CHECK_INTERVAL": "1",
        # a task's end is sometimes noticed only at the next heartbeat
        "WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        "WORKERS__EXECUTION_API_TIMEOUT": "30",
        "DAG_PROCESSOR__REFRESH_INTERVAL": "30",
        "DAG_PROCESSOR__PARSING_PROCESSES": "1",
        # a DAG file that has changed is read at the next look all the same
        "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "300",
        "LOGGING__COLORED_CONSOLE_LOG": "False",
    }
    named = {f"AIRFLOW__{name}": value for name, value in options.items()}
    return {**quiet(settings), **named, "AIRFLOW_HOME": str(home)}


def platform(settings: Settings, dags: Path, triggerer: bool = False) -> Service:
    """Airflow and MLflow, forked from one parent; healthy once all of them have reported in.

    The triggerer serves deferrable operators, of which our DAGs have none (a person's answer is
    awaited by the scheduler): the platform that stays up has one, a single run does without.
    """
    home = settings.home.absolute()
    began = datetime.now(UTC)
    flags = [] if _migrated(home / "airflow") else ["--migrate"]
    parts = [*HEARTBEATS, "triggerer"] if triggerer else [*HEARTBEATS]
    return Service(
        name="platform",
        command=[sys.executable, "-m", "cli.family", *flags, *["--triggerer"] * triggerer],
        env=airflow_env(settings, dags),
        host=settings.host,
        ports={
            settings.airflow_port: "TRIPO_AIRFLOW_PORT",
            settings.execution_port: "TRIPO_EXECUTION_PORT",
            settings.mlflow_port: "TRIPO_MLFLOW_PORT",
        },
        healthy=lambda: (
            # the first call builds this application: asked first, while others are still starting
            _answer(settings.host, settings.execution_port, "/execution/health") is not None
            and _answer(settings.host, settings.mlflow_port, "/health") is not None
            and _all_reported(settings, parts, began)
        ),
    )


def serving(settings: Settings) -> Service:
    """The BentoML service that others call; healthy once it answers, ready once it has models."""
    command = [
        sys.executable, "-m", "bentoml", "serve", "serving.service:TripoService",
        "--host", settings.host, "--port", str(settings.serving_port),
    ]  # fmt: skip
    return Service(
        name="serving",
        command=command,
        # every thread that computes would keep freed memory of its own: 35 MiB less under load
        env={**quiet(settings), "MALLOC_ARENA_MAX": "2"},
        host=settings.host,
        ports={settings.serving_port: "TRIPO_SERVING_PORT"},
        healthy=lambda: _answer(settings.host, settings.serving_port, "/livez") is not None,
    )


def data_docs(settings: Settings) -> Service:
    """The Data Docs pages, read-only."""
    pages = settings.home.absolute() / "data_docs"
    pages.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable, "-m", "http.server", str(settings.docs_port),
        "--bind", settings.host, "--directory", str(pages),
    ]  # fmt: skip
    return Service(
        name="data-docs",
        command=command,
        host=settings.host,
        ports={settings.docs_port: "TRIPO_DOCS_PORT"},
        healthy=lambda: _answer(settings.host, settings.docs_port, "/") is not None,
    )


def prepare_airflow(settings: Settings) -> None:
    """The password file, and every DAG paused until this run has read its file again."""
    home = settings.home.absolute() / "airflow"
    home.mkdir(parents=True, exist_ok=True)
    passwords = home / "passwords.json"
    passwords.touch(mode=0o600)
    passwords.chmod(0o600)
    passwords.write_text(json.dumps({ADMIN: settings.admin_password.get_secret_value()}))
    if _migrated(home):
        _pause_all(home / "airflow.db")


def remember_migration(settings: Settings) -> None:
    """Note, once Airflow is healthy, that its database has the tables of this version."""
    (settings.home.absolute() / "airflow" / MIGRATED).write_text(version(AIRFLOW))


def _migrated(home: Path) -> bool:
    mark = home / MIGRATED
    return mark.exists() and mark.read_text() == version(AIRFLOW)


def _pause_all(database: Path) -> None:
    """A clock schedule that came due while nothing ran must not fire before we look at it."""
    with sqlite3.connect(database, timeout=30) as connection:
        connection.execute("UPDATE dag SET is_paused = 1")
    connection.close()


def _all_reported(settings: Settings, parts: Sequence[str], began: datetime) -> bool:
    """Whether every part of Airflow has sent a heartbeat since it was started."""
    body = _answer(settings.host, settings.airflow_port, "/api/v2/monitor/health")
    if body is None:
        return False
    said = json.loads(body)
    beats = [said[part].get(f"latest_{part}_heartbeat") for part in parts]
    return all(beat and datetime.fromisoformat(beat) >= began for beat in beats)


def _answer(host: str, port: int, path: str) -> bytes | None:
    """The body of a 200; None for anything else. Cheaper than a client made for every look."""
    connection = HTTPConnection(host, port, timeout=ANSWER_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.read() if answer.status == HTTPStatus.OK else None
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()
