"""docker-compose.yml, the image and .dockerignore fit the code: names, paths, programs, volumes.

No container runs here. What a process is given is in test_entrypoint.py.
"""

import inspect
import re
import shlex
import subprocess
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from packaging.requirements import Requirement

from cli import processes
from core.settings import Settings

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = sorted(name for name, service in SERVICES.items() if "build" in service)
AIRFLOW = sorted(name for name in OURS if name.startswith("airflow-") or name == "migrate")
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text().replace("\\\n", " ")
ENTRYPOINT = (ROOT / "deploy" / "entrypoint").read_text()
LOCAL = Settings()
OF_ONE_MACHINE = {  # what the local platform sets for SQLite, loopback and short runs
    "CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL",
    "API__HOST",
    "API__PORT",
    "API__BASE_URL",
    "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME",
    "SCHEDULER__TRIGGER_TIMEOUT_CHECK_INTERVAL",
    "WORKERS__MIN_HEARTBEAT_INTERVAL",
    "DAG_PROCESSOR__REFRESH_INTERVAL",
    "DAG_PROCESSOR__PARSING_PROCESSES",
    "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL",
}


def image_env() -> dict[str, str]:
    lines = re.findall(r"^ENV (.*)$", DOCKERFILE, re.MULTILINE)
    return dict(pair.split("=", 1) for line in lines for pair in shlex.split(line))


def env_of(name: str) -> dict[str, str]:
    return image_env() | SERVICES[name].get("environment", {})


def mounts(name: str) -> dict[str, str]:
    """Path in the container -> volume, with `:ro` where it is."""
    parts = [volume.split(":") for volume in SERVICES[name].get("volumes", [])]
    return {at: ":".join([volume, *mode]) for volume, at, *mode in parts}


def test_every_variable_of_ours_is_a_setting():
    known = {f"TRIPO_{name.upper()}" for name in Settings.model_fields}
    for path in [ROOT / "docker-compose.yml", *(ROOT / "deploy").iterdir()]:
        if path.is_file():
            named = set(re.findall(r"\bTRIPO_[A-Z_]+\b", path.read_text()))
            assert named <= known, path.name


@pytest.mark.parametrize("name", OURS)
def test_containers_refuse_default_secrets_and_get_what_local_processes_get(name):
    env = env_of(name)
    assert env["TRIPO_ENVIRONMENT"] == "production"
    for variable, value in processes.quiet(LOCAL).items():
        if variable == "TRIPO_CLOCK":
            assert variable not in env  # the default: DAGs start by the clock
        elif value.startswith(("/", "http")) or variable.lower() == "no_proxy":
            assert env[variable] != value, "a path or address of this machine"
        else:
            assert env[variable] == value, variable


