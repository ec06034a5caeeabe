"""The service's OpenAPI document in our words: what it is for, and how a caller identifies itself.

BentoML writes the paths and schemas; of the rest it lets nothing be said before a Bento is built.
"""

import json
from collections.abc import Callable
from typing import Any

from serving.guards import HEALTH, App, Receive, Scope, Send

PATH = "/docs.json"
BEARER = "bearer"
ABOUT = """\
What AI Support answers, who is matched with whom, what a trip costs and what will be asked for.

Every call but health needs `Authorization: Bearer <token>`: press *Authorize* and enter it. The
model endpoints take TRIPO_SERVICE_TOKEN, those under /api/v1 a token with a role (`tripo auth`).
The sample of each model endpoint works as it is. A field that is not listed, or a value outside
its limits, is refused with 400 or 422; 503 means that no release serves yet, or that a store it
needs is away. Amounts are in cents, distances in kilometres, durations in minutes, times in UTC.
"""


class OpenApi:
    """ASGI middleware that answers ``/docs.json``; ``made`` gives BentoML's own document, ``also``
    that of the API that is mounted in it."""

    def __init__(
        self,
        app: App,
        made: Callable[[], dict[str, Any]],
        also: Callable[[], dict[str, Any]],
        version: str,
    ) -> None:
        self.app, self.made, self.also, self.version = app, made, also, version

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != PATH:
            await self.app(scope, receive, send)
            return
        body = json.dumps(described(self.made(), self.also(), self.version)).encode()
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def described(document: dict[str, Any], api: dict[str, Any], version: str) -> dict[str, Any]:
    """One document of both, with our description, and a bearer token on every path but health."""
    schemas = _of(document, "components", "schemas") | _of(api, "components", "schemas")
    schemes = {BEARER: {"type": "http", "scheme": "bearer"}}
    paths = {
        path: {
            method: operation if path in HEALTH else {**operation, "security": [{BEARER: []}]}
            for method, operation in methods.items()
        }
        for path, methods in (document["paths"] | api["paths"]).items()
    }
    return {
        **document,
        "info": {"title": "Tripo04OS ML serving", "version": version, "description": ABOUT},
        "components": {
            **document.get("components", {}),
            "schemas": schemas,
            "securitySchemes": schemes,
        },
        "paths": paths,
    }


def _of(document: dict[str, Any], *names: str) -> dict[str, Any]:
    for name in names:
        document = document.get(name, {})
    return document
