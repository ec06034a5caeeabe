"""Which processes the platform is made of, and the environment each is started with."""

import importlib.util
import json
import sqlite3
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import httpx

from cli.supervisor import Service, Supervisor
from core.settings import Settings

AIRFLOW_PARTS = ("api-server", "scheduler", "dag-processor", "triggerer")
ADMIN = "admin"
MIGRATE_S = 120.0
ANSWER_S = 2.0


def dags_folder() -> Path:
    """Where the package keeps its DAG files."""
    spec = importlib.util.find_spec("dags")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("expected the package `dags` to be installed with tripo")
    return Path(next(iter(spec.submodule_search_locations)))


def quiet(settings: Settings) -> dict[str, str]:
    """What every process gets: our folders as absolute paths, no telemetry, two threads."""
    return {
        "TRIPO_HOME": str(settings.home.absolute()),
        "TRIPO_REPORTS": str(settings.reports.absolute()),
        "TRIPO_PARAMS": str(settings.params.absolute()),
        "MLFLOW_TRACKING_URI": settings.tracking_uri,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "GX_ANALYTICS_ENABLED": "false",
        "BENTOML_DO_NOT_TRACK": "True",
        "HF_HUB_OFFLINE": "1",
        "PYTHONUNBUFFERED": "1",
        "OMP_NUM_THREADS": "2",
        "OPENBLAS_NUM_THREADS": "2",
        "MPLBACKEND": "Agg",
    }


def airflow_env(settings: Settings, dags: Path) -> dict[str, str]:
    """Airflow's settings, all by environment: SQLite, local executor, loopback only."""
    home = settings.home.absolute() / "airflow"
    port = settings.airflow_port
    options = {
        "CORE__DAGS_FOLDER": str(dags),
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": "4",
        "CORE__EXECUTION_API_SERVER_URL": f"{settings.airflow_url}/execution/",
        "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{ADMIN}:admin",
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        "CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL": "0",
        "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "API__HOST": settings.host,
        "API__PORT": str(port),
        "API__BASE_URL": settings.airflow_url,
        "API__WORKERS": "1",
        "API__SECRET_KEY": settings.jwt_secret.get_secret_value(),
        "API_AUTH__JWT_SECRET": settings.jwt_secret.get_secret_value(),
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1",
        "SCHEDULER__TRIGGER_TIMEOUT_CHECK_INTERVAL": "1",
        "DAG_PROCESSOR__REFRESH_INTERVAL": "30",
        "DAG_PROCESSOR__PARSING_PROCESSES": "1",
        "LOGGING__COLORED_CONSOLE_LOG": "False",
    }
    named = {f"AIRFLOW__{name}": value for name, value in options.items()}
    return {**quiet(settings), **named, "AIRFLOW_HOME": str(home)}


def airflow_parts(settings: Settings, dags: Path) -> list[Service]:
    """The four processes of Airflow; each is healthy once it has reported in after its start."""
    env = airflow_env(settings, dags)
    began = datetime.now(UTC)
    parts = []
    for part in AIRFLOW_PARTS:
        is_api = part == "api-server"
        command = [sys.executable, "-m", "cli.airflow_part", part]
        if part in ("scheduler", "triggerer"):
            command.append("--skip-serve-logs")
        parts.append(
            Service(
                name=f"airflow-{part}",
                command=command,
                env=env,
                host=settings.host,
                port=settings.airflow_port if is_api else None,
                port_variable="TRIPO_AIRFLOW_PORT",
                healthy=_reported(settings.airflow_url, part, began),
            )
        )
    return parts


def mlflow_server(settings: Settings) -> Service:
    """The tracking server and registry on SQLite and a local folder."""
    home = settings.home.absolute()
    command = [
        sys.executable, "-m", "mlflow", "server",
        "--host", settings.host, "--port", str(settings.mlflow_port),
        "--backend-store-uri", f"sqlite:///{home / 'mlflow.db'}",
        "--artifacts-destination", str(home / "mlartifacts"),
        "--serve-artifacts", "--workers", "1",
    ]  # fmt: skip
    return Service(
        name="mlflow",
        command=command,
        env=quiet(settings),
        host=settings.host,
        port=settings.mlflow_port,
        port_variable="TRIPO_MLFLOW_PORT",
        healthy=lambda: _answers(f"{settings.tracking_uri}/health"),
    )


def serving(settings: Settings) -> Service:
    """The BentoML service that others call."""
    command = [
        sys.executable, "-m", "bentoml", "serve", "serving.service:TripoService",
        "--host", settings.host, "--port", str(settings.serving_port),
    ]  # fmt: skip
    return Service(
        name="serving",
        command=command,
        env=quiet(settings),
        host=settings.host,
        port=settings.serving_port,
        port_variable="TRIPO_SERVING_PORT",
        healthy=lambda: _answers(f"{settings.serving_url}/readyz"),
    )


def prepare_airflow(supervisor: Supervisor, settings: Settings, dags: Path) -> None:
    """Passwords, metadata database, and every DAG paused until this run has read its file."""
    home = settings.home.absolute() / "airflow"
    home.mkdir(parents=True, exist_ok=True)
    passwords = home / "passwords.json"
    passwords.touch(mode=0o600)
    passwords.chmod(0o600)
    passwords.write_text(json.dumps({ADMIN: settings.admin_password.get_secret_value()}))
    migrated = home / "migrated"
    wanted = version("apache-airflow-core")
    if migrated.exists() and migrated.read_text() == wanted:
        _pause_all(home / "airflow.db")
        return
    command = [sys.executable, "-m", "airflow", "db", "migrate"]
    supervisor.run(Service("airflow-migrate", command, airflow_env(settings, dags)), MIGRATE_S)
    migrated.write_text(wanted)


def _pause_all(database: Path) -> None:
    """A clock schedule that came due while nothing ran must not fire before we look at it."""
    with sqlite3.connect(database, timeout=30) as connection:
        connection.execute("UPDATE dag SET is_paused = 1")
    connection.close()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=ANSWER_S).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def _reported(url: str, part: str, began: datetime) -> "_Reported":
    return _Reported(url, part.replace("-", "_"), began)


class _Reported:
    """Whether a part of Airflow has sent a heartbeat since it was started."""

    def __init__(self, url: str, part: str, began: datetime) -> None:
        self.url, self.part, self.began = url, part, began

    def __call__(self) -> bool:
        try:
            answer = httpx.get(f"{self.url}/api/v2/monitor/health", timeout=ANSWER_S)
        except httpx.HTTPError:
            return False
        if answer.status_code != httpx.codes.OK:
            return False
        if self.part == "api_server":
            return True
        last = (answer.json().get(self.part) or {}).get(f"latest_{self.part}_heartbeat")
        return last is not None and datetime.fromisoformat(last) >= self.began
