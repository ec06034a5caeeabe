"""The API as a whole: limits, refreshed tokens, problem documents, the CORS list."""

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from core.enums import Role
from core.settings import Settings
from serving.guards import Cors


def test_the_hundred_and_first_call_in_a_minute_is_turned_away(store, make_api_of):
    with make_api_of(store, rate_limits={"USER": ["100/minute"]}) as api:
        _counted(api)


def _counted(api):
    who, other = api.bearer("R000001"), api.bearer("R000002")
    replies = [api.call("GET", "/support/conversations", who) for _ in range(101)]
    assert [r.status_code for r in replies] == [200] * 100 + [429]
    assert 1 <= int(replies[-1].headers["retry-after"]) <= 60
    assert "100 per 1 minute" in replies[-1].json()["detail"]
    assert api.call("GET", "/support/conversations", other).status_code == 200


def test_a_refresh_token_gives_the_next_pair_once(api):
    from datetime import UTC, datetime

    from serving.api.identity import Caller

    pair = api.platform.tokens.issue(Caller("R000001", Role.USER), datetime.now(UTC))
    given = {"refresh_token": pair.refresh_token}
    api.now = datetime.now(UTC)
    fresh = api.call("POST", "/auth/refresh", {}, json=given)
    assert fresh.status_code == 200
    who = {"Authorization": f"Bearer {fresh.json()['access_token']}"}
    assert api.call("GET", "/support/conversations", who).status_code == 200
    again = api.call("POST", "/auth/refresh", {}, json=given)
    assert (again.status_code, "used before" in again.text) == (401, True)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/support/nothing", 404),
        ("DELETE", "/support/conversations", 405),
        ("GET", "/support/conversations/not-a-uuid", 422),
        ("GET", "/support/conversations?page=0", 422),
        ("GET", "/support/conversations?page_size=101", 422),
    ],
)
def test_every_error_is_a_problem_document(api, method, path, status):
    reply = api.call(method, path)
    assert reply.status_code == status
    assert reply.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "detail"} <= set(reply.json())


def test_no_token_no_entry(api):
    reply = api.call("GET", "/support/conversations", {})
    assert reply.status_code == 401
    assert reply.headers["www-authenticate"] == "Bearer"


def test_only_listed_pages_may_call(api):
    found = Settings(cors_origins="https://console.example, https://two.example")
    client = TestClient(Cors(api.client.app, lambda: found))
    asked = {"Origin": "https://two.example", "Access-Control-Request-Method": "GET"}
    allowed = client.options("/api/v1/support/conversations", headers=asked)
    assert allowed.headers["access-control-allow-origin"] == "https://two.example"
    stranger = {**asked, "Origin": "https://evil.example"}
    refused = client.options("/api/v1/support/conversations", headers=stranger)
    assert "access-control-allow-origin" not in refused.headers


def test_production_needs_a_secret_of_its_own():
    from core.errors import InsecureSettings

    with pytest.raises(InsecureSettings, match="TRIPO_JWT_SECRET"):
        Settings(environment="production", service_token=SecretStr("x")).require_safe()


def test_health_is_open_and_says_what_is_away(store, make_api_of):
    with make_api_of(store) as api:
        assert api.call("GET", "/support/health/live", {}).status_code == 200
        ready = api.call("GET", "/support/health/ready", {})
        assert ready.json() == {"status": "ok", "store": True, "release": "r1"}
    with make_api_of(store, answers=False) as api:
        reply = api.call("GET", "/support/health", {})
        assert (reply.status_code, reply.json()["release"]) == (503, None)
