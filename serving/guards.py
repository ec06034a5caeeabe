"""What stands before every endpoint: who calls, how much they send, how many at a time, what may be
cached."""

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any, cast

from starlette.middleware.cors import CORSMiddleware

from core.settings import Settings

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

HEALTH = frozenset({"/livez", "/readyz", "/healthz"})
DOCS = ("/docs.json", "/static_content/", "/schema.json", "/favicon", "/api/v1/openapi.json")
API = ("/api/", "/ws/")
"""Its endpoints know callers of several roles, and check each token themselves."""
DRAIN_BYTES, DRAIN_S = 16 << 20, 10.0
HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    # BentoML's page would load a tag manager and fonts from elsewhere
    (
        b"content-security-policy",
        b"default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
        b"img-src 'self' data:; frame-ancestors 'none'",
    ),
]
RETRY_AFTER = (b"retry-after", b"1")
"""Seconds after which a batch that was full, or a release that was being loaded, may be through."""


class Cors(CORSMiddleware):
    """Which pages of other origins may call: those that TRIPO_CORS_ORIGINS names."""

    def __init__(self, app: App, found: Callable[[], Settings]) -> None:
        super().__init__(
            cast(Any, app),
            allow_origins=[o for o in found().cors_origins.replace(" ", "").split(",") if o],
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["authorization", "content-type", "idempotency-key"],
        )


class TooLarge(Exception):
    """The body grew past the limit while it was read."""


class Guards:
    """ASGI middleware: bearer token, request size, calls at work, security headers.

    Health is open to everybody; the documentation page only in a local environment. ``found`` is
    called when the application is built, not when the module is imported. More than ``most`` calls
    at a time would only wait for each other: those beyond are told at once to come back.
    """

    def __init__(self, app: App, found: Callable[[], Settings], max_bytes: int, most: int) -> None:
        settings = found()
        self.app = app
        self.wanted = f"Bearer {settings.service_token.get_secret_value()}".encode()
        self.max_bytes, self.most, self.at_work = max_bytes, most, 0
        self.open_docs = settings.environment == "local"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        length = headers.get(b"content-length", b"0")
        if (
            not self._open(scope["path"])
            and not self._theirs(scope["path"])
            and not hmac.compare_digest(headers.get(b"authorization", b""), self.wanted)
        ):
            await _problem(send, 401, "a bearer token is needed: Authorization: Bearer <token>")
        elif not length.isdigit() or int(length) > self.max_bytes:
            await _drained(receive)
            got = length.decode("latin-1")[:20]
            await _problem(send, 413, f"expected at most {self.max_bytes} bytes, got {got}")
        elif self.at_work >= self.most and scope["path"] not in HEALTH:
            await _problem(send, 503, f"{self.at_work} calls are at work, as many as can be")
        else:
            self.at_work += 1
            try:
                await self._limited(scope, receive, send)
            finally:
                self.at_work -= 1

    def _open(self, path: str) -> bool:
        return path in HEALTH or (self.open_docs and (path == "/" or path.startswith(DOCS)))

    def _theirs(self, path: str) -> bool:
        """Whether the API checks the token itself."""
        return path.startswith(API) and path not in DOCS

    async def _limited(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, counting what comes in: a chunked body has no length to check beforehand."""
        seen = 0
        started = False

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self.max_bytes:
                raise TooLarge
            return message

        async def with_headers(message: Message) -> None:
            nonlocal started
            if seen > self.max_bytes and not started:
                return  # the application's own words about the error it met
            if message["type"] == "http.response.start":
                started = True
                late = [RETRY_AFTER] if message["status"] == 503 else []
                message = {**message, "headers": [*message["headers"], *HEADERS, *late]}
            await send(message)

        with suppress(TooLarge):
            await self.app(scope, counted, with_headers)
        if seen > self.max_bytes and not started:
            await _drained(receive)
            await _problem(send, 413, f"expected at most {self.max_bytes} bytes")


async def _drained(receive: Receive) -> None:
    """Read on for a while and drop it: whoever is still sending does not see an answer."""
    seen = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_S):
            while seen < DRAIN_BYTES:
                message = await receive()
                seen += len(message.get("body", b""))
                if not message.get("more_body"):
                    return


async def _problem(send: Send, status: int, detail: str) -> None:
    """An RFC 9457 problem document."""
    title = {401: "Unauthorized", 413: "Content Too Large", 503: "Service Unavailable"}[status]
    body = json.dumps({"type": "about:blank", "title": title, "status": status, "detail": detail})
    headers = [(b"content-type", b"application/problem+json"), *HEADERS]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if status == 503:
        headers.append(RETRY_AFTER)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body.encode()})
