"""Look-ups over HTTP against a real server that is slow, down, confused or too talkative."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

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


class Reply(NamedTuple):
    """``body`` is sent as JSON, bytes as they are; a function writes to the connection itself."""

    status: int
    body: Any
    wait_s: float = 0
    headers: dict[str, str] | None = None


class Service:
    """Answers each call with the next `Reply` of ``script``, the last one from then on."""

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
            reply = Reply(*found.next())
            time.sleep(reply.wait_s)
            if callable(reply.body):
                return reply.body(self.wfile)
            body = reply.body
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(reply.status)
            for name, value in {"content-length": len(content), **(reply.headers or {})}.items():
                self.send_header(name, str(value))
            self.end_headers()
            return self.wfile.write(content)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
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
    assert known.trip("..") is None
    assert len(service.seen) == 3


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


@pytest.mark.parametrize("after", ["5", "Sat, 21 Nov 2026 08:00:00 GMT"])
def test_a_service_that_wants_longer_than_there_is_time_is_left_alone(service, known, after):
    service.script = [(429, {}, 0, {"retry-after": after})]
    with pytest.raises(LookupUnavailable, match="status 429"):
        known.order("ORD10001")
    assert len(service.seen) == 1


def test_a_service_that_wants_no_wait_is_asked_again(service, known):
    service.script = [(503, {}, 0, {"retry-after": "0"}), (200, ORDER)]
    assert known.order("ORD10001").rider_id == "R1"


def hang(_):
    time.sleep(3)


def drip(first):
    """``first``, then a byte every now and then, each sooner than a read times out."""

    def write(connection):
        with suppress(OSError):
            connection.write(first)
            for _ in range(30):
                connection.write(b"a")
                time.sleep(0.1)

    return write


@pytest.mark.parametrize(
    "body",
    [
        hang,
        drip(b"HTTP/1.1 200 OK\r\nx-long: "),
        drip(b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n"),
    ],
    ids=["nothing", "headers", "body"],
)
def test_a_service_that_does_not_finish_is_given_up_within_the_budget(service, known, body):
    service.script = [(200, body)]
    began = time.monotonic()
    with pytest.raises(LookupUnavailable, match="within 1 s"):
        known.order("ORD10001")
    assert time.monotonic() - began < module.BUDGET_S + 0.4  # a busy machine


def test_look_ups_do_not_wait_for_each_other(service, known):
    together = threading.Barrier(4, timeout=0.5)  # breaks unless four calls are there at once

    def met(connection):
        together.wait()
        content = json.dumps(ORDER).encode()
        head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(content)}\r\n\r\n"
        connection.write(head.encode() + content)

    service.script = [(200, met)]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(known.order, ["ORD10001"] * 4))
    assert [order.rider_id for order in found] == ["R1"] * 4


def test_times_come_in_utc_and_never_without_a_zone(service, known):
    service.script = [(200, {**ORDER, "completed_at": "2026-11-21T10:00:00+02:00"})]
    completed = known.order("ORD10001").completed_at
    assert (completed, completed.tzinfo) == (datetime(2026, 11, 21, 8, tzinfo=UTC), UTC)
    service.script = [(200, {**ORDER, "completed_at": "2026-11-21T10:00:00"})]
    with pytest.raises(LookupUnavailable, match="completed_at without"):
        known.order("ORD10001")


def test_a_row_about_another_order_is_refused(service, known):
    with pytest.raises(LookupUnavailable, match="order_id that was asked for"):
        known.order("ORD20002")


@pytest.mark.parametrize("status", [302, 401, 503])
def test_what_goes_to_the_log_names_nobody(service, known, status):
    service.script = [(status, {"user": "R77"})]
    with pytest.raises(LookupUnavailable) as refused:
        known.user("R77")
    assert str(refused.value) == f"the company's service does not answer: status {status}"


@pytest.mark.parametrize("body", [b"garbage", b"[]", {**ORDER, "status": "LOST"}, {"order_id": 1}])
def test_an_answer_of_another_shape_is_refused_without_its_content(service, known, body):
    service.script = [(200, body)]
    with pytest.raises(LookupUnavailable) as refused:
        known.order("ORD10001")
    assert "R1" not in str(refused.value)
    assert "garbage" not in str(refused.value)


def test_an_answer_that_is_too_long_is_cut_off(service, known):
    service.script = [(200, {**ORDER, "note": " " * module.MOST_BYTES})]
    with pytest.raises(LookupUnavailable, match="more than 65536 bytes"):
        known.order("ORD10001")


def fail(known):
    with pytest.raises(LookupUnavailable):
        known.order("ORD10001")


def open_breaker(known):
    for _ in range(module.FAILURES):
        fail(known)


def until_asked(service, known, look):
    """``look`` again and again until the service is asked once more."""
    before, deadline = len(service.seen), time.monotonic() + 5
    while len(service.seen) == before:
        assert time.monotonic() < deadline, "the breaker stayed open"
        found = look(known)
    return found


def order(known):
    with suppress(LookupUnavailable):
        return known.order("ORD10001")


def test_the_breaker_opens_waits_and_closes_again(service, known, monkeypatch):
    monkeypatch.setattr(known._breaker, "reset_timeout", 0.2)
    service.script = [(500, {})]
    open_breaker(known)
    with pytest.raises(LookupUnavailable, match="left alone"):
        known.order("ORD10001")
    assert len(service.seen) == module.FAILURES
    service.script = [(200, ORDER)]
    assert until_asked(service, known, order).rider_id == "R1"
    service.script = [(500, {})]
    fail(known)
    service.script = [(200, ORDER)]
    assert known.order("ORD10001").rider_id == "R1"  # closed: one failure does not open it


def test_a_half_open_breaker_that_fails_is_open_again(service, known, monkeypatch):
    monkeypatch.setattr(known._breaker, "reset_timeout", 0.2)
    service.script = [(500, {})]
    open_breaker(known)
    assert until_asked(service, known, order) is None
    monkeypatch.setattr(known._breaker, "reset_timeout", 60)
    service.script = [(200, ORDER)]
    with pytest.raises(LookupUnavailable, match="left alone"):
        known.order("ORD10001")


def test_an_order_that_is_not_there_is_an_answer(service, known):
    service.script = [(404, {})]
    assert [known.order("ORD10001") for _ in range(module.FAILURES + 2)] == [None] * 7


def test_nobody_listens():
    found = company(Settings(company_url="http://127.0.0.1:9"))
    with pytest.raises(LookupUnavailable, match="does not answer: ConnectError"):
        found.order("ORD10001")
    found.close()
