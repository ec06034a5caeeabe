"""One call of every endpoint, with the sample its own OpenAPI page gives, so they cannot drift."""

import re
import time
from collections.abc import Collection
from http import HTTPStatus
from typing import Any

import httpx

from models.catalog import NEEDED

DOCS = "/docs.json"
READY = "/readyz"
PLAIN = ("/livez", READY, "/metrics", DOCS)
PRODUCT_OF = {
    **dict.fromkeys(("/answer", "/search", "/intent", "/sentiment"), "support"),
    **dict.fromkeys(("/price", "/forecast"), "profit"),
}
API = "/api/"
TALK = f"{API}v1/support/conversations"
SAMPLE_USER = "sample-user"
TIMEOUT_S, LOADING_S, PAUSE_S = 30.0, 60.0, 0.2
JSON = "application/json"


def sample_bodies(openapi: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Path -> body, for every POST that takes JSON: each argument's default or first example."""
    bodies = {}
    for path, methods in openapi["paths"].items():
        content = methods.get("post", {}).get("requestBody", {}).get("content", {})
        if JSON in content and not path.startswith(API):
            schema = _resolved(content[JSON]["schema"], openapi)
            fields = schema.get("properties", {})
            bodies[path] = {name: _sample(field) for name, field in fields.items()}
    return bodies


def call_all(url: str, token: str, unreleased: Collection[str] = ()) -> list[dict[str, Any]]:
    """Every endpoint called once: call, status, milliseconds.

    A 503 is asked again while a release may still be loading. Where it says that one of the
    ``unreleased`` products has no release, that is the right answer, and the row explains it.
    """
    with httpx.Client(
        base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=TIMEOUT_S
    ) as client:
        openapi = client.get(DOCS).raise_for_status().json()
        calls: list[tuple[str, str, Any]] = [("GET", path, None) for path in PLAIN]
        calls += [("POST", path, body) for path, body in sorted(sample_bodies(openapi).items())]
        rows = [_call(client, method, path, body, unreleased) for method, path, body in calls]
        return [*rows, *_conversation(client)]


def _conversation(client: httpx.Client) -> list[dict[str, Any]]:
    """A conversation opened, continued and read; the same one however often it is asked for."""
    client.headers["Idempotency-Key"] = "sample"
    question = {"message": "How do I cancel my ride?", "user_id": SAMPLE_USER}
    rows, answer = _timed(client, "POST", TALK, question)
    if not answer.is_success:
        return rows
    one = f"{TALK}/{answer.json()['conversation_id']}"
    following = {"message": "And what does that cost?", "client_message_id": "sample-2"}
    return [
        *rows,
        *_timed(client, "POST", f"{one}/message", following)[0],
        *_timed(client, "GET", one, None)[0],
    ]


def _timed(
    client: httpx.Client, method: str, path: str, body: Any
) -> tuple[list[dict[str, Any]], httpx.Response]:
    began = time.monotonic()
    answer = client.request(method, path, json=body)
    spent = round((time.monotonic() - began) * 1000, 1)
    shown = re.sub(r"[0-9a-f-]{36}", "{conversation_id}", path)
    row = {"call": f"{method} {shown}", "status": answer.status_code, "ms": spent}
    return [row if answer.is_success else {**row, "error": answer.text[:500]}], answer


def answered(row: dict[str, Any]) -> bool:
    """Whether a call gave what it should."""
    return row["status"] < HTTPStatus.MULTIPLE_CHOICES or "explained" in row


def _call(
    client: httpx.Client, method: str, path: str, body: Any, unreleased: Collection[str]
) -> dict[str, Any]:
    deadline = time.monotonic() + LOADING_S
    while True:
        began = time.monotonic()
        answer = client.request(method, path, json=body)
        row = {
            "call": f"{method} {path}",
            "status": answer.status_code,
            "ms": round((time.monotonic() - began) * 1000, 1),
        }
        if answer.is_success:
            return row
        missing = answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        # BentoML keeps the words of a 503 to itself: the path says whose it is
        named = [
            p for p in unreleased if PRODUCT_OF.get(path) == p or (path == READY and p in NEEDED)
        ]
        if missing and named:
            return {**row, "explained": f"{', '.join(named)}: the gates refused what it needs"}
        if not missing or time.monotonic() > deadline:
            return {**row, "error": answer.text[:500]}
        time.sleep(PAUSE_S)


def _resolved(schema: dict[str, Any], openapi: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    found: Any = openapi
    for part in schema["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return dict(found)


def _sample(field: dict[str, Any]) -> Any:
    if "default" in field:
        return field["default"]
    return next(iter(field.get("examples", [])), None)
