"""What several rooms' tests share: a real MLflow server, started once when first asked for."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import mlflow_server

os.environ.setdefault("MPLBACKEND", "Agg")


@pytest.fixture(scope="session")
def mlflow_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("mlflow")
    with mlflow_server(folder) as url:
        yield url
