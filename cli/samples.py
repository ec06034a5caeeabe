"""One call of every endpoint, with the sample its own OpenAPI page gives, so they cannot drift."""

import time
from typing import Any

import httpx

DOCS = "/docs.json"
PLAIN = ("/livez", "/readyz", "/metrics", DOCS)
TIMEOUT_S = 30.0
JSON = "application/json"


def sample_bodies(openapi: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Path -> body, for every POST that takes JSON: each argument's default or first example."""
    bodies = {}
    for path, methods in openapi["paths"].items():
        content = methods.get("post", {}).get("requestBody", {}).get("content", {})
        if JSON in content:
            schema = _resolved(content[JSON]["schema"], openapi)
            fields = schema.get("properties", {})
            bodies[path] = {name: _sample(field) for name, field in fields.items()}
    return bodies


def call_all(url: str, token: str) -> list[dict[str, Any]]:
    """Every endpoint called once: call, status, milliseconds."""
    with httpx.Client(
        base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=TIMEOUT_S
    ) as client:
        rows = [_call(client, "GET", path, None) for path in PLAIN]
        openapi = client.get(DOCS).raise_for_status().json()
        for path, body in sorted(sample_bodies(openapi).items()):
            rows.append(_call(client, "POST", path, body))
    return rows


def _call(client: httpx.Client, method: str, path: str, body: Any) -> dict[str, Any]:
    began = time.monotonic()
    answer = client.request(method, path, json=body)
    row = {
        "call": f"{method} {path}",
        "status": answer.status_code,
        "ms": round((time.monotonic() - began) * 1000, 1),
    }
    return row if answer.is_success else {**row, "error": answer.text[:500]}


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
