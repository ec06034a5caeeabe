"""Every endpoint asks who calls, but health; and no body is read past its limit."""

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from core.settings import Settings
from serving.guards import Guards

TOKEN = {"Authorization": "Bearer secret-one"}


async def echo(request):
    return PlainTextResponse(str(len(await request.body())))


def client(environment="production"):
    found = Settings(environment=environment, service_token=SecretStr("secret-one"))
    paths = ["/answer", "/health/ready", "/metrics", "/", "/docs.json"]
    app = Starlette(routes=[Route(p, echo, methods=["GET", "POST"]) for p in paths])
    return TestClient(Guards(app, lambda: found, max_bytes=100))


@pytest.mark.parametrize("path", ["/answer", "/metrics", "/", "/docs.json"])
@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer other"}, {"Authorization": "secret-one"}]
)
def test_nobody_enters_without_the_token(path, headers):
    reply = client().post(path, headers=headers)
    assert reply.status_code == 401
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.headers["www-authenticate"] == "Bearer"


def test_health_is_open_and_the_token_opens_the_rest():
    assert client().get("/health/ready").status_code == 200
    assert client().post("/answer", headers=TOKEN, content=b"x" * 100).text == "100"


def test_the_documentation_is_open_only_where_it_was_said():
    assert client("local").get("/docs.json").status_code == 200
    assert client("local").get("/metrics").status_code == 401


def test_a_body_that_says_it_is_too_large_is_refused():
    assert client().post("/answer", headers=TOKEN, content=b"x" * 101).status_code == 413


def test_a_body_that_hides_its_size_is_refused_too():
    chunks = (b"x" * 60 for _ in range(2))
    assert client().post("/answer", headers=TOKEN, content=chunks).status_code == 413


def test_every_reply_carries_the_security_headers():
    reply = client().post("/answer", headers=TOKEN)
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["cache-control"] == "no-store"
