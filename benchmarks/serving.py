"""`tripo bench serving`: how fast answers come, what overload does, how many sockets fit.

The server is the real one, on a copy of this home's store and releases, with the client on the same
two cores. Peers do the same reading of a message behind plain servers (`serving_peers`).
"""

import csv
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil

from benchmarks.load import Load, Target, at_rate, by_callers
from benchmarks.report import Row
from benchmarks.sockets import SOCKETS, hold
from cli import processes
from core.enums import Role
from core.errors import BadInput, ProcessFailed
from core.settings import Settings
from pipelines.context import Context
from pipelines.simulated_day import TEXTS
from serving.api.identity import Caller, Tokens
from store import copies
from store.releases import pointer

CALLERS, SECONDS, REPEATS = 24, 8.0, 3
STEADY, OVERLOAD = 90.0, 4.0
"""Calls a second at which latency is measured; how many times what it can do is too much."""
START_S = 120
CONVERSATIONS = "/api/v1/support/conversations"
Say = Callable[[str], None]


def rows(ctx: Context, only: Sequence[str], say: Say) -> Iterator[list[Row]]:
    """The rows of each set in turn, as soon as they are measured."""
    for name in only or SETS:
        if name not in SETS:
            raise BadInput(f"expected a set out of {', '.join(SETS)}; got {name!r}")
        say(name)
        yield SETS[name](ctx, say)


def messages() -> list[str]:
    """What people of the simulated city write, in an order of its own."""
    with TEXTS.open(newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    return [texts[place] for place in np.random.default_rng(7).permutation(len(texts))]


def _model(ctx: Context, say: Say) -> list[Row]:
    """One message after the other through the whole engine, on one core of its own process."""
    code = "import benchmarks.serving as s; print(*s.model_times())"
    home = {**os.environ, "TRIPO_HOME": str(ctx.home.absolute()), "OMP_NUM_THREADS": "1"}
    core = min(os.sched_getaffinity(0))
    found = []
    for _ in range(REPEATS):
        command = ["taskset", "-c", str(core), sys.executable, "-W", "ignore", "-c", code]
        told = subprocess.run(command, env=home, check=True, capture_output=True, text=True).stdout
        found.append([float(part) for part in told.split()[-2:]])
    middle, slow = zip(*found, strict=True)
    return [
        Row("one message through the engine, p50", middle, "ms", 6, higher_is_better=False),
        Row("one message through the engine, p95", slow, "ms", 15, higher_is_better=False),
    ]


def model_times() -> list[float]:
    """p50 and p95 in ms; in a process of its own, so that it can be held to one core."""
    from engines.support.answering import Message, answer_one
    from serving.releases import load
    from serving.support.release import builder

    ctx = Context.load()
    found = pointer(ctx.engine, "support")
    if found is None:
        raise BadInput("no support release serves in this home yet: `tripo run` makes one")
    release = load(ctx.home / "releases", found.release_id, builder(ctx.params, ctx.engine)).engine
    times = []
    for text in messages()[:550]:
        began = time.perf_counter()
        answer_one(release, Message(text))
        times.append(1000 * (time.perf_counter() - began))
    return [float(found) for found in np.percentile(times[50:], [50, 95])]


@dataclass(frozen=True)
class Server:
    """A serving process of our own, and a token that may open conversations for anybody."""

    url: str
    token: str
    service_token: str
    pid: int

    def conversations(self) -> Target:
        bodies = [
            {"channel": "CHAT", "message": text, "user_id": f"R{n:06d}"}
            for n, text in enumerate(messages())
        ]
        return Target(self.url + CONVERSATIONS, self.token, bodies)

    def answers(self) -> Target:
        bodies = [{"messages": [{"text": text}]} for text in messages()]
        return Target(f"{self.url}/answer", self.service_token, bodies)

    def rss_mib(self) -> float:
        """Memory of the process that answers: the largest of the family."""
        family = [psutil.Process(self.pid), *psutil.Process(self.pid).children(recursive=True)]
        return max(p.memory_info().rss for p in family) / 2**20


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
            update={"home": home, "serving_port": _free_port(), "database_url": ""}
        )
        service = processes.serving(settings)
        with _process(service.command, service.env, f"{settings.serving_url}/readyz") as pid:
            yield Server(settings.serving_url, *_tokens(settings), pid)


