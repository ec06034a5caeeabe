"""`tripo bench serving`: how fast answers come, what overload does, how many sockets fit.

The server is the real one, on a copy of this home's store and releases, with the client on the same
two cores. Peers do the same reading of a message behind plain servers (`serving_peers`).
"""

import asyncio
import csv
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import httpx
import numpy as np

from benchmarks.load import Load, Target, at_rate, by_callers
from benchmarks.report import Row
from benchmarks.servers import Server, free_port, peer, serving
from benchmarks.sockets import SOCKETS, hold
from core.errors import BadInput
from pipelines.context import Context
from pipelines.simulated_day import TEXTS
from store.releases import pointer

CALLERS, SECONDS, REPEATS = 24, 8.0, 3
STEADY, OVERLOAD = 90.0, 4.0
"""Calls a second at which latency is measured; how many times what it can do is too much."""
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
    command = [sys.executable, "-W", "ignore", "-c", code]
    found = []
    for _ in range(REPEATS):
        told = subprocess.run(command, env=home, check=True, capture_output=True, text=True).stdout
        found.append([float(part) for part in told.split()[-2:]])
    middle, slow = zip(*found, strict=True)
    return [
        Row("one message through the engine, p50", middle, "ms", 6, higher_is_better=False),
        Row("one message through the engine, p95", slow, "ms", 15, higher_is_better=False),
    ]


def model_times() -> list[float]:
    """p50 and p95 in ms. Holds this process to one core: to be run in one of its own."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
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


def _conversations(server: Server) -> Target:
    bodies = [
        {"channel": "CHAT", "message": text, "user_id": f"R{n:06d}"}
        for n, text in enumerate(messages())
    ]
    return Target(server.url + CONVERSATIONS, server.token, bodies)


def _answers(server: Server) -> Target:
    bodies = [{"messages": [{"text": text}]} for text in messages()]
    return Target(f"{server.url}/answer", server.service_token, bodies)


def _http(ctx: Context, say: Say) -> list[Row]:
    """Conversations over HTTP with store and token; the reading alone; the peers' reading."""
    with serving(ctx) as server:
        by_callers(_conversations(server), CALLERS, 3)
        stored = [by_callers(_conversations(server), CALLERS, SECONDS) for _ in range(REPEATS)]
        steady = [at_rate(_conversations(server), STEADY, SECONDS) for _ in range(REPEATS)]
        plain = [by_callers(_answers(server), CALLERS, SECONDS) for _ in range(REPEATS)]
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
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        if name == "mlflow models serve":
            from benchmarks.serving_peers import save_for_mlflow

            save_for_mlflow(Path(folder, "model"))
            command = [
                *("-m", "mlflow", "models", "serve", "--env-manager", "local"),
                *("--model-uri", f"{folder}/model", "--host", "127.0.0.1", "--port", str(port)),
            ]
            ready, path = "/ping", "/invocations"
            bodies = [{"dataframe_split": {"columns": ["text"], "data": [[t]]}} for t in messages()]
        else:
            kind = "pipelines" if "three" in name else "shared"
            command = ["-m", "benchmarks.serving_peers", kind, str(port)]
            ready, path, bodies = "/livez", "/answer", [{"text": t} for t in messages()]
        with peer(command, port, ready):
            target = Target(f"http://127.0.0.1:{port}{path}", "", bodies)
            by_callers(target, CALLERS, 3)
            found = [by_callers(target, CALLERS, SECONDS).rate for _ in range(REPEATS)]
    return float(np.median(found))


def _overload(ctx: Context, say: Say) -> list[Row]:
    """Four times what it can do: who is turned away hears so at once, who is let in is answered."""
    with serving(ctx) as server:
        target = _conversations(server)
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
        target = _conversations(server)
        by_callers(target, CALLERS, 3)
        before = server.rss_mib()
        held = asyncio.run(hold(server, target, say))
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
