"""deploy/entrypoint, run with stand-ins for the programs it starts; secrets, health, databases."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml
from cryptography.fernet import Fernet
from sqlalchemy.engine import make_url

from cli.processes import ADMIN
from cli.run import HEAVY
from core.errors import InsecureSettings
from core.settings import Settings
from dags.common import HEAVY_POOL
from deploy.create_databases import create
from tests.servers import free_port

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = sorted(name for name, service in SERVICES.items() if "build" in service)
AIRFLOW = [name for name in OURS if name not in {"mlflow", "serving"}]
SECRETS = {name: f"the {name} secret" for name in COMPOSE["secrets"]}
SECRETS |= {"postgres": 'p@ss:w/rd%25"$x', "admin": 'it"s\\me'}
STAND_IN = """#!/bin/bash
printf '%s\\n' "${0##*/} $*" >> "$CALLS"
env -0 > "$SEEN"
"""
PYTHON = """#!/bin/bash
[ "$1" != -m ] || { printf '%s\\n' "${0##*/} $*" >> "$CALLS"; exit; }
exec "$REAL_PYTHON" "$@"
"""


@dataclass(frozen=True)
class Started:
    """What came of a container's command: exit code, programs started, what the last one saw."""

    code: int
    stderr: str
    calls: list[str]
    env: dict[str, str]


def start(folder: Path, name: str, secrets: dict[str, str] | None = None) -> Started:
    """Run a container's command with the environment and the secrets that it is given."""
    service = SERVICES[name]
    given = {s: SECRETS[s] for s in service["secrets"]} if secrets is None else secrets
    programs = folder / "bin"
    programs.mkdir()
    (folder / "secrets").mkdir()
    for secret, text in given.items():
        (folder / "secrets" / secret).write_text(f"{text}\n")
    for program in ("airflow", "mlflow", "bentoml", "tripo", "python"):
        (programs / program).write_text(PYTHON if program == "python" else STAND_IN)
        (programs / program).chmod(0o755)
    env = service["environment"] | {
        "PATH": f"{programs}:/usr/bin:/bin",
        "SECRETS": str(folder / "secrets"),
        "AIRFLOW_HOME": str(folder / "airflow"),
        "CALLS": str(folder / "calls"),
        "SEEN": str(folder / "seen"),
        "REAL_PYTHON": sys.executable,
    }
    done = subprocess.run(
        service["command"], env=env, cwd=ROOT, capture_output=True, text=True, check=False
    )
    calls, seen = folder / "calls", folder / "seen"
    variables = seen.read_text().split("\0")[:-1] if seen.exists() else []
    return Started(
        done.returncode,
        done.stderr,
        calls.read_text().splitlines() if calls.exists() else [],
        dict(variable.split("=", 1) for variable in variables),
    )


@pytest.mark.parametrize("name", OURS)
def test_a_container_starts_with_the_secrets_it_is_given_and_shows_none_of_them(name, tmp_path):
    started = start(tmp_path, name)
    assert (started.code, started.stderr) == (0, "")
    assert started.calls
    for secret in SECRETS.values():
        assert not [call for call in started.calls if secret in call]


@pytest.mark.parametrize(
    ("name", "lacking"),
    [
        (name, secret)
        for name in ("airflow-api", "serving", "mlflow")  # the other parts of Airflow go its way
        for secret in SERVICES[name]["secrets"]
    ],
)
def test_a_container_that_lacks_a_secret_says_which_and_starts_nothing(name, lacking, tmp_path):
    given = {s: "" if s == lacking else SECRETS[s] for s in SERVICES[name]["secrets"]}
    started = start(tmp_path, name, given)
    assert started.code != 0
    assert f"secrets/{lacking}, got none" in started.stderr
    assert started.calls == []


@pytest.mark.parametrize("name", [*AIRFLOW, "serving"])
def test_our_settings_get_secrets_of_their_own_and_the_store(name, tmp_path, monkeypatch):
    started = start(tmp_path, name)
    for variable, value in started.env.items():
        monkeypatch.setenv(variable, value)
    found = Settings()
    found.require_safe()
    assert found.environment == "production"
    assert found.jwt_secret.get_secret_value() == "the jwt secret"
    assert found.admin_password.get_secret_value() == 'it"s\\me'
    assert found.pseudonym_secret.get_secret_value() == "the pseudonym secret"
    assert found.service_token.get_secret_value() == "the service secret"
    store = make_url(found.store_url)
    assert (store.drivername, store.host, store.database) == (
        "postgresql+psycopg", "postgres", "tripo",
    )  # fmt: skip
    assert store.password == 'p@ss:w/rd%25"$x'


@pytest.mark.parametrize("name", AIRFLOW)
def test_every_part_of_airflow_has_the_same_keys_and_database(name, tmp_path):
    env = start(tmp_path, name).env
    assert env["AIRFLOW__API__SECRET_KEY"] == "the airflow_api secret"
    assert env["AIRFLOW__API_AUTH__JWT_SECRET"] == "the airflow_jwt secret"
    assert env["AIRFLOW__CORE__FERNET_KEY"] == "the airflow_fernet secret"
    database = make_url(env["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"])
    assert (database.host, database.database) == ("postgres", "airflow")
    assert database.password == 'p@ss:w/rd%25"$x'