def _tokens(settings: Settings) -> tuple[str, str]:
    pair = Tokens(settings).issue(Caller("bench", Role.SERVICE), datetime.now(UTC))
    return pair.access_token, settings.service_token.get_secret_value()


@contextmanager
def _process(command: Sequence[str], env: dict[str, str], ready: str) -> Iterator[int]:
    with tempfile.TemporaryFile() as log:
        process = psutil.Popen(
            command, env={**os.environ, **env}, stdout=log, stderr=log, start_new_session=True
        )
        try:
            _wait(ready, process, log)
            yield process.pid
        finally:
            if process.is_running():
                family = [process, *process.children(recursive=True)]
                process.terminate()
                for left in psutil.wait_procs(family, timeout=20)[1]:
                    left.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(url: str, process: psutil.Popen, log: Any) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end and process.poll() is None:
        try:
            if httpx.get(url, timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    log.seek(0)
    raise ProcessFailed(f"expected {url} to answer:\n{log.read()[-3000:].decode()}")


def _http(ctx: Context, say: Say) -> list[Row]:
    """Conversations over HTTP with store and token; the reading alone; the peers' reading."""
    with serving(ctx) as server:
        by_callers(server.conversations(), CALLERS, 3)
        stored = [by_callers(server.conversations(), CALLERS, SECONDS) for _ in range(REPEATS)]
        steady = [at_rate(server.conversations(), STEADY, SECONDS) for _ in range(REPEATS)]
        plain = [by_callers(server.answers(), CALLERS, SECONDS) for _ in range(REPEATS)]
        memory = server.rss_mib()
    peers = {name: _peer(name, say) for name in PEERS}
    note = "one message a conversation, answered and stored; 24 callers on the same cores"
    failed = sum(status not in (200, 201) for load in steady for status, _ in load.answers)
    return [
        Row("replies over HTTP with store and token", _rates(stored), "/s", 180, note=note),
        Row(
            f"latency at {STEADY:.0f} replies/s, p95", tuple(load.ms(95) for load in steady), "ms",
            150, higher_is_better=False, note=f"{failed} calls of {len(steady)} runs failed",
        ),
        Row("replies over HTTP, nothing stored", _rates(plain), "/s", None, peers=peers),
        *(
            Row(f"times {name}", tuple(rate / peers[name] for rate in _rates(plain)), "x", bar)
            for name, bar in PEERS.items()
        ),
        Row("memory of the serving process", (memory,), "MiB", 700, higher_is_better=False),
    ]  # fmt: skip


def _rates(loads: Sequence[Load]) -> tuple[float, ...]:
    return tuple(load.rate for load in loads)


PEERS = {
    "three transformers pipelines in FastAPI": 4.0,
    "one shared encoder in FastAPI": 2.5,
    "mlflow models serve": 4.0,
}


def _peer(name: str, say: Say) -> float:
    """Median of the replies a second."""
    say(f"  {name}")
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder:
        if name == "mlflow models serve":
            from benchmarks.serving_peers import save_for_mlflow

            save_for_mlflow(Path(folder, "model"))
            command = [
                *(sys.executable, "-m", "mlflow", "models", "serve", "--env-manager", "local"),
                *("--model-uri", f"{folder}/model", "--host", "127.0.0.1", "--port", str(port)),
            ]
            ready, path = f"{url}/ping", "/invocations"
            bodies = [{"dataframe_split": {"columns": ["text"], "data": [[t]]}} for t in messages()]
        else:
            kind = "pipelines" if "three" in name else "shared"
            command = [sys.executable, "-m", "benchmarks.serving_peers", kind, str(port)]
            ready, path, bodies = f"{url}/livez", "/answer", [{"text": t} for t in messages()]
        env = {
            "HF_HUB_OFFLINE": "1", "MLFLOW_DISABLE_TELEMETRY": "true", "PYTHONPATH": os.getcwd(),
            # MLflow starts the `uvicorn` that it finds
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }  # fmt: skip
        with _process(command, env, ready):
            target = Target(url + path, "", bodies)
            by_callers(target, CALLERS, 3)
            found = [by_callers(target, CALLERS, SECONDS).rate for _ in range(REPEATS)]
    return float(np.median(found))


def _overload(ctx: Context, say: Say) -> list[Row]:
    """Four times what it can do: who is turned away hears so at once, who is let in is answered."""
    with serving(ctx) as server:
        target = server.conversations()
        by_callers(target, CALLERS, 3)
        usual = by_callers(target, CALLERS, SECONDS).rate
        before = _stored(server)
        much = at_rate(target, OVERLOAD * usual, SECONDS)
        began = time.perf_counter()
        while at_rate(target, usual / 2, 1.0).ms(95) > 150 and time.perf_counter() - began < 30:
            pass
        recovered = time.perf_counter() - began
        after = at_rate(target, usual / 2, 3.0)
        told = much.statuses
        accepted = _stored(server) - before
    shed = told.get(503, 0)
    lost = told.get(201, 0) - min(told.get(201, 0), accepted)
    note = f"{OVERLOAD * usual:.0f} calls/s for {SECONDS:.0f} s: {told}; after: {after.statuses}"
    return [
        Row("overload: time to a 503, p95", (much.ms(95, 503),), "ms", 50, False, note=note),
        Row("overload: calls without an answer", (float(told.get(0, 0)),), "", 0, False),
        Row("overload: accepted and not stored", (float(lost),), "", 0, False),
        Row("overload: share turned away", (shed / max(1, len(much.answers)),), "", None),
        Row("overload: until p95 is below 150 ms again", (recovered,), "s", 10, False),
    ]


def _stored(server: Server) -> int:
    """How many conversations the server knows."""
    headers = {"Authorization": f"Bearer {server.token}"}
    reply = httpx.get(server.url + CONVERSATIONS, headers=headers, params={"page_size": 1})
    return int(reply.json()["total"])


def _sockets(ctx: Context, say: Say) -> list[Row]:
    """A thousand open at once; a message is said in each, and its answer comes there."""
    with serving(ctx) as server:
        target = server.conversations()
        by_callers(target, CALLERS, 3)
        before = server.rss_mib()
        held = hold(server.url, server.token, target, server.rss_mib, say)
    note = f"{held.opened} open, {held.answered} answered in {held.seconds:.0f} s"
    return [
        Row(f"{SOCKETS} sockets: more memory", (held.rss_mib - before,), "MiB", 400, False),
        Row(f"{SOCKETS} sockets: answers lost", (float(held.lost),), "", 0, False, note=note),
        Row(f"{SOCKETS} sockets: time to an answer, p95", (held.p95_ms,), "ms", None, False),
    ]


def _decisions(ctx: Context, say: Say) -> list[Row]:
    """One price, one driver, one match a call."""
    from serving.schemas import SAMPLE_BATCH, SAMPLE_JOURNEY

    calls = {
        "price": {"journey": SAMPLE_JOURNEY.model_dump(mode="json")},
        "qualify": {"drivers": [{"driver_id": "D0001"}]},
        "match": {"batch": SAMPLE_BATCH.model_dump(mode="json")},
    }
    found = []
    with serving(ctx) as server:
        for name, body in calls.items():
            target = Target(f"{server.url}/{name}", server.service_token, [body])
            by_callers(target, CALLERS, 2)
            busy = [by_callers(target, CALLERS, SECONDS).rate for _ in range(REPEATS)]
            alone = [by_callers(target, 1, 3).ms(50) for _ in range(REPEATS)]
            found += [
                Row(f"/{name}, one a call", tuple(busy), "/s", 800),
                Row(f"/{name}, one caller, p50", tuple(alone), "ms", 3, higher_is_better=False),
            ]
    return found


SETS: dict[str, Callable[[Context, Say], list[Row]]] = {
    "model": _model,
    "http": _http,
    "overload": _overload,
    "sockets": _sockets,
    "decisions": _decisions,
}
