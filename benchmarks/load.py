"""Calls to a server at a fixed rate, or as fast as so many callers get answers."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

import aiohttp
import numpy as np

GIVEN_UP_S = 30.0
Call = Callable[[], Coroutine[Any, Any, None]]


@dataclass
class Load:
    """``answers``: (status, seconds) of every call, status 0 for one without an answer."""

    seconds: float = 0.0
    answers: list[tuple[int, float]] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Successful calls a second."""
        return len(self._times(200, 201)) / self.seconds

    @property
    def statuses(self) -> dict[int, int]:
        return dict(Counter(status for status, _ in self.answers))

    def ms(self, percentile: float, *statuses: int) -> float:
        """A percentile of the time to an answer with these statuses (none given: success)."""
        times = self._times(*(statuses or (200, 201)))
        return float(np.percentile(times, percentile)) * 1000 if times else float("nan")

    def _times(self, *statuses: int) -> list[float]:
        return [seconds for status, seconds in self.answers if status in statuses]


@dataclass(frozen=True)
class Target:
    """Where calls go, with which token, and what each sends."""

    url: str
    token: str
    bodies: Iterable[dict[str, Any]]


def at_rate(target: Target, per_second: float, seconds: float) -> Load:
    """Calls at fixed moments, whether or not those before were answered (an open loop)."""

    async def drive(call: Call) -> None:
        calls = []
        began = time.perf_counter()
        while (spent := time.perf_counter() - began) < seconds:
            due = int(spent * per_second) - len(calls)
            calls += [asyncio.create_task(call()) for _ in range(due)]
            await asyncio.sleep(0.002)
        await asyncio.gather(*calls)

    return asyncio.run(_with_client(target, drive))


def by_callers(target: Target, callers: int, seconds: float) -> Load:
    """Each of ``callers`` sends its next call when the one before is answered (a closed loop)."""

    async def drive(call: Call) -> None:
        began = time.perf_counter()

        async def caller() -> None:
            while time.perf_counter() - began < seconds:
                await call()

        await asyncio.gather(*(caller() for _ in range(callers)))

    return asyncio.run(_with_client(target, drive))


async def _with_client(target: Target, drive: Callable[[Call], Awaitable[None]]) -> Load:
    load, bodies = Load(), cycle(target.bodies)
    headers = {"Authorization": f"Bearer {target.token}"}
    limits = aiohttp.ClientTimeout(total=GIVEN_UP_S)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(
        headers=headers, timeout=limits, connector=connector
    ) as session:

        async def call() -> None:
            began, status = time.perf_counter(), 0
            try:
                async with session.post(target.url, json=next(bodies)) as reply:
                    await reply.read()
                    status = reply.status
            except (TimeoutError, aiohttp.ClientError):
                pass
            load.answers.append((status, time.perf_counter() - began))

        began = time.perf_counter()
        await drive(call)
        load.seconds = time.perf_counter() - began
    return load
