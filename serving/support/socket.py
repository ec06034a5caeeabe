"""`/ws/support/{conversation_id}`: a conversation live, for its user or the agent who has it.

Every frame is ``{"type", "data"}``. The token comes in the Authorization header, or, from a
browser, as the second of two subprotocols: ``["tripo.v1", "<token>"]``. Whoever reconnects with
``?after_seq=N`` gets every message after N once; a message sent again with its client id is said
once.
"""

import asyncio
import json
import time
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Annotated, Any

import anyio
from fastapi import APIRouter, Query, WebSocket
from pydantic import Field, ValidationError
from sqlalchemy.engine import Connection, Row
from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocketDisconnect

from core.enums import ConversationStatus, MessageType, Role, Sender
from core.errors import BadInput, NotAllowed, NotAuthenticated, NotThere, TripoError
from serving.api.identity import Caller
from serving.api.platform import Platform
from serving.api.problems import status_of
from serving.schemas import Closed, shown
from serving.support import access, desk, outcome, talk
from serving.support.hub import Hub, Listener
from serving.support.schemas import (
    ClientId,
    EscalateIn,
    FeedbackIn,
    MessageOut,
    Said,
)
from serving.support.voice import DataIn, EndIn, StartIn, Voice
from store import conversations as kept
from store.db import read

router = APIRouter()
PROTOCOL = "tripo.v1"
HEARTBEAT_S, SILENT_S = 20.0, 60.0
MAX_BYTES = 1 << 20
SHOWN_FIRST = 10
TYPES = {Sender.AI: "AI_RESPONSE", Sender.AGENT: "AGENT_MESSAGE", Sender.USER: "USER_MESSAGE"}
REFUSED, TOO_BIG, GONE = 4401, 1009, 4404


class SendIn(Closed):
    """SEND_MESSAGE."""

    content: Said
    client_message_id: ClientId | None = None


class Envelope(Closed):
    """What a client sends."""

    type: Annotated[str, Field(max_length=32)]
    data: dict[str, Any] = {}  # noqa: RUF012 -- pydantic copies it


@router.websocket("/ws/support/{conversation_id}")
async def converse(
    socket: WebSocket,
    conversation_id: uuid.UUID,
    after_seq: Annotated[int, Query(ge=-1, lt=1 << 31)] = -1,
) -> None:
    """One connection, from its token to its end."""
    found: Platform = socket.app.state.platform
    try:
        # in a thread: it can mean to ask the identity service for its keys
        who, protocol = await run_in_threadpool(_caller, socket, found)
        row = await run_in_threadpool(_seen, found, who, conversation_id)
    except TripoError as error:
        await socket.accept()
        refused = isinstance(error, NotAuthenticated)
        await socket.close(REFUSED if refused else GONE, str(error)[:100])
        return
    await socket.accept(subprotocol=protocol)
    hub: Hub = socket.app.state.hub
    listener = hub.join(conversation_id)
    try:
        await _Live(socket, found, hub, listener, who, row).run(after_seq)
    finally:
        hub.leave(conversation_id, listener)


def _caller(socket: WebSocket, found: Platform) -> tuple[Caller, str | None]:
    given = socket.headers.get("authorization", "")
    if given.startswith("Bearer "):
        return found.tokens.caller(given.removeprefix("Bearer ").strip()), None
    offered = [part.strip() for part in socket.headers.get("sec-websocket-protocol", "").split(",")]
    if len(offered) == 2 and offered[0] == PROTOCOL:
        return found.tokens.caller(offered[1]), PROTOCOL
    raise NotAuthenticated("a token is needed: Authorization, or the second subprotocol")


def _seen(found: Platform, who: Caller, conversation_id: uuid.UUID) -> Row[Any]:
    return read(found.engine, lambda connection: access.seen(connection, who, conversation_id))


