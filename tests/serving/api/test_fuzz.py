"""Every endpoint under generated input, called by callers of every role: no 500, and each reply as
the description says."""

import itertools
import warnings

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from pydantic import SecretStr
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from core.enums import Audience, Role
from serving.api import app
from serving.signing import HEADER, sign
from tests.serving.conftest import UNLIMITED
from tests.serving.premium.rides import driven, made
from tests.serving.support.test_knowledge_base import ITEM_IN

EXAMPLES = 200
SECRET = "of the webhook"
CHECKS = (
    not_a_server_error, status_code_conformance, content_type_conformance,
    response_schema_conformance,
)  # fmt: skip
CALLERS = (
    ("R000001", Role.USER),
    ("agent-01", Role.AGENT),
    ("root", Role.ADMIN),
    ("s", Role.SERVICE),
    ("D0001", Role.USER, Audience.DRIVER),
)
schemathesis.serializer.alias("message/rfc822", "application/octet-stream")
SCHEMA = schemathesis.openapi.from_dict(app.create().openapi())
OPERATIONS = {
    f"{found.ok().method.upper()} {found.ok().path}": found.ok()
    for found in SCHEMA.get_all_operations()
}


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory, migrated_sqlite, make_api_of):
    """One API on SQLite for all operations, without limits of calls."""
    import shutil

    from store.db import connect

    path = tmp_path_factory.mktemp("fuzz") / "store.db"
    shutil.copy(migrated_sqlite, path)
    engine = connect(f"sqlite:///{path}")
    with make_api_of(engine, rate_limits=UNLIMITED) as api:
        signed = {"mail_webhook_secret": SecretStr(SECRET)}
        vars(api.platform)["settings"] = api.platform.settings.model_copy(update=signed)
        yield api, _there(api)
    engine.dispose()


def _there(api):
    """Ids that exist, by the name of the path's parameter: half of the calls are about them."""
    said = api.call("POST", "/support/conversations", json={"message": "I lost my phone"}).json()
    conversation_id = said["conversation_id"]
    api.call("POST", f"/support/conversations/{conversation_id}/escalate", json={"reason": "x"})
    root = api.bearer("root", Role.ADMIN)
    rules = api.call("GET", "/support/escalation-rules", root).json()
    agents = api.call("GET", "/support/agents/available", root).json()
    item = api.call("POST", "/support/knowledge-base", root, json=ITEM_IN).json()
    return {
        "conversation_id": conversation_id, "item_id": item["id"], "rule_id": rules[-1]["id"],
        "agent_id": agents[0]["id"], "booking_id": driven(api)["id"],
        "driver_id": made(api)["driver_id"],
    }  # fmt: skip


def _named(there, path):
    return {name: value for name, value in there.items() if f"{{{name}}}" in path}


@pytest.mark.parametrize("name", OPERATIONS)
def test_nothing_breaks_and_replies_are_as_described(fuzzed, name):
    api, there = fuzzed
    operation = OPERATIONS[name]
    callers = itertools.cycle([api.bearer(*who) for who in CALLERS])
    turns = itertools.count()

    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
        phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def run(case):
        if next(turns) % 8 < 4:
            case.path_parameters = {**case.path_parameters, **_named(there, operation.path)}
        asked = case.as_transport_kwargs(base_url="http://testserver")
        asked["headers"] = {**dict(asked["headers"]), **next(callers)}
        asked.pop("cookies", None)
        if operation.path.endswith("/mail") and next(turns) % 4:
            body = asked["data"] if isinstance(asked.get("data"), bytes) else b""
            asked["headers"][HEADER] = sign(body, SECRET, api.now)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reply = api.client.request(**asked)
            assert reply.status_code != 429
            case.validate_response(reply, checks=CHECKS)

    run()
