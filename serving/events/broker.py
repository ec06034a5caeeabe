"""How events travel: inside this process, through Redis Streams, or through Kafka.

An event is ``{"id", "name", "at", "payload"}``. It may come twice; whoever handles one knows it by
its id. Ours go to the stream ``tripo.support``, those of other systems come on ``tripo.company``.
"""

import logging
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import BadInput

log = logging.getLogger(__name__)

OURS, THEIRS = "tripo.support", "tripo.company"
GROUP = "tripo-support"
PRINTED = r"^[\x21-\x7e]+$"
CLAIM_MS = 60_000
"""An event that a consumer took and did not finish goes to another after this."""


class Event(BaseModel):
    """What happened, and to what."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1, max_length=64, pattern=PRINTED)
    name: str = Field(min_length=1, max_length=64, pattern=PRINTED)
    at: datetime
    payload: dict[str, Any]


Handler = Callable[[Event], Awaitable[None]]


class Broker(Protocol):
    """Takes events out and brings others' in; ``hears`` says whether it still does the latter."""

    @property
    def hears(self) -> bool: ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def publish(self, event: Event) -> None: ...


class InProcess:
    """No other system listens: our events end here, theirs come through `receive`."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self.published: deque[Event] = deque(maxlen=1000)
        self.hears = True

    async def start(self) -> None:
        """There is nothing to connect to."""

    async def stop(self) -> None:
        """There is nothing to leave."""

    async def publish(self, event: Event) -> None:
        """Kept for who asks, the last thousand."""
        self.published.append(event)

    async def receive(self, event: Event) -> None:
        await self._handler(event)


class Streams:
    """Redis Streams or Kafka, by FastStream."""

    def __init__(self, broker: Any, how: dict[str, str]) -> None:
        self._broker, self._how = broker, how

    @property
    def hears(self) -> bool:
        """False once a subscriber gave up: Redis came back without the stream and its group."""
        return all(subscriber.running for subscriber in self._broker.subscribers)

    async def start(self) -> None:
        await self._broker.start()

    async def stop(self) -> None:
        await self._broker.stop()

    async def publish(self, event: Event) -> None:
        await self._broker.publish(event.model_dump(mode="json"), **self._how)


def connect(url: str, handler: Handler) -> Broker:
    """The broker at this address; events of other systems go to ``handler``.

    Raises
    ------
    BadInput
        For an address that is neither Redis nor Kafka.
    """
    if not url:
        return InProcess(handler)
    if url.startswith(("redis://", "rediss://")):
        return _redis(url, handler)
    if url.startswith("kafka://"):
        return _kafka(url.removeprefix("kafka://"), handler)
    raise BadInput(f"TRIPO_BROKER_URL: expected redis://... or kafka://host:port, got {url!r}")


def _redis(url: str, handler: Handler) -> Streams:
    from faststream.redis import RedisBroker, StreamSub

    broker = RedisBroker(url, logger=log)
    new = StreamSub(THEIRS, group=GROUP, consumer="support", last_id=">")
    # what a handler failed on, or died over, is nobody's until it is claimed
    left = StreamSub(
        THEIRS, group=GROUP, consumer="support", last_id=">", min_idle_time=CLAIM_MS,
        polling_interval=1000,
    )  # fmt: skip

    @broker.subscriber(stream=left)
    @broker.subscriber(stream=new)
    async def received(body: Any) -> None:
        await _passed_on(handler, body)

    return Streams(broker, {"stream": OURS})


def _kafka(servers: str, handler: Handler) -> Streams:
    from faststream import AckPolicy
    from faststream.kafka import KafkaBroker

    broker = KafkaBroker(servers.split(","), logger=log)

    @broker.subscriber(
        THEIRS, group_id=GROUP, auto_offset_reset="earliest", ack_policy=AckPolicy.NACK_ON_ERROR
    )
    async def received(body: Any) -> None:
        await _passed_on(handler, body)

    return Streams(broker, {"topic": OURS})


async def _passed_on(handler: Handler, body: Any) -> None:
    """What is no event is logged and left: it would come again for ever, before all others."""
    try:
        event = Event.model_validate(body)
    except ValidationError as error:
        log.error("an event cannot be understood: %d problems", error.error_count())
        return
    await handler(event)
