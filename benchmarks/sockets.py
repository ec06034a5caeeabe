"""A thousand WebSockets held open at once, each in a conversation of its own."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

import aiohttp
import numpy as np

from benchmarks.load import Target
from benchmarks.servers import Server

SOCKETS = 1000
OPENING, SAYING = 16, 40.0
"""Conversations begun at a time; messages said a second."""
GIVEN_UP_S = 60.0


@dataclass(frozen=True)
class Held:
    """What became of them. ``rss_mib``: of the server while all were open and had been answered."""

    opened: int
    answered: int
    rss_mib: float
    p95_ms: float
    seconds: float

    @property
    def lost(self) -> int:
        return SOCKETS - self.answered


async def hold(server: Server, target: Target, say: Callable[[str], None]) -> Held:
    """Open them, say one message in each, and wait for its answer there."""
    began = time.perf_counter()
    headers = {"Authorization": f"Bearer {server.token}"}
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(headers=headers, connector=connector) as session:
        turn = asyncio.Semaphore(OPENING)

        async def begin(body: dict[str, object]) -> aiohttp.ClientWebSocketResponse:
            async with turn:
                async with session.post(target.url, json=body) as reply:
                    conversation_id = (await reply.json())["conversation_id"]
                socket = await session.ws_connect(f"{server.url}/ws/support/{conversation_id}")
                await socket.receive_json(timeout=GIVEN_UP_S)
                return socket

        bodies = islice(target.bodies, SOCKETS)
        opened = await asyncio.gather(*(begin(body) for body in bodies))
        say(f"  {len(opened)} open after {time.perf_counter() - began:.0f} s")
        calls = []
        for socket in opened:
            calls.append(asyncio.create_task(_asked(socket)))
            await asyncio.sleep(1 / SAYING)
        times = [spent for spent in await asyncio.gather(*calls) if spent is not None]
        memory = server.rss_mib()
        still = sum(not socket.closed for socket in opened)
        await asyncio.gather(*(socket.close() for socket in opened))
    slowest = float(np.percentile(times, 95)) * 1000 if times else float("nan")
    return Held(still, len(times), memory, slowest, time.perf_counter() - began)


async def _asked(socket: aiohttp.ClientWebSocketResponse) -> float | None:
    """Seconds until this socket has its answer; None if it never came.

    Somebody who waits for a person gets no answer of the assistant: there its own message counts.
    """
    said = {"content": "how do I get a receipt?", "client_message_id": "bench-1"}
    began = time.perf_counter()
    await socket.send_str(json.dumps({"type": "SEND_MESSAGE", "data": said}))
    try:
        async with asyncio.timeout(GIVEN_UP_S):
            while True:
                frame = await socket.receive_json()
                if frame["type"] in ("AI_RESPONSE", "USER_MESSAGE"):
                    return time.perf_counter() - began
    except (TimeoutError, TypeError):
        return None
