"""Servers that a benchmark starts for itself, on free ports, ended when it is done with them."""

import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil

from cli import processes
from cli.supervisor import Service, Supervisor
from core.enums import Role
from core.errors import BadInput
from pipelines.context import Context
from serving.api.identity import Caller, Tokens
from store import copies
from store.releases import pointer

START_S = 120.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Server:
    """A serving process of our own; ``token`` may open conversations for anybody."""

    url: str
    token: str
    service_token: str
    pid: int

    def rss_mib(self) -> float:
        """Memory of the process that answers: the largest of the family."""
        family = [psutil.Process(self.pid), *psutil.Process(self.pid).children(recursive=True)]
        return max(process.memory_info().rss for process in family) / 2**20


@contextmanager
def serving(ctx: Context) -> Iterator[Server]:
    """The service on a copy of this home, so that nothing measured here stays in its store."""
    if pointer(ctx.engine, "support") is None:
        raise BadInput("no support release serves in this home yet: `tripo run` makes one")
    if ctx.engine.dialect.name != "sqlite":
        raise BadInput("expected a store on SQLite to copy; leave TRIPO_DATABASE_URL empty")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        shutil.copytree(ctx.home / "releases", home / "releases")
        (home / "lake").symlink_to((ctx.home / "lake").absolute())
        copies.dump(ctx.engine, home)
        settings = ctx.settings.model_copy(
            update={"home": home, "serving_port": free_port(), "database_url": ""}
        )
        service = processes.serving(settings)
        pair = Tokens(settings).issue(Caller("bench", Role.SERVICE), datetime.now(UTC))
        with _running(replace(service, healthy=_answers(f"{settings.serving_url}/readyz"))) as pid:
            token = settings.service_token.get_secret_value()
            yield Server(settings.serving_url, pair.access_token, token, pid)


@contextmanager
def peer(command: list[str], port: int, ready: str) -> Iterator[None]:
    """Python with these arguments, until it answers at the path ``ready``."""
    env = {
        "HF_HUB_OFFLINE": "1", "MLFLOW_DISABLE_TELEMETRY": "true", "PYTHONPATH": os.getcwd(),
        # MLflow starts the `uvicorn` that it finds
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }  # fmt: skip
    healthy = _answers(f"http://127.0.0.1:{port}{ready}")
    with _running(Service("peer", [sys.executable, *command], env, healthy=healthy)):
        yield


@contextmanager
def _running(service: Service) -> Iterator[int]:
    """The process id of a service once it is healthy."""
    with tempfile.TemporaryDirectory() as folder, Supervisor(Path(folder)) as supervisor:
        supervisor.start(service)
        supervisor.wait_healthy([service.name], START_S)
        yield supervisor.running()[service.name]


def _answers(url: str) -> Callable[[], bool]:
    def healthy() -> bool:
        try:
            return httpx.get(url, timeout=2).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    return healthy
