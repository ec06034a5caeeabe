"""Every endpoint asks who calls, but health; and no body is read past its limit."""

import asyncio

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from core.settings import Settings
from serving.guards import DRAIN_BYTES, Guards

TOKEN = {"Authorization": "Bearer secret-one"}


async def echo(request):
    return PlainTextResponse(str(len(await request.body())))


def client(environment="production"):
    found = Settings(environment=environment, service_token=SecretStr("secret-one"))
    paths = ["/answer", "/readyz", "/metrics", "/", "/docs.json"]
    app = Starlette(routes=[Route(p, echo, methods=["GET", "POST"]) for p in paths])
    return TestClient(Guards(app, lambda: found, max_bytes=100, most=4))


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
    assert client().get("/readyz").status_code == 200
    assert client().post("/answer", headers=TOKEN, content=b"x" * 100).text == "100"


def test_the_documentation_is_open_only_where_it_was_said():
    assert client("local").get("/docs.json").status_code == 200
    assert client("local").get("/metrics").status_code == 401


def test_a_body_that_says_it_is_too_large_is_refused():
    assert client().post("/answer", headers=TOKEN, content=b"x" * 101).status_code == 413


def test_a_body_that_hides_its_size_is_refused_too():
    chunks = (b"x" * 60 for _ in range(2))
    assert client().post("/answer", headers=TOKEN, content=chunks).status_code == 413


def test_who_is_turned_away_hears_when_to_come_back():
    async def busy(request):
        return PlainTextResponse("full", status_code=503)

    found = Settings(service_token=SecretStr("secret-one"))
    app = Starlette(routes=[Route("/answer", busy)])
    reply = TestClient(Guards(app, lambda: found, max_bytes=100, most=4)).get(
        "/answer", headers=TOKEN
    )
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "1")
    assert "retry-after" not in client().get("/answer", headers=TOKEN).headers


def test_every_reply_carries_the_security_headers():
    reply = client().post("/answer", headers=TOKEN)
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["content-security-policy"].startswith("default-src 'self';")


def test_a_refused_body_is_read_so_that_the_sender_sees_the_refusal():
    async def never(scope, receive, send):
        raise AssertionError("the application must not see it")

    def refused(chunk, chunks):
        """What was sent to the client, and how many chunks were read before."""
        sent, read = [], 0

        async def receive():
            nonlocal read
            read += 1
            return {"type": "http.request", "body": chunk, "more_body": read < chunks}

        async def send(message):
            sent.append(message)

        scope = {
            "type": "http",
            "path": "/answer",
            "headers": [
                (b"authorization", TOKEN["Authorization"].encode()),
                (b"content-length", str(len(chunk) * chunks).encode()),
            ],
        }
        guard = Guards(
            never,
            found=lambda: Settings(service_token=SecretStr("secret-one")),
            max_bytes=100,
            most=4,
        )
        asyncio.run(guard(scope, receive, send))
        return sent[0]["status"], read

    assert refused(b"x" * 1000, 10) == (413, 10)
    megabyte = b"x" * (1 << 20)
    assert refused(megabyte, 1000) == (413, DRAIN_BYTES >> 20)  # not for ever


def test_more_calls_than_can_be_at_work_are_told_to_come_back_and_health_still_answers():
    async def main():
        let_go, told = asyncio.Event(), []

        async def slow(scope, receive, send):
            if scope["path"] == "/answer":
                await let_go.wait()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        found = Settings(service_token=SecretStr("secret-one"))
        guard = Guards(slow, lambda: found, max_bytes=100, most=2)

        async def call(path):
            async def receive():
                return {"type": "http.request", "body": b"", "more_body": False}

            async def send(message):
                if message["type"] == "http.response.start":
                    told.append((path, message["status"], dict(message["headers"])))

            headers = [(b"authorization", TOKEN["Authorization"].encode())]
            await guard({"type": "http", "path": path, "headers": headers}, receive, send)

        held = [asyncio.create_task(call("/answer")) for _ in range(2)]
        await asyncio.sleep(0)
        async with asyncio.timeout(5):  # at once: nothing waits for those at work
            await call("/answer")
            await call("/readyz")
        let_go.set()
        await asyncio.gather(*held)
        await call("/answer")
        return told

    refused, health, *answered = asyncio.run(main())
    assert (refused[1], refused[2][b"retry-after"]) == (503, b"1")
    assert health[:2] == ("/readyz", 200)
    assert [status for _, status, _ in answered] == [200, 200, 200]
