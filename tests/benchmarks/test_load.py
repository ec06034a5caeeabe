"""The load generator counts what a real server answered, and waits for nobody where it must not."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from benchmarks import serving
from benchmarks.load import Target, at_rate, by_callers
from core.errors import BadInput
from pipelines.context import Context


@pytest.fixture
def server():
    """Answers 201 after 50 ms; every fourth call 503 at once."""
    seen = iter(range(100_000))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["content-length"]))
            refused = next(seen) % 4 == 3
            time.sleep(0 if refused else 0.05)
            self.send_response(503 if refused else 201)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as found:
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{found.server_port}/"
        found.shutdown()


def test_calls_at_a_rate_do_not_wait_for_the_answers_before(server):
    load = at_rate(Target(server, "t", [{}]), per_second=100, seconds=1)
    assert sum(load.statuses.values()) == pytest.approx(100, abs=3)
    assert load.statuses[503] == pytest.approx(load.statuses[201] / 3, abs=1)
    assert load.ms(50) >= 50 > load.ms(50, 503)


def test_a_caller_waits_for_its_answer(server):
    load = by_callers(Target(server, "t", [{}]), callers=2, seconds=0.5)
    assert load.rate <= 2 / 0.05
    assert load.statuses[201] >= 6


def test_a_call_without_an_answer_is_counted():
    load = by_callers(Target("http://127.0.0.1:9/", "t", [{}]), callers=1, seconds=0.05)
    assert set(load.statuses) == {0}


def test_a_set_that_is_not_known_is_named():
    with pytest.raises(BadInput, match="model, http, overload, sockets, decisions; got 'htp'"):
        next(serving.rows(Context.load(), ["htp"], print))
