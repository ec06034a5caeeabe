"""Whatever an application answers from 400 on comes as a problem document; the rest as it is."""

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from serving.error_bodies import ErrorBodies

WRONG = [{"type": "missing", "loc": ["messages", 0, "text"], "msg": "Field required", "input": "x"}]


async def _pieces():
    yield b'{"error": "in '
    yield b'pieces"}'


REPLIES = {
    "/plain": lambda: PlainTextResponse("Not Found", 404),
    "/bento": lambda: JSONResponse({"error": "1 validation error", "detail": WRONG}, 400),
    "/words": lambda: JSONResponse({"error": "expected a zone"}, 400, {"x-kept": "1"}),
    "/listed": lambda: JSONResponse([{"error": "expected a zone"}], 400),
    "/pieces": lambda: StreamingResponse(_pieces(), 503),
    "/other": lambda: JSONResponse(["odd"], 500),
    "/problem": lambda: JSONResponse({"title": "x"}, 409, media_type="application/problem+json"),
    "/fine": lambda: PlainTextResponse("fine"),
}


@pytest.fixture(scope="module")
def client():
    async def answer(request):
        return REPLIES[request.url.path]()

    return TestClient(ErrorBodies(Starlette(routes=[Route(path, answer) for path in REPLIES])))


@pytest.mark.parametrize(
    ("path", "status", "detail"),
    [
        ("/plain", 404, "Not Found"),
        ("/words", 400, "expected a zone"),
        ("/listed", 400, "expected a zone"),
        ("/pieces", 503, "in pieces"),
        ("/other", 500, "Internal Server Error"),
        ("/unknown", 404, "Not Found"),
    ],
)
def test_an_error_comes_as_a_problem_document(client, path, status, detail):
    reply = client.get(path)
    assert reply.headers["content-type"] == "application/problem+json"
    assert (reply.status_code, reply.json()["status"]) == (status, status)
    assert reply.json()["detail"] == detail


def test_what_is_wrong_is_listed_without_what_was_sent(client):
    found = client.get("/bento").json()
    assert found["detail"] == "1 thing is wrong with the request; see errors"
    assert found["errors"] == [{"where": "messages.0.text", "expected": "Field required"}]


def test_other_headers_and_other_replies_stay(client):
    assert client.get("/words").headers["x-kept"] == "1"
    assert client.get("/problem").json() == {"title": "x"}
    assert client.get("/fine").text == "fine"
