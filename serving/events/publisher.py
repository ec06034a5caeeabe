"""Publishes what the outbox holds: events in the order in which they were written, each until out.

Events are marked after the broker took them: a crash in between publishes them twice, never not at
all.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial

from sqlalchemy import Engine

from serving.events.broker import Broker, Event
from store import outbox
from store.db import read, write

log = logging.getLogger(__name__)
EVERY_S = 0.5


class Publisher:
    """A task that empties the outbox."""

    def __init__(self, engine: Engine, broker: Broker, clock: Callable[[], datetime]) -> None:
        self._engine, self._broker, self._clock = engine, broker, clock

    async def once(self) -> int:
        """Publish what waits; how many events it was."""
        rows = await asyncio.to_thread(read, self._engine, outbox.unpublished)
        taken: list[int] = []
        try:
            for row in rows:
                event = Event(id=str(row.id), name=row.name, at=row.created_at, payload=row.payload)
                await self._broker.publish(event)
                taken.append(row.seq)
        finally:  # a broker that went away between two has the first all the same
            if taken:
                mark = partial(outbox.published, seqs=taken, now=self._clock())
                await asyncio.to_thread(write, self._engine, mark)
        return len(rows)

    async def run(self) -> None:
        """Until it is cancelled. A broker that is away is waited for: the outbox keeps."""
        connected = False
        while True:
            try:
                if connected and not self._broker.hears:
                    log.warning("nobody listens for events of other systems; it is begun anew")
                    await self._broker.stop()
                    connected = False
                if not connected:
                    await self._broker.start()
                    connected = True
                emptied = await self.once() == 0
            except Exception as error:  # whatever a broker's driver raises, the events stay
                told = "events wait in the outbox: %s: %s"
                log.warning(told, type(error).__name__, error)
                emptied = True
            if emptied:
                await asyncio.sleep(EVERY_S)
