"""Who may call what: every operation, every role, on both databases; a new one must be listed."""

import re

import pytest

from core.enums import Audience, Role
from serving.api import app
from tests.serving.conftest import UNLIMITED
from tests.serving.premium.rides import TRIP, booked, driver, made
from tests.serving.support.test_conversations import opened
from tests.serving.support.test_knowledge_base import ITEM_IN

USER, AGENT, ADMIN, SERVICE = Role.USER, Role.AGENT, Role.ADMIN, Role.SERVICE
DRIVER = Audience.DRIVER
"""A user whose token says so; asked where that makes a difference, under /premium."""
EVERYBODY = {USER, AGENT, ADMIN, SERVICE}
STAFF = {AGENT, ADMIN}
ONE = "/support/conversations/{conversation_id}"
ITEM, RULE = "/support/knowledge-base/{item_id}", "/support/escalation-rules/{rule_id}"
REPORT = "/support/analytics"
MAY = {
    "POST /auth/refresh": EVERYBODY,
    "POST /support/conversations": {USER, SERVICE},
    "GET /support/conversations": EVERYBODY,
    f"GET {ONE}": EVERYBODY,
    f"POST {ONE}/message": {USER, SERVICE},
    f"POST {ONE}/escalate": EVERYBODY,
    f"POST {ONE}/feedback": {USER, SERVICE},
    f"POST {ONE}/resolve": EVERYBODY,
    f"POST {ONE}/reopen": EVERYBODY,
    f"POST {ONE}/notes": STAFF,
    f"POST {ONE}/agent-message": {AGENT},
    f"GET {ONE}/handover": STAFF,
    f"POST {ONE}/messages/{{message_id}}/label": STAFF,
    "GET /support/agents/available": STAFF,
    "GET /support/agents/queue": STAFF,
    "POST /support/agents/{agent_id}/assign": STAFF,
    "PUT /support/agents/{agent_id}/status": STAFF,
    "GET /support/knowledge-base/search": EVERYBODY,
    "GET /support/knowledge-base": STAFF,
    f"GET {ITEM}": STAFF,
    f"GET {ITEM}/versions": STAFF,
    "POST /support/knowledge-base": {ADMIN},
    f"PUT {ITEM}": {ADMIN},
    f"DELETE {ITEM}": {ADMIN},
    "GET /support/escalation-rules": STAFF,
    "POST /support/escalation-rules": {ADMIN},
    f"PUT {RULE}": {ADMIN},
    f"DELETE {RULE}": {ADMIN},
    f"GET {REPORT}/performance": STAFF,
    f"GET {REPORT}/intents": STAFF,
    f"GET {REPORT}/feedback": STAFF,
    f"GET {REPORT}/gaps": STAFF,
    f"GET {REPORT}/sla": STAFF,
    f"GET {REPORT}/savings": {ADMIN},
    f"GET {REPORT}/reports/automation": STAFF,
    f"GET {REPORT}/reports/satisfaction": STAFF,
    "POST /support/events": {SERVICE},
    "GET /support/label-reviews": {ADMIN},
    "POST /support/label-reviews/{review_id}": {ADMIN},
}
BOOKING, OF_DRIVER = "/premium/bookings/{booking_id}", "/premium/drivers/{driver_id}"
OF_PREMIUM = {
    "POST /premium/quotes": {USER, SERVICE},
    "POST /premium/bookings": {USER, SERVICE},
    "GET /premium/bookings": {*EVERYBODY, DRIVER},
    f"GET {BOOKING}": {*EVERYBODY, DRIVER},
    f"PATCH {BOOKING}": {USER},
    f"DELETE {BOOKING}": EVERYBODY,
    f"POST {BOOKING}/confirm": EVERYBODY,
    f"POST {BOOKING}/accept": {DRIVER},
    f"POST {BOOKING}/decline": {DRIVER},
    f"POST {BOOKING}/start": {DRIVER, SERVICE},
    f"POST {BOOKING}/complete": {DRIVER, SERVICE},
    f"POST {BOOKING}/refund": {USER},
    f"GET {BOOKING}/refund": EVERYBODY,
    "GET /premium/refunds": STAFF,
    "POST /premium/refunds/{refund_id}": {ADMIN},
    "GET /premium/drivers": {AGENT, ADMIN, SERVICE},
    "POST /premium/drivers": {ADMIN},
    f"GET {OF_DRIVER}": {AGENT, ADMIN, SERVICE, DRIVER},
    f"PATCH {OF_DRIVER}": {ADMIN},
    f"POST {OF_DRIVER}/availability": {ADMIN, SERVICE, DRIVER},
    f"GET {OF_DRIVER}/qualification": {AGENT, ADMIN, SERVICE, DRIVER},
    f"POST {OF_DRIVER}/appeal": {DRIVER},
    f"POST {OF_DRIVER}/status": {ADMIN},
    "POST /premium/drivers/status": {ADMIN},
    "GET /premium/appeals": {ADMIN},
    "POST /premium/appeals/{appeal_id}": {ADMIN},
    "POST /premium/match": {ADMIN, SERVICE},
    "GET /premium/analytics/revenue": STAFF,
    "GET /premium/analytics/drivers": STAFF,
    "GET /premium/analytics/trends": STAFF,
    "GET /premium/pricing-rules": {ADMIN},
    "POST /premium/pricing-rules": {ADMIN},
}
MAY |= OF_PREMIUM
NOBODYS = "00000000-0000-0000-0000-000000000000"
BODIES = {
    "POST /auth/refresh": {"refresh_token": "x"},
    "POST /support/conversations": {"message": "hello", "user_id": None},
    f"POST {ONE}/message": {"message": "hello"},
    f"POST {ONE}/escalate": {"reason": "x"},
    f"POST {ONE}/feedback": {"message_id": NOBODYS, "rating": 5},
    f"POST {ONE}/notes": {"content": "x"},
    f"POST {ONE}/agent-message": {"message": "x"},
    f"POST {ONE}/messages/{{message_id}}/label": {"intent": "unknown"},
    "POST /support/agents/{agent_id}/assign": {"conversation_id": NOBODYS},
    "PUT /support/agents/{agent_id}/status": {"availability_status": "AVAILABLE"},
    "POST /support/knowledge-base": ITEM_IN,
    f"PUT {ITEM}": {"item": ITEM_IN, "item_version": 1},
    "POST /support/events": {
        "id": "e", "name": "X", "at": "2026-11-22T00:00:00Z", "payload": {},
    },
    "POST /support/label-reviews/{review_id}": {"accept": False},
}  # fmt: skip
RULE_IN = {
    "rule_name": "x", "priority": 1, "condition": {"field": "intent", "op": "==", "value": "x"},
    "action": {"reason_codes": ["SAFETY"], "priority": "LOW", "specialization": "GENERAL"},
}  # fmt: skip
BODIES |= {"POST /support/escalation-rules": RULE_IN, f"PUT {RULE}": RULE_IN}
QUOTE = {
    "vertical": "RIDE", "service_class": "PREMIUM", "zone_id": "Z01", "km": 1.0, "minutes": 1.0,
    "multiplier": 1.0, "base_cents": 1, "standard_cents": 1, "fare_cents": 1, "discount_cents": 0,
    "total_cents": 1, "driver_pay_cents": 1, "driver_bonus_cents": 0, "currency": "USD",
    "lines": [], "quoted_at": "x", "expires_at": "x", "bound_to": "x", "signature": "x",
}  # fmt: skip
REVIEW = {"decision": "KEEP", "why": "x"}
BODIES |= {
    "POST /premium/quotes": {"trip": TRIP},
    "POST /premium/bookings": {"trip": TRIP, "quote": QUOTE},
    f"PATCH {BOOKING}": {"rating": 5},
    f"POST {BOOKING}/refund": {"category": "LATE"},
    "POST /premium/refunds/{refund_id}": {"approve": False, "why": "x"},
    "POST /premium/drivers": {"driver_id": "D0001", "vehicle_type": "SUV"},
    f"PATCH {OF_DRIVER}": {"vehicle_type": "SUV"},
    f"POST {OF_DRIVER}/availability": {"available": False},
    f"POST {OF_DRIVER}/appeal": {"evaluated_on": "2026-11-22", "text": "x"},
    f"POST {OF_DRIVER}/status": {**REVIEW, "evaluated_on": "2026-11-22"},
    "POST /premium/drivers/status": {
        **REVIEW, "proposed": [{"driver_id": "D0001", "evaluated_on": "2026-11-22"}],
    },
    "POST /premium/appeals/{appeal_id}": {"approve": False, "why": "x"},
    "POST /premium/match": {"requests": [], "drivers": []},
    "POST /premium/pricing-rules": {
        "valid_from": "2026-12-01T00:00:00Z", "luxury": 1.3, "premium": 1.5, "vip": 2.0,
        "night_factor": 1.1, "weekend_factor": 1.1, "why": "x",
    },
}  # fmt: skip
OF_A_CONVERSATION = {name for name in MAY if ONE in name}
OF_A_BOOKING = {name for name in MAY if BOOKING in name}