class _Live:
    """One open socket: it reads frames, and tells what is new in the store."""

    def __init__(
        self,
        socket: WebSocket,
        found: Platform,
        hub: Hub,
        listener: Listener,
        who: Caller,
        row: Row[Any],
    ) -> None:
        self._socket, self._found, self._hub = socket, found, hub
        self._listener, self._who, self._id = listener, who, row.id
        self._row, self._seq, self._heard_at = row, 0, time.monotonic()
        self._sending = asyncio.Lock()
        self._voice = Voice(self._send, self._say_spoken, found.settings.whisper_model)

    async def run(self, after_seq: int) -> None:
        """Until the client is gone; what it misses is in the store."""
        await self._connected(after_seq)
        async with anyio.create_task_group() as group:

            async def until_gone(part: Callable[[], Awaitable[None]]) -> None:
                with suppress(WebSocketDisconnect, RuntimeError):
                    await part()
                group.cancel_scope.cancel()

            for part in (self._listen, self._tell, self._beat):
                group.start_soon(until_gone, part)

    async def _connected(self, after_seq: int) -> None:
        """The last messages, or every one after the client's place."""

        def work(connection: Connection) -> list[Row[Any]]:
            if after_seq >= 0:
                return kept.messages(connection, self._id, after_seq)
            return kept.messages(connection, self._id, last=SHOWN_FIRST)

        rows = await run_in_threadpool(read, self._found.engine, work)
        self._seq = rows[-1].seq if rows else max(after_seq, 0)
        await self._send("CONNECTED", {
            "conversation_id": str(self._id), "status": self._row.status,
            "messages": [_message(row) for row in rows],
        })  # fmt: skip

    async def _send(self, kind: str, data: dict[str, Any]) -> None:
        async with self._sending:
            await self._socket.send_text(json.dumps({"type": kind, "data": data}))

    async def _tell(self) -> None:
        """Whatever is new, at the pace at which this client takes it."""
        while True:
            await self._listener.news.wait()
            self._listener.news.clear()
            while not self._listener.signs.empty():
                sign = self._listener.signs.get_nowait()
                await self._send(sign["type"], sign["data"])
            try:
                row, messages = await run_in_threadpool(read, self._found.engine, self._news)
            except NotThere as error:  # it was erased, or another agent has it now
                await self._socket.close(GONE, str(error)[:100])
                return
            for message in messages:
                await self._new_message(message)
            await self._changed(row)

    def _news(self, connection: Connection) -> tuple[Row[Any], list[Row[Any]]]:
        row = access.seen(connection, self._who, self._id)
        return row, kept.messages(connection, self._id, self._seq)

    async def _new_message(self, message: Row[Any]) -> None:
        self._seq = message.seq
        if message.sender == Sender.USER and self._who.role == Role.USER:
            return  # its own
        await self._send(TYPES.get(message.sender, "SYSTEM_MESSAGE"), _message(message))
        if self._voice.used and message.sender in (Sender.AI, Sender.AGENT):
            await self._voice.speak(message.content)

    async def _changed(self, row: Row[Any]) -> None:
        before, self._row = self._row, row
        if row.assigned_agent_id != before.assigned_agent_id and row.assigned_agent_id:
            await self._send("AGENT_ASSIGNED", {"agent_id": str(row.assigned_agent_id)})
        if row.status != before.status:
            told = {"status": row.status, "reason_code": row.reason_code}
            await self._send("CONVERSATION_STATUS", told)
        if row.sentiment_score != before.sentiment_score:
            await self._send("SENTIMENT_UPDATE", {"sentiment_score": row.sentiment_score})

    async def _beat(self) -> None:
        """A sign of life every 20 seconds; a client that gave none for 60 is let go."""
        while time.monotonic() - self._heard_at < SILENT_S:
            await asyncio.sleep(HEARTBEAT_S)
            await self._send("HEARTBEAT", {})
        with suppress(RuntimeError):
            await self._socket.close(1001, "nothing was heard for a minute")

    async def _listen(self) -> None:
        while True:
            text = await self._socket.receive_text()
            self._heard_at = time.monotonic()
            if len(text.encode()) > MAX_BYTES:
                await self._socket.close(TOO_BIG, f"expected at most {MAX_BYTES} bytes a message")
                return
            try:
                await self._do(_parsed(text))
            except TripoError as error:
                await self._failed(error)

    async def _failed(self, error: TripoError) -> None:
        details = {"retry_after_s": getattr(error, "retry_after_s", None)}
        told = {"code": type(error).__name__, "message": str(error),
                "details": {"status": int(status_of(error)), **details}}  # fmt: skip
        await self._send("ERROR", told)

    async def _do(self, given: Envelope) -> None:
        handler = {
            "SEND_MESSAGE": self._say, "ESCALATE": self._escalate, "HEARTBEAT": self._alive,
            "SUBMIT_FEEDBACK": self._rate, "TYPING": self._typing,
            "VOICE_START": self._voice_start, "VOICE_DATA": self._voice_data,
            "VOICE_END": self._voice_end,
        }.get(given.type)  # fmt: skip
        if handler is None:
            raise BadInput(f"type: got {given.type!r}, which no client sends")
        # what is not counted says nothing either, and nobody need look at the store for it
        passing = given.type in ("HEARTBEAT", "VOICE_DATA")
        if not passing:
            if self._found.asks_others:
                await run_in_threadpool(self._found.limits.count, self._who)
            else:
                self._found.limits.count(self._who)
        await handler(given.data)
        if not passing:
            self._hub.wake(self._id)

    async def _alive(self, _data: dict[str, Any]) -> None:
        """The client is there; that it was heard is all."""

    async def _say(self, data: dict[str, Any]) -> None:
        given = _valid(SendIn, data)
        if self._who.role == Role.AGENT:
            await run_in_threadpool(
                desk.write_to_user, self._found, self._who.subject, self._id, given.content,
                given.client_message_id,
            )  # fmt: skip
        else:
            await run_in_threadpool(
                talk.say, self._found, self._who, self._id, given.content, given.client_message_id
            )

    async def _escalate(self, data: dict[str, Any]) -> None:
        given = _valid(EscalateIn, data)
        if self._row.status != ConversationStatus.ESCALATED:
            await run_in_threadpool(
                outcome.escalate, self._found, self._id, given.reason, given.priority
            )

    async def _rate(self, data: dict[str, Any]) -> None:
        outcome.require_user(self._who)
        given = _valid(FeedbackIn, data)
        feedback_id = await run_in_threadpool(
            outcome.rate, self._found, self._id, given.message_id, given.rating, given.was_helpful,
            given.comment,
        )  # fmt: skip
        told = {"feedback_id": str(feedback_id), "message_id": str(given.message_id)}
        await self._send("FEEDBACK_RECEIVED", told)

    async def _voice_start(self, data: dict[str, Any]) -> None:
        if self._who.role == Role.AGENT:
            raise NotAllowed("VOICE_START: agents write; only the user speaks here")
        await self._voice.start(_valid(StartIn, data))

    async def _voice_data(self, data: dict[str, Any]) -> None:
        await self._voice.data(_valid(DataIn, data))

    async def _voice_end(self, data: dict[str, Any]) -> None:
        await self._voice.end(_valid(EndIn, data))

    async def _say_spoken(self, text: str) -> None:
        await run_in_threadpool(
            talk.say, self._found, self._who, self._id, text, None, MessageType.VOICE_TRANSCRIPT
        )

    async def _typing(self, _data: dict[str, Any]) -> None:
        sign = {"type": "TYPING", "data": {"role": self._who.role}}
        self._hub.sign(self._id, sign, self._listener)


def _parsed(text: str) -> Envelope:
    try:
        return Envelope.model_validate_json(text)
    except ValidationError as error:
        raise BadInput(_words(error)) from None


def _valid(model: Any, data: dict[str, Any]) -> Any:
    try:
        return model.model_validate_json(json.dumps(data))
    except ValidationError as error:
        raise BadInput(_words(error)) from None


def _words(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, e['loc'])) or 'frame'}: {e['msg']}" for e in error.errors()
    )


def _message(row: Row[Any]) -> dict[str, Any]:
    message: dict[str, Any] = shown(MessageOut, row).model_dump(mode="json")
    return message
