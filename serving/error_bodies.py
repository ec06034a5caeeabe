"""Errors of BentoML's own in the form of all others: RFC 9457, without what a caller sent."""

import json
from collections.abc import MutableMapping
from http import HTTPStatus

from serving.api.problems import MEDIA_TYPE, Problem, Wrong
from serving.guards import App, Message, Receive, Scope, Send

PROBLEM = MEDIA_TYPE.encode()
MOST_BYTES = 1 << 16
Headers = list[tuple[bytes, bytes]]


class ErrorBodies:
    """ASGI middleware: a reply of 400 and above that is no problem document becomes one."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        held: Message | None = None
        said = b""

        async def told(message: Message) -> None:
            nonlocal held, said
            if message["type"] == "http.response.start" and _is_foreign(message):
                held = message
            elif held is None:
                await send(message)
            else:
                said = (said + message.get("body", b""))[:MOST_BYTES]
                if not message.get("more_body"):
                    await _problem(send, held, said)

        await self.app(scope, receive, told)


def _is_foreign(start: Message) -> bool:
    kinds = [value for name, value in start["headers"] if name == b"content-type"]
    return start["status"] >= 400 and not any(kind.startswith(PROBLEM) for kind in kinds)


async def _problem(send: Send, start: Message, said: bytes) -> None:
    status: int = start["status"]
    detail, errors = _read(said)
    title = HTTPStatus(status).phrase
    document = Problem(title=title, status=status, detail=detail or title, errors=errors)
    dropped = (b"content-type", b"content-length")
    headers: Headers = [(n, v) for n, v in start["headers"] if n not in dropped]
    headers.append((b"content-type", PROBLEM))
    body = document.model_dump_json().encode()
    await send({**start, "headers": [*headers, (b"content-length", str(len(body)).encode())]})
    await send({"type": "http.response.body", "body": body})


def _read(said: bytes) -> tuple[str, list[Wrong]]:
    """What BentoML says in ``{"error", "detail": [{"loc", "msg"}]}``; nothing where it says so
    otherwise."""
    try:
        found = json.loads(said)
    except ValueError:
        return "", []
    if isinstance(found, list) and len(found) == 1:  # as BentoML sends what a service refused
        found = found[0]
    if not isinstance(found, MutableMapping) or not isinstance(found.get("error"), str):
        return "", []
    wrong = found.get("detail")
    if not isinstance(wrong, list):
        return found["error"], []
    errors = [
        Wrong(where=".".join(map(str, one.get("loc", ()))), expected=str(one.get("msg", "")))
        for one in wrong
        if isinstance(one, MutableMapping)
    ]
    things = "1 thing is" if len(errors) == 1 else f"{len(errors)} things are"
    return f"{things} wrong with the request; see errors", errors
