"""Start, watch and end the platform's processes; nothing of them outlives this one.

Each process leads a session of its own and carries a mark in its environment, so that everything it
starts can be found and ended: Airflow's tasks change their process group, BentoML's workers their
session. A guard process holds the other end of a pipe: when this process dies, however it dies, the
pipe closes and the guard ends all of them.
"""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import psutil

from cli.guard import MARK, end_all, session_members
from core.errors import ProcessFailed

TAIL_LINES = 30
POLL_S = 0.1
GRACE_S = 8.0


@dataclass(frozen=True, slots=True)
class Service:
    """One process: what to run, where it listens, and how to see that it works.

    ``ports`` maps each port to the variable that moves it.
    """

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    host: str = "127.0.0.1"
    ports: Mapping[int, str] = field(default_factory=dict)
    healthy: Callable[[], bool] = lambda: True


def tail(path: Path, lines: int = TAIL_LINES) -> str:
    """The last lines of a log file; empty when there is none."""
    if not path.exists():
        return ""
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])


def require_free(host: str, port: int, variable: str) -> None:
    """Raise ProcessFailed if something listens on the port already."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ProcessFailed(
                f"expected {host}:{port} to be free, got: {error.strerror}. Another program "
                f"listens there; end it, or set {variable} to a free port."
            ) from None


class Supervisor:
    """The processes of one TRIPO_HOME. A context manager: leaving it ends all of them."""

    def __init__(self, home: Path) -> None:
        self._home = str(home.absolute())
        self.logs = home / "logs"
        self.pids = home / "run"
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._services: dict[str, Service] = {}
        self._guard: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None

    def __enter__(self) -> Self:
        self.logs.mkdir(parents=True, exist_ok=True)
        self.pids.mkdir(parents=True, exist_ok=True)
        self._lock = self._take_lock()
        self._end_stale()
        self._guard = subprocess.Popen(
            [sys.executable, "-m", "cli.guard", self._home],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self, service: Service) -> None:
        """Start one process in a session of its own, its output in ``logs/<name>.log``."""
        for port, variable in service.ports.items():
            require_free(service.host, port, variable)
        with (self.logs / f"{service.name}.log").open("wb") as log:
            child = subprocess.Popen(
                list(service.command),
                env={**os.environ, **service.env, MARK: self._home},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._children[service.name] = child
        self._services[service.name] = service
        self._register(service.name, child.pid)

    def running(self) -> dict[str, int]:
        """Names and process ids of what was started and still runs."""
        return {name: c.pid for name, c in self._children.items() if c.poll() is None}

    def check(self) -> None:
        """Raise ProcessFailed, with the end of its log, if a process has ended by itself."""
        for name, child in self._children.items():
            code = child.poll()
            if code is not None:
                raise self._failed(name, f"it ended by itself with exit code {code}")

    def wait_healthy(
        self,
        names: Iterable[str],
        timeout_s: float,
        progress: Callable[[str, float], None] = lambda name, seconds: None,
    ) -> None:
        """Wait until every named process answers; ``progress(name, seconds)`` as each does."""
        waiting = list(names)
        started = time.monotonic()
        while waiting:
            self.check()
            for name in list(waiting):
                if self._services[name].healthy():
                    waiting.remove(name)
                    progress(name, time.monotonic() - started)
            if waiting and time.monotonic() - started > timeout_s:
                raise self._failed(waiting[0], f"it was not healthy after {timeout_s:.0f} s")
            time.sleep(POLL_S)

    def stop(self) -> None:
        """SIGTERM to every process, SIGKILL to what is left of its session after a grace time."""
        for child in self._children.values():
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGTERM)
        deadline = time.monotonic() + GRACE_S
        for child in self._children.values():
            while child.poll() is None and time.monotonic() < deadline:
                time.sleep(POLL_S)
        end_all([child.pid for child in self._children.values()], self._home)
        for name, child in self._children.items():
            child.wait()
            self._pid_file(name).unlink(missing_ok=True)
        self._children.clear()
        if self._guard is not None and self._guard.stdin is not None:
            self._guard.stdin.close()
            self._guard.wait()
            self._guard = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _failed(self, name: str, what: str) -> ProcessFailed:
        log = self.logs / f"{name}.log"
        return ProcessFailed(f"{name}: {what}. The end of {log}:\n{tail(log)}")

    def _pid_file(self, name: str) -> Path:
        return self.pids / f"{name}.pid"

    def _register(self, name: str, pid: int) -> None:
        born = psutil.Process(pid).create_time()
        self._pid_file(name).write_text(f"{pid} {born}\n")
        if self._guard is None or self._guard.stdin is None:
            raise ProcessFailed("expected a supervisor that was entered with `with`")
        self._guard.stdin.write(f"{pid}\n".encode())
        self._guard.stdin.flush()

    def _take_lock(self) -> IO[str]:
        lock = (self.pids / "supervisor.lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            owner = lock.read().strip()
            lock.close()
            raise ProcessFailed(
                f"expected no other platform in {self.pids.parent}, got process {owner}. "
                "End it, or set TRIPO_HOME to another folder."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        return lock

    def _end_stale(self) -> None:
        """End what a killed run left behind; a reused process id is not ours and stays."""
        files = list(self.pids.glob("*.pid"))
        end_all([pid for file in files if (pid := _alive(file)) is not None], self._home)
        for file in files:
            file.unlink()


def _alive(file: Path) -> int | None:
    """The id of the session a pid file names, if it still lives and is the one that was meant."""
    written = file.read_text().split()
    if len(written) != 2:  # killed while it was written: the process is found by its mark
        return None
    pid, born = written
    try:
        ours = abs(psutil.Process(int(pid)).create_time() - float(born)) < 1
    except psutil.NoSuchProcess:
        # the leader is gone; a session id is not given out while members live
        ours = bool(session_members(int(pid)))
    return int(pid) if ours else None


def running_in(home: Path) -> dict[str, int]:
    """Names and ids of the processes that run for a TRIPO_HOME, whoever started them."""
    found = {file.stem: _alive(file) for file in sorted((home / "run").glob("*.pid"))}
    return {name: pid for name, pid in found.items() if pid is not None}
