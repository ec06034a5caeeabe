"""What users and workers leave behind ends: settled, handed to a person, or left alone."""

import pytest
import sqlalchemy as sa

from serving.events.broker import Event
from serving.support import desk, incoming, talk
from store import conversations
from tests.serving.conftest import AT
from tests.serving.support.test_agents import GUN
from tests.serving.support.test_conversations import CANCEL, HURT, opened


def test_who_says_nothing_for_a_day_after_an_answer_was_helped_by_it(api):
    answered = opened(api)["conversation_id"]
    nothing = opened(api, "what is the capital of mongolia?")
    assert nothing["action"] == "abstain"
    handed = opened(api, HURT)["conversation_id"]
    replied_at = api.now
    api.later(hours=23, minutes=59)
    api.call("POST", f"/support/conversations/{handed}/agent-message", api.agent_of(handed),
             json={"message": "still here"})  # fmt: skip
    assert desk.look_after(api.platform) == 0
    api.later(minutes=1)
    assert desk.look_after(api.platform) == 2
    row = api.call("GET", f"/support/conversations/{answered}").json()
    assert (row["status"], row["resolution_kind"]) == ("RESOLVED", "ASSUMED")
    assert row["resolved_at"] == replied_at.isoformat().replace("+00:00", "Z")
    closed = api.call("GET", f"/support/conversations/{nothing['conversation_id']}").json()
    assert (closed["status"], closed["resolved_at"]) == ("CLOSED", None)
    path = f"/support/conversations/{nothing['conversation_id']}/message"
    assert api.call("POST", path, json={"message": "hello?"}).status_code == 409
    assert desk.look_after(api.platform) == 0


def test_what_only_the_system_wrote_in_ends_too(api):
    about = {"user_id": "R000001", "order_id": "ORD12345"}
    answered = opened(api, order_id="ORD12345")["conversation_id"]
    incoming.handle(
        api.platform, Event(id="e-1", name="ORDER_CANCELLED", at=api.now, payload=about)
    )
    incoming.handle(api.platform, Event(id="e-2", name="PAYMENT_FAILED", at=api.now, payload=about))
    api.later(hours=24)
    assert desk.look_after(api.platform) == 2
    items = api.call("GET", "/support/conversations").json()["items"]
    ended = {row["id"]: row["status"] for row in items}
    assert ended.pop(answered) == "RESOLVED"
    assert list(ended.values()) == ["CLOSED"]


@pytest.mark.parametrize(("said", "reason"), [(CANCEL, "AI_ERROR"), (GUN, "SAFETY")])
def test_a_message_whose_worker_died_goes_to_a_person(api, monkeypatch, said, reason):
    def died(*_given):
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(talk, "_answer", died)
        body = {"message": said}
        assert api.call("POST", "/support/conversations", json=body).status_code == 500
    api.later(seconds=299)
    assert desk.look_after(api.platform) == 0
    api.later(seconds=1)
    assert desk.look_after(api.platform) == 1
    row = api.call("GET", "/support/conversations").json()["items"][0]
    assert (row["status"], row["reason_code"]) == ("ESCALATED", reason)


def test_a_reopened_one_is_left_open_for_a_day(api):
    path = f"/support/conversations/{opened(api)['conversation_id']}"
    api.later(hours=20)
    api.call("POST", f"{path}/resolve")
    api.later(hours=60)
    api.call("POST", f"{path}/reopen")
    assert desk.look_after(api.platform) == 0
    assert api.call("POST", f"{path}/message", json={"message": "still wrong"}).status_code == 200


def test_whoever_looks_for_what_was_left_reads_no_other_messages(sqlite_store):
    """Looked at as SQLite plans it: no message is read that is not of a conversation left open."""
    asked = []
    sa.event.listen(sqlite_store, "before_cursor_execute", lambda *given: asked.append(given[2:4]))
    with sqlite_store.connect() as connection:
        conversations.idle(connection, AT)
        statement, values = asked[-1]
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
    assert not [step.detail for step in plan if step.detail.startswith("SCAN")], plan
