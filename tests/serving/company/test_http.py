"""Look-ups over HTTP against a real server that is slow, down, confused or too talkative."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pydantic import SecretStr

from core.enums import LoyaltyTier, OrderStatus
from core.errors import LookupUnavailable
from core.settings import Settings
from serving.company import company
from serving.company import http as module

ORDER = {
    "order_id": "ORD10001", "rider_id": "R1", "vertical": "RIDE", "status": "IN_PROGRESS",
    "requested_at": "2026-11-21T08:00:00Z", "completed_at": None, "cancelled_at": None,
    "cancelled_by": None, "quoted_fare": 1200, "currency": "USD", "colour": "of no account",
}  # fmt: skip


class Service:
    """Answers each call with the next of ``script``, the last one from then on."""

    def __init__(self):
        self.script, self.seen = [(200, ORDER)], []

    def next(self):
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]


@pytest.fixture
def service():
    found = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            found.seen.append((self.path, self.headers["authorization"]))
            status, body, *wait = found.next()
            time.sleep(wait[0] if wait else 0)
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        found.url = f"http://127.0.0.1:{server.server_port}"
        yield found
        server.shutdown()


@pytest.fixture
def known(service):
    found = company(Settings(company_url=service.url, company_token=SecretStr("let-me-in")))
    yield found
    found.close()


def test_an_order_is_read_and_the_token_goes_along(service, known):
    assert known.order("ORD10001").status == OrderStatus.IN_PROGRESS
    assert service.seen == [("/orders/ORD10001", "Bearer let-me-in")]


def test_each_look_up_has_its_place_and_an_id_cannot_leave_it(service, known):
    service.script = [(404, {})]
    assert known.trip("a/../b?c") is None
    assert known.payments("x") == []
    assert known.user("u") is None
    paths = [path for path, _ in service.seen]
    assert paths == ["/orders/a%2F..%2Fb%3Fc/trip", "/orders/x/payments", "/users/u"]


def test_users_and_payments_are_read(service, known):
    service.script = [(200, {"user_id": "R1", "loyalty_tier": "PLUS", "plan": None})]
    assert known.user("R1").loyalty_tier == LoyaltyTier.PLUS
    service.script = [
        (200, [{"payment_id": "P", "order_id": "O", "kind": "CHARGE", "status": "CAPTURED",
                "amount": 5, "currency": "USD", "at": "2026-11-21T08:00:00Z"}])
    ]  # fmt: skip
    assert known.payments("O")[0].amount == 5


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_may_pass_is_tried_again(service, known, status):
    service.script = [(status, {}), (200, ORDER)]
    assert known.order("ORD10001").rider_id == "R1"
    assert len(service.seen) == 2


@pytest.mark.parametrize("status", [400, 401, 500])
def test_what_will_not_pass_is_not(service, known, status):
    service.script = [(status, {})]
    with pytest.raises(LookupUnavailable):
        known.order("ORD10001")
    assert len(service.seen) == 1


def test_a_service_that_hangs_is_given_up_in_about_a_second(service, known):
    service.script = [(200, ORDER, 3)]
    began = time.monotonic()
    with pytest.raises(LookupUnavailable):
        known.order("ORD10001")
    assert time.monotonic() - began < 1.6


@pytest.mark.parametrize("body", [b"garbage", b"[]", {**ORDER, "status": "LOST"}, {"order_id": 1}])
def test_an_answer_of_another_shape_is_refused_without_its_content(service, known, body):
    service.script = [(200, body)]
    with pytest.raises(LookupUnavailable) as refused:
        known.order("ORD10001")
    assert "R1" not in str(refused.value)
    assert "garbage" not in str(refused.value)


def test_an_endless_answer_is_cut_off(service, known):
    service.script = [(200, b" " * (module.MOST_BYTES + 1))]
    with pytest.raises(LookupUnavailable):
        known.order("ORD10001")


def test_the_breaker_opens_waits_and_closes_again(service, known, monkeypatch):
    monkeypatch.setattr(known._breaker, "reset_timeout", 0.2)
    service.script = [(500, {})]
    for _ in range(module.FAILURES):
        with pytest.raises(LookupUnavailable):
            known.order("ORD10001")
    with pytest.raises(LookupUnavailable, match="left alone"):
        known.order("ORD10001")
    assert len(service.seen) == module.FAILURES
    service.script = [(200, ORDER)]
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            assert known.order("ORD10001").rider_id == "R1"
            break
        except LookupUnavailable:
            time.sleep(0.05)
    else:
        pytest.fail("the breaker stayed open")


def test_nobody_listens():
    found = company(Settings(company_url="http://127.0.0.1:9"))
    with pytest.raises(LookupUnavailable, match="does not answer: ConnectError"):
        found.order("ORD10001")
    found.close()
