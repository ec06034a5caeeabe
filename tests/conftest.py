"""What several rooms' tests share: real servers, started once when first asked for, and stores."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import Engine, make_url

from store.db import connect, migrate
from tests.postgres import postgres_server, programs
from tests.servers import mlflow_server, redis_server

os.environ.setdefault("MPLBACKEND", "Agg")


@pytest.fixture(scope="session")
def mlflow_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("mlflow")
    with mlflow_server(folder) as url:
        yield url


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if shutil.which("redis-server") is None:
        pytest.skip("Redis is not installed: apt-get install redis-server")
    folder: Path = tmp_path_factory.mktemp("redis")
    with redis_server(folder) as url:
        yield url


BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    installed = programs()
    if installed is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with postgres_server(installed) as url:
        yield url


def _postgres_database(server: str, template: str) -> str:
    """A new database of its own; returns its address."""
    name = f"test_{uuid4().hex[:12]}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template}")
    admin.dispose()
    return make_url(server).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> str:
    """The name of a migrated database that others are copied from."""
    url = _postgres_database(postgres_url, "template1")
    engine = connect(url)
    migrate(engine)
    engine.dispose()
    return str(make_url(url).database)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file that others are copied from: Alembic takes half a second."""
    path: Path = tmp_path_factory.mktemp("store") / "store.db"
    engine = connect(f"sqlite:///{path}")
    migrate(engine)
    engine.dispose()  # the last connection folds the WAL into the file
    return path


@pytest.fixture
def sqlite_store(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Engine]:
    """A migrated store of its own, in the folder that is TRIPO_HOME for the test."""
    path = tmp_path / "home" / "store.db"
    path.parent.mkdir()
    shutil.copy(migrated_sqlite, path)
    engine = connect(f"sqlite:///{path}")
    yield engine
    engine.dispose()


@pytest.fixture(params=BOTH)
def store(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A migrated store, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_store")
        return
    server = request.getfixturevalue("postgres_url")
    template = request.getfixturevalue("postgres_template")
    engine = connect(_postgres_database(server, template))
    yield engine
    engine.dispose()


@pytest.fixture(params=BOTH)
def empty_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A store without tables, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'empty.db'}"
    else:
        url = _postgres_database(request.getfixturevalue("postgres_url"), "template1")
    engine = connect(url)
    yield engine
    engine.dispose()