def test_the_admin_password_reaches_the_api_in_a_file_of_its_own(tmp_path):
    started = start(tmp_path, "airflow-api")
    passwords = Path(started.env["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
    assert json.loads(passwords.read_text()) == {ADMIN: 'it"s\\me'}
    assert passwords.stat().st_mode & 0o777 == 0o600
    assert started.env["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"] == f"{ADMIN}:admin"
    assert started.calls == ["airflow api-server --port 8080"]


def test_the_migration_makes_databases_tables_and_the_pool_of_heavy_tasks(tmp_path):
    name, slots, about = HEAVY
    assert name == HEAVY_POOL
    assert start(tmp_path, "migrate").calls == [
        "python -m deploy.create_databases airflow mlflow",
        "airflow db migrate",
        f"airflow pools set {name} {slots} {about}",
        "tripo db migrate",
    ]


def test_mlflow_serves_artefacts_to_known_hosts_and_keeps_its_address_out_of_sight(tmp_path):
    started = start(tmp_path, "mlflow")
    store = make_url(started.env["MLFLOW_BACKEND_STORE_URI"])
    assert (store.host, store.database, store.password) == (
        "postgres",
        "mlflow",
        SECRETS["postgres"],
    )
    (call,) = started.calls
    assert "--allowed-hosts mlflow:*,127.0.0.1:*,localhost:* " in call
    assert "--serve-artifacts" in call
    assert "TRIPO_JWT_SECRET" not in started.env


def make_secrets(folder: Path) -> dict[str, str]:
    subprocess.run([str(ROOT / "deploy" / "make_secrets"), str(folder)], check=True)
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_the_secrets_that_are_made_are_those_of_the_compose_file(tmp_path):
    made = make_secrets(tmp_path / "secrets")
    assert set(made) == set(COMPOSE["secrets"])
    assert len(set(made.values())) == len(made)
    Fernet(made["airflow_fernet"].strip())
    assert all(re.fullmatch(r"\S{44,64}\n", text) for text in made.values())


def test_secrets_are_for_the_containers_but_not_for_other_people_here(tmp_path):
    make_secrets(tmp_path / "secrets")
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "secrets").iterdir()}
    assert modes == {0o644}


def test_a_secret_that_is_there_stays(tmp_path):
    (tmp_path / "postgres").write_text("in use\n")
    made = make_secrets(tmp_path)
    assert made["postgres"] == "in use\n"
    assert make_secrets(tmp_path) == made


@contextmanager
def answers(status: int, body: str) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/health"
    server.shutdown()
    server.server_close()


def healthy(*arguments: str) -> tuple[int, str]:
    # a proxy that does not exist: the check must not ask it
    env = {**os.environ, "HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
    done = subprocess.run(
        [sys.executable, "-m", "deploy.healthy", *arguments],
        env=env, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stderr.strip()


def test_a_server_that_answers_is_healthy():
    with answers(200, "anything") as url:
        assert healthy(url) == (0, "")


def test_a_server_that_refuses_is_not_healthy():
    with answers(503, "no release") as url:
        assert healthy(url) == (1, f"expected 200 of {url}, got 503")


def test_a_server_that_is_not_there_is_not_healthy():
    code, said = healthy(f"http://127.0.0.1:{free_port()}/health")
    assert code == 1
    assert "to answer, got: [Errno 111] Connection refused" in said


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("scheduler", (0, "")),
        ("triggerer", (1, "expected triggerer to be healthy, got unhealthy")),
        ("dag_processor", (1, "expected dag_processor to be healthy, got None")),
    ],
)
def test_a_part_of_airflow_is_as_healthy_as_airflow_says(part, expected):
    said = {
        "scheduler": {"status": "healthy"},
        "triggerer": {"status": "unhealthy"},
        "dag_processor": {"status": None},
    }
    with answers(200, json.dumps(said)) as url:
        assert healthy(url, part) == expected


@pytest.mark.postgres
def test_databases_are_made_once_and_those_that_are_there_stay(postgres_url, monkeypatch):
    monkeypatch.setenv("TRIPO_DATABASE_URL", postgres_url)
    create(["made_twice", "postgres"])
    create(["made_twice", "made_later"])
    engine = sa.create_engine(postgres_url)
    with engine.connect() as connection:
        names = set(connection.scalars(sa.text("SELECT datname FROM pg_database")))
    engine.dispose()
    assert {"made_twice", "made_later", "postgres"} <= names


def test_no_database_is_made_with_a_known_secret(monkeypatch):
    monkeypatch.setenv("TRIPO_ENVIRONMENT", "production")
    with pytest.raises(InsecureSettings, match="TRIPO_JWT_SECRET"):
        create(["airflow"])