def described():
    paths = app.create().openapi()["paths"]
    return {
        f"{method.upper()} {path.removeprefix(app.BASE)}"
        for path, methods in paths.items()
        for method in methods
    }


def test_every_operation_is_listed_here():
    open_to_all = {f"GET /support/health{end}" for end in ("", "/live", "/ready")}
    signed = {"POST /support/mail"}  # by a secret of its own: tests/serving/support/test_mail.py
    assert described() == set(MAY) | open_to_all | signed


def call(api, name, who):
    method, path = name.split(" ")
    for part in re.findall(r"{(\w+)}", path):
        path = path.replace(f"{{{part}}}", api.there.get(part, NOBODYS))
    if "/analytics/" in path:
        path += "?start_date=2026-11-22&end_date=2026-11-22"
    if path.endswith("/search"):
        path += "?q=receipt"
    return api.call(method, path, who, json=BODIES.get(name))


@pytest.fixture
def there(store, make_api_of):
    """The API with a conversation and a booking of R000001, without limits of calls."""
    with make_api_of(store, rate_limits=UNLIMITED) as api:
        said = opened(api)
        api.there = {
            "conversation_id": said["conversation_id"], "message_id": said["message_id"],
            "booking_id": booked(api)["id"], "driver_id": made(api)["driver_id"],
        }  # fmt: skip
        yield api


