"""The engine's replies: messages that come while others are being read are read together.

A batch costs little more than its longest message, and callers are threads of one process, so
whoever finds the engine free reads for all who wait. Nobody waits for a batch to fill.
"""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from core.errors import TripoError
from engines.support.answering import Reply, SupportRelease, answer_batch
from engines.support.policy import Message

LARGEST = 32
"""Messages read together; a larger batch would gain little and delay its first message."""


@dataclass(slots=True)
class _Asked:
    message: Message
    reply: Reply | None = None
    error: Exception | None = None

    @property
    def done(self) -> bool:
        return self.reply is not None or self.error is not None


class Answers:
    """``release`` gives the one that answers now; a batch takes it once."""

    def __init__(self, release: Callable[[], SupportRelease]) -> None:
        self._release = release
        self._waiting: deque[_Asked] = deque()
        self._reading = threading.Lock()

    def to(self, message: Message) -> Reply:
        """The reply to one message, called from any thread.

        Raises
        ------
        ModelMissing
            Before the first release.
        """
        asked = _Asked(message)
        self._waiting.append(asked)
        while not asked.done:
            with self._reading:
                if not asked.done:  # nobody read it while this thread stood in line
                    self._read()
        if asked.reply is None:
            raise asked.error or TripoError("a message was read without a reply")
        return asked.reply

    def _read(self) -> None:
        """Those who wait, oldest first."""
        batch = [self._waiting.popleft() for _ in range(min(LARGEST, len(self._waiting)))]
        try:
            replies = answer_batch(self._release(), [asked.message for asked in batch])
        except Exception as error:  # each caller learns of it, none waits for ever
            for asked in batch:
                asked.error = error
        else:
            for asked, reply in zip(batch, replies, strict=True):
                asked.reply = reply