@pytest.mark.parametrize("name", AIRFLOW)
def test_airflow_in_containers_is_configured_like_the_local_one(name):
    env, exported = env_of(name), set(re.findall(r"\bAIRFLOW__[A-Z_]+\b", ENTRYPOINT))
    local = processes.airflow_env(LOCAL, ROOT / "dags")
    wanted = {n for n in local if n.startswith("AIRFLOW__")}
    wanted -= {f"AIRFLOW__{option}" for option in OF_ONE_MACHINE}
    assert wanted - set(env) - exported == set()
    for same in ("CORE__LOAD_EXAMPLES", "CORE__SIMPLE_AUTH_MANAGER_USERS", "CORE__PARALLELISM"):
        assert env[f"AIRFLOW__{same}"] == local[f"AIRFLOW__{same}"]
    assert env["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor"
    assert env["AIRFLOW__CORE__DAGS_FOLDER"] == "/app/dags"


@pytest.mark.parametrize("name", OURS)
def test_every_address_is_that_of_a_container_and_asked_without_a_proxy(name):
    env = env_of(name)
    for value in env.values():
        address = urlsplit(str(value))
        if address.scheme in {"http", "redis"}:
            assert address.hostname in SERVICES, value
            assert address.hostname in env["NO_PROXY"].split(",")
    assert env["NO_PROXY"] == env["no_proxy"]


def test_tasks_find_the_api_mlflow_and_the_broker():
    env = env_of("airflow-worker")
    api = urlsplit(env["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"])
    assert (api.hostname, api.path) == ("airflow-api", "/execution/")
    assert SERVICES["airflow-api"]["command"][-2:] == ["--port", str(api.port)]
    assert env["AIRFLOW__CELERY__BROKER_URL"].startswith("redis://redis:6379/")
    mlflow = urlsplit(env["TRIPO_MLFLOW_URL"])
    assert mlflow.hostname == "mlflow"
    assert f"--port {mlflow.port} " in ENTRYPOINT


def checks() -> list[tuple[str, list[str]]]:
    tests = {name: service.get("healthcheck", {}).get("test") for name, service in SERVICES.items()}
    return [
        (name, test[1:] if test[0] == "CMD" else shlex.split(test[1]))
        for name, test in tests.items()
        if test
    ]


@pytest.mark.parametrize(("name", "check"), checks())
def test_a_health_check_needs_nothing_that_only_the_entrypoint_exports(name, check):
    assert check[0] in {"python", "celery", "pg_isready", "redis-cli"}
    for word in check:
        for variable in re.findall(r"\$\$(\w+)", word):
            assert variable in {"HOSTNAME", *env_of(name)}


@pytest.mark.parametrize(("name", "check"), [c for c in checks() if c[1][0] == "python"])
def test_a_health_check_asks_what_the_local_platform_asks(name, check):
    assert check[1:3] == ["-m", "deploy.healthy"]
    address = urlsplit(check[3])
    assert f'"{address.path}"' in inspect.getsource(processes)
    asked = address.hostname if address.hostname in SERVICES else name
    if SERVICES[asked].get("ports"):
        assert SERVICES[asked]["ports"] == [f"127.0.0.1:{address.port}:{address.port}"]
    assert set(check[4:]) <= {*processes.HEARTBEATS, "triggerer"}


def test_code_is_installed_beside_its_data():
    installs = re.findall(r"uv pip install (.*?)(?: &&|$)", DOCKERFILE, re.MULTILINE)
    assert [line.split()[-2:] for line in installs if "-r" not in line] == [["-e", "."]]
    assert "WORKDIR /app\n" in DOCKERFILE


def test_the_image_has_git_and_the_database_client_of_the_servers_version():
    server = SERVICES["postgres"]["image"].partition(":")[2]
    packages = re.search(r"apt-get install (.*?) &&", DOCKERFILE).group(1).split()
    assert {"git", f"postgresql-client-{server}"} <= set(packages)
    assert re.search(r"^FROM python:3\.11-slim-bookworm$", DOCKERFILE, re.MULTILINE)
    assert server == "15", "Debian bookworm has no other"


def pins(path: Path) -> dict[str, str]:
    lines = path.read_text().splitlines()
    return dict(line.split("==") for line in lines if line and line[0] not in "# ")


def test_the_image_installs_pinned_packages_and_torch_without_cuda():
    base, more = pins(ROOT / "requirements.lock"), pins(ROOT / "deploy" / "requirements.lock")
    assert base.keys() & more.keys() == set()
    project = (ROOT / "pyproject.toml").read_text()
    scale = re.search(r"^scale = \[(.*?)^\]", project, re.MULTILINE | re.DOTALL).group(1)
    for text in re.findall(r'"(.+)"', scale):
        wanted = Requirement(text)
        if wanted.name != "pyspark":  # nothing in the containers asks for it, and it needs Java
            assert wanted.specifier.contains((base | more)[wanted.name]), text
    assert "-r requirements.lock -r deploy/requirements.lock" in DOCKERFILE
    assert image_env()["UV_TORCH_BACKEND"] == "cpu"


def ignored(path: str) -> bool:
    """Whether .dockerignore keeps a path, or a folder it is in, from the image."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    parts = path.split("/")
    above = ["/".join(parts[: n + 1]) for n in range(len(parts))]
    return any(
        fnmatch(folder, pattern) or (pattern[:3] == "**/" and fnmatch(folder, pattern[3:]))
        for pattern in lines
        if pattern and pattern[0] != "#"
        for folder in above
    )


def test_the_image_has_every_committed_file_and_git_but_no_secret():
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files"], capture_output=True, text=True, check=True
    )
    assert [path for path in listed.stdout.splitlines() if ignored(path)] == []
    assert not ignored(".git/HEAD"), "training records the revision"
    for secret in ("secrets/jwt", ".env", ".git/config", ".dvc/config.local", ".tripo/store.db"):
        assert ignored(secret), secret
    assert "safe.directory /app" in DOCKERFILE


def test_what_one_container_writes_the_others_that_need_it_read():
    home = env_of("airflow-worker")["TRIPO_HOME"]
    assert mounts("airflow-worker")[home] == "data"
    assert mounts("serving")[env_of("serving")["TRIPO_HOME"]] == "data:ro"
    assert env_of("airflow-worker")["TRIPO_REPORTS"].startswith(f"{home}/")
    artefacts = re.search(r"--serve-artifacts --artifacts-destination (\S+)", ENTRYPOINT).group(1)
    assert mounts("mlflow") == {artefacts: "mlflow"}
    for name in AIRFLOW:
        assert mounts(name)[env_of(name)["AIRFLOW__LOGGING__BASE_LOG_FOLDER"]] == "logs"
    made = re.search(r"mkdir (.*?) && chown tripo (.*)$", DOCKERFILE, re.MULTILINE).groups()
    assert {*made[0].split()} == {*made[1].split()} == {home, artefacts, "/logs"}
    named = {v.partition(":")[0] for name in SERVICES for v in mounts(name).values()}
    assert named == set(COMPOSE["volumes"])


def test_everything_waits_for_the_migration_and_the_migration_for_the_database():
    def waits(name: str) -> set[str]:
        direct = set(SERVICES[name].get("depends_on", {}))
        return direct | {far for near in direct for far in waits(near)}

    assert SERVICES["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    for name in set(OURS) - {"migrate"}:
        assert {"migrate", "postgres"} <= waits(name)
        for condition in SERVICES[name]["depends_on"].values():
            assert condition["condition"] != "service_started"
    assert {"redis", "mlflow", "airflow-api"} <= waits("airflow-worker")
