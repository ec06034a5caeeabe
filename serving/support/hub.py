"""Who listens to which conversation: sockets are woken when something is new in the store.

What is said travels through the store, never through memory: a socket reads from its own place on,
so that a slow one holds nobody up, one that reconnects misses nothing, and a message that another
process wrote arrives too. A look at the store every half second finds what nobody woke us for.
"""

import asyncio
import logging
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from core.errors import TripoError
from store.conversations import CONVERSATION

log = logging.getLogger(__name__)
EVERY_S = 0.5
Versions = Mapping[uuid.UUID, int]


class Listener:
    """One socket's ear: an event that says something may be new, and passing signs (typing)."""

    def __init__(self) -> None:
        self.news = asyncio.Event()
        self.signs: asyncio.Queue[dict[str, Any]] = asyncio.Queue(maxsize=16)

    def sign(self, envelope: dict[str, Any]) -> None:
        """Pass a sign on; one that a slow socket has no room for is dropped."""
        if not self.signs.full():
            self.signs.put_nowait(envelope)
            self.news.set()


class Hub:
    """All listeners of this process; used from its event loop only."""

    def __init__(self, look: Callable[[Callable[[Connection], Versions]], Versions]) -> None:
        self._look = look
        self._listeners: dict[uuid.UUID, set[Listener]] = defaultdict(set)
        self._seen: dict[uuid.UUID, int] = {}

    def join(self, conversation_id: uuid.UUID) -> Listener:
        listener = Listener()
        self._listeners[conversation_id].add(listener)
        return listener

    def leave(self, conversation_id: uuid.UUID, listener: Listener) -> None:
        self._listeners[conversation_id].discard(listener)
        if not self._listeners[conversation_id]:
            del self._listeners[conversation_id]
            self._seen.pop(conversation_id, None)

    def wake(self, conversation_id: uuid.UUID) -> None:
        """Something was written in this conversation."""
        for listener in self._listeners.get(conversation_id, ()):
            listener.news.set()

    def sign(self, conversation_id: uuid.UUID, envelope: dict[str, Any], but: Listener) -> None:
        """Something that passes, to everybody else who listens in this process."""
        for listener in self._listeners.get(conversation_id, ()):
            if listener is not but:
                listener.sign(envelope)

    async def follow(self) -> None:
        """Wake whoever's conversation has another version than at the last look."""
        while True:
            await asyncio.sleep(EVERY_S)
            if not self._listeners:
                continue
            try:
                found = await asyncio.to_thread(
                    self._look, partial(versions, list(self._listeners))
                )
            except TripoError as error:
                log.warning("conversations cannot be followed for now: %s", error)
                continue
            for conversation_id, version in found.items():
                if self._seen.get(conversation_id) != version:
                    self._seen[conversation_id] = version
                    self.wake(conversation_id)


def versions(ids: list[uuid.UUID], connection: Connection) -> Versions:
    """The version of each conversation."""
    chosen = sa.select(CONVERSATION.c.id, CONVERSATION.c.version).where(CONVERSATION.c.id.in_(ids))
    return {row.id: row.version for row in connection.execute(chosen)}
