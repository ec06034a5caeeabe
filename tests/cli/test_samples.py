"""Sample calls come from the service's own OpenAPI page."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from cli.samples import answered, call_all, sample_bodies

OPENAPI = {
    "paths": {
        "/livez": {"get": {"responses": {}}},
        "/intent": {
            "post": {
                "requestBody": {
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/IntentBody"}}
                    }
                }
            }
        },
        "/price": {
            "post": {
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {
                                "properties": {
                                    "journey": {"examples": [{"distance_km": 5.0}]},
                                    "note": {"type": "string"},
                                }
                            }
                        }
                    }
                }
            }
        },
    },
    "components": {
        "schemas": {"IntentBody": {"properties": {"texts": {"default": ["I was charged twice"]}}}}
    },
}


def test_every_post_gets_its_defaults_or_its_first_example():
    assert sample_bodies(OPENAPI) == {
        "/intent": {"texts": ["I was charged twice"]},
        "/price": {"journey": {"distance_km": 5.0}, "note": None},
    }


@contextmanager
def service(readiness: list[int]) -> Iterator[str]:
    """A server whose /readyz answers with the given codes in turn, with the last for ever."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            codes = readiness if self.path == "/readyz" else [200]
            code = codes.pop(0) if len(codes) > 1 else codes[0]
            self.send_response(code)
            self.end_headers()
            self.wfile.write(b'{"paths": {}}' if code == 200 else b"not ready")

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def test_a_release_that_is_still_loading_is_waited_for():
    with service([503, 503, 200]) as url:
        rows = {row["call"]: row for row in call_all(url, "token", unreleased=["premium"])}
    assert rows["GET /readyz"]["status"] == httpx.codes.OK
    assert "explained" not in rows["GET /readyz"]


def test_a_product_that_was_refused_and_is_needed_explains_that_serving_is_not_ready():
    with service([503]) as url:
        rows = {row["call"]: row for row in call_all(url, "token", unreleased=["profit"])}
    ready = rows["GET /readyz"]
    assert answered(ready)
    assert ready["explained"].startswith("profit")