def test_every_role_may_do_what_the_table_says_and_nothing_else(there):
    callers = {
        USER: there.bearer("R000001"), AGENT: there.bearer("agent-01", AGENT),
        ADMIN: there.bearer("root", ADMIN),
        SERVICE: {"Authorization": "Bearer local-development-only"}, DRIVER: driver(there),
    }  # fmt: skip
    for name, allowed in MAY.items():
        if name == "POST /auth/refresh":  # the token is in the body
            continue
        for role, who in callers.items():
            if role == DRIVER and name not in OF_PREMIUM:
                continue
            status = call(there, name, who).status_code
            if role not in allowed:
                # an agent who does not have the conversation is not told that there is one
                hidden = role == AGENT and name in OF_A_CONVERSATION
                # nor a rider that there is a driver
                hidden |= role == USER and OF_DRIVER in name
                assert status == 403 or (hidden and status == 404), (name, role, status)
            else:
                assert status not in (401, 403), (name, role, status)


def test_without_a_token_and_with_another_ones_nothing_is_open(there):
    stranger = there.bearer("R000002")
    for name in MAY:
        if name == "POST /auth/refresh":
            continue
        assert call(there, name, {}).status_code == 401, name
        if name in OF_A_CONVERSATION | OF_A_BOOKING and USER in MAY[name]:
            assert call(there, name, stranger).status_code == 404, name
