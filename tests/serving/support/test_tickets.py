"""Hand-overs are mirrored as tickets: told until the system answers, closed when they end."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pydantic import SecretStr

from serving.signing import HEADER, check
from serving.support.tickets import Webhook, mirror
from tests.serving.support.test_conversations import HURT, opened

SECRET = "between the ticket system and us"


@pytest.fixture
def system(api):
    """A server that keeps what it was told and answers with the next of ``says``, else 200."""
    told, says = [], []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            check(self.headers[HEADER], body, SECRET, api.now)
            status = says.pop(0) if says else 200
            if status == 200:
                told.append({**json.loads(body), "key": self.headers["idempotency-key"]})
            content = json.dumps({"id": f"T-{len(told)}"}).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        changed = {
            "ticket_url": f"http://127.0.0.1:{server.server_port}/t",
            "ticket_secret": SecretStr(SECRET),
        }
        vars(api.platform)["settings"] = api.platform.settings.model_copy(update=changed)
        yield told, says
        server.shutdown()


def look(api):
    return mirror(api.platform, Webhook(api.platform))


def test_a_ticket_is_created_changed_and_closed(api, system):
    told, _ = system
    opened(api)  # the assistant has it: no ticket
    said = opened(api, HURT)
    assert (look(api), look(api)) == (1, 0)
    assert told[0]["action"] == "create"
    ticket = told[0]["ticket"]
    assert (ticket["priority"], ticket["reason_code"]) == ("URGENT", "SAFETY")
    assert HURT not in json.dumps(told)
    path = f"/support/conversations/{said['conversation_id']}"
    api.call("POST", f"{path}/message", json={"message": "are you there?"})
    assert look(api) == 0  # nothing that a ticket says has changed
    api.call("POST", f"{path}/resolve", api.agent_of(said["conversation_id"]))
    assert look(api) == 1
    assert (told[-1]["action"], told[-1]["id"]) == ("close", "T-1")
    assert told[-1]["ticket"]["status"] == "RESOLVED"
    assert look(api) == 0


def test_a_system_that_is_away_is_told_later_with_the_same_key(api, system):
    told, says = system
    says.extend([503, 500])
    said = opened(api, HURT)
    assert (look(api), look(api)) == (0, 0)  # not again before its time
    assert says == [500]
    api.later(seconds=46)
    assert look(api) == 0
    api.later(minutes=5)
    assert look(api) == 1
    # an earlier try may have made it, with what it said then: the same key, and what it says now
    assert [ticket["action"] for ticket in told] == ["create", "update"]
    assert told[0]["key"] == f"{said['conversation_id']}:create"


def test_a_crash_after_a_ticket_was_made_makes_no_second_one(api, system):
    told, _ = system
    said = opened(api, HURT)

    class Dies(Webhook):
        def create(self, ticket, key):
            super().create(ticket, key)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mirror(api.platform, Dies(api.platform))
    api.agent_of(said["conversation_id"])  # meanwhile somebody took it
    assert look(api) == 0
    api.later(minutes=2)
    assert (look(api), look(api)) == (1, 0)
    assert [ticket["action"] for ticket in told] == ["create", "create", "update"]
    assert told[0]["key"] == told[1]["key"] != told[2]["key"]
    assert told[2]["ticket"]["assigned_agent_id"]


def test_what_a_ticket_says_again_has_a_key_of_its_own(api, system):
    told, _ = system
    said = opened(api, HURT)
    path = f"/support/conversations/{said['conversation_id']}"
    look(api)
    for _ in range(2):
        api.call("POST", f"{path}/resolve", api.agent_of(said["conversation_id"]))
        look(api)
        api.call("POST", f"{path}/reopen")
        look(api)
    assert len({ticket["key"] for ticket in told}) == len(told) > 3


def test_what_ended_before_the_system_knew_of_it_is_closed_there_at_once(api, system):
    told, _ = system
    said = opened(api, HURT)
    path = f"/support/conversations/{said['conversation_id']}/resolve"
    api.call("POST", path, api.agent_of(said["conversation_id"]))
    assert (look(api), look(api)) == (1, 0)
    assert [ticket["action"] for ticket in told] == ["create", "close"]
