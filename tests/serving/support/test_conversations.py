"""Conversations over HTTP: answered, handed over, marked, resolved, reopened; only one's own."""

import threading

import pytest

from core.enums import Role
from store.conversations import FEEDBACK
from store.db import write

CANCEL = "how do I cancel the ride I just booked?"
HURT = "we had a crash and my friend is bleeding, help"


def opened(api, message=CANCEL, who=None, **more):
    reply = api.call("POST", "/support/conversations", who, json={"message": message, **more})
    assert reply.status_code == 201, reply.text
    return reply.json()


def test_a_question_is_answered_with_its_source_and_the_next_one_follows(api):
    first = opened(api)
    assert (first["action"], first["status"], first["intent"]) == (
        "answer", "IN_PROGRESS", "cancel_ride",
    )  # fmt: skip
    assert first["sources"][0]["kb_code"].startswith("KB")
    path = f"/support/conversations/{first['conversation_id']}"
    second = api.call("POST", f"{path}/message", json={"message": "and what does it cost?"}).json()
    assert second["message_id"] != first["message_id"]
    whole = api.call("GET", path).json()
    assert [m["sender"] for m in whole["messages"]] == ["USER", "AI", "USER", "AI"]
    assert [m["seq"] for m in whole["messages"]] == [1, 2, 3, 4]
    assert whole["notes"] == []


def test_danger_goes_to_the_safety_team_at_once(api):
    said = opened(api, HURT)
    assert (said["action"], said["reason_code"], said["status"]) == (
        "escalate", "SAFETY", "ESCALATED",
    )  # fmt: skip
    row = api.call("GET", f"/support/conversations/{said['conversation_id']}").json()
    assert (row["priority"], row["ai_handled"]) == ("URGENT", False)
    assert row["assigned_agent_id"]
    again = api.call(
        "POST", f"/support/conversations/{said['conversation_id']}/message",
        json={"message": "are you there?"},
    ).json()  # fmt: skip
    assert (again["ai_response"], again["status"]) == (None, "ESCALATED")


def test_a_message_sent_again_is_said_once_and_answered_the_same(api):
    first = opened(api)
    path = f"/support/conversations/{first['conversation_id']}"
    given = {"message": "is there a fee?", "client_message_id": "m-2"}
    replies = [api.call("POST", f"{path}/message", json=given).json() for _ in range(2)]
    assert replies[0] == replies[1]
    assert len(api.call("GET", path).json()["messages"]) == 4
    changed = api.call("POST", f"{path}/message", json={**given, "message": "something else"})
    assert changed.status_code == 409


def test_twenty_at_once_with_one_id_are_one_message(api):
    path = f"/support/conversations/{opened(api)['conversation_id']}"
    given = {"message": "is there a fee?", "client_message_id": "m-2"}
    who, found = api.bearer("R000001", Role.USER), []
    service = {"Authorization": "Bearer local-development-only"}

    def send():
        found.append(api.call("POST", f"{path}/message", service, json=given))

    threads = [threading.Thread(target=send) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {reply.status_code for reply in found} == {200}
    assert len({reply.json()["message_id"] for reply in found}) == 1
    assert len({reply.json()["reply_id"] for reply in found}) == 1
    assert len(api.call("GET", path, who).json()["messages"]) == 4


def test_a_stranger_cannot_tell_a_conversation_from_none(api):
    path = f"/support/conversations/{opened(api)['conversation_id']}"
    stranger = api.bearer("R000002")
    none = "/support/conversations/00000000-0000-0000-0000-000000000000"
    bodies = {
        "message": {"message": "hi"}, "escalate": {"reason": "x"}, "resolve": None, "reopen": None,
        "feedback": {"message_id": "00000000-0000-0000-0000-000000000000", "rating": 5},
    }  # fmt: skip
    for at in (path, none):
        assert api.call("GET", at, stranger).status_code == 404
        for end, body in bodies.items():
            assert api.call("POST", f"{at}/{end}", stranger, json=body).status_code == 404, end
    assert api.call("GET", "/support/conversations", stranger).json()["total"] == 0
    agent = api.bearer("agent-01", Role.AGENT)
    assert api.call("GET", path, agent).status_code == 404  # neither theirs nor waiting


def test_a_wish_for_a_person_is_honoured_and_the_wait_comes_from_the_queue(api):
    path = f"/support/conversations/{opened(api)['conversation_id']}"
    asked = api.call("POST", f"{path}/escalate", json={"reason": "a person please"}).json()
    assert (asked["escalated"], asked["agent_assigned"]) == (True, True)
    set_offline(api)
    other = f"/support/conversations/{opened(api)['conversation_id']}"
    waits = api.call("POST", f"{other}/escalate", json={"reason": "me too"}).json()
    assert (waits["agent_assigned"], waits["estimated_wait_time_minutes"]) == (False, 10.0)


def set_offline(api):
    sql = "UPDATE support_agents SET availability_status = 'OFFLINE'"
    write(api.platform.engine, lambda connection: connection.exec_driver_sql(sql))


def test_resolved_reopened_within_72_hours_and_no_later(api):
    path = f"/support/conversations/{opened(api)['conversation_id']}"
    done = api.call("POST", f"{path}/resolve").json()
    assert (done["status"], done["resolution_kind"]) == ("RESOLVED", "CONFIRMED")
    assert api.call("POST", f"{path}/resolve").status_code == 409
    api.later(hours=71)
    again = api.call("POST", f"{path}/reopen").json()
    assert (again["status"], again["resolved_at"]) == ("IN_PROGRESS", None)
    assert again["reopened_at"]
    api.call("POST", f"{path}/resolve")
    api.later(hours=73)
    late = api.call("POST", f"{path}/reopen")
    assert (late.status_code, "open a new conversation" in late.text) == (409, True)


def test_an_answer_is_marked_and_the_mark_can_be_changed(api):
    said = opened(api)
    path = f"/support/conversations/{said['conversation_id']}/feedback"
    mark = {"message_id": said["reply_id"], "rating": 2, "was_helpful": False}
    assert api.call("POST", path, json=mark).status_code == 201
    assert (
        api.call("POST", path, json={**mark, "rating": 5, "was_helpful": True}).json()["rating"]
        == 5
    )
    own = api.call("POST", path, json={**mark, "message_id": said["message_id"]})
    assert (own.status_code, "expected an answer" in own.text) == (422, True)
    assert api.call("POST", path, json={**mark, "rating": 6}).status_code == 422


def test_before_the_first_release_the_message_is_kept_and_a_person_takes_over(store, make_api_of):
    with make_api_of(store, answers=False) as api:
        said = opened(api)
        assert (said["action"], said["reason_code"]) == ("escalate", "AI_ERROR")
        whole = api.call("GET", f"/support/conversations/{said['conversation_id']}").json()
        assert whole["messages"][0]["content"] == CANCEL


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"message": "  "}, "at least 1 character"),
        ({"message": "x" * 5001}, "at most 5000"),
        ({"message": "hi", "order_id": "nonsense"}, "pattern"),
        ({"message": "hi", "mesage": "hi"}, "Extra inputs"),
        ({"message": "hi", "user_id": "R000002"}, "their own only"),
    ],
)
def test_what_the_caller_must_change_is_named(api, body, words):
    reply = api.call("POST", "/support/conversations", json=body)
    assert reply.status_code == 422
    assert reply.headers["content-type"] == "application/problem+json"
    assert words in reply.text


def test_notes_are_for_agents_only(api):
    said = opened(api, HURT)
    path = f"/support/conversations/{said['conversation_id']}"
    agent = api.agent_of(said["conversation_id"])
    noted = api.call("POST", f"{path}/notes", agent, json={"content": "called them"})
    assert noted.status_code == 201
    assert api.call("POST", f"{path}/notes", json={"content": "mine"}).status_code == 403
    assert [n["content"] for n in api.call("GET", path, agent).json()["notes"]] == ["called them"]
    assert api.call("GET", path).json()["notes"] == []


def test_a_text_with_a_nul_is_refused_before_a_database_sees_it(api):
    for path, body in (
        ("/support/conversations", {"message": "\x00"}),
        ("/support/conversations", {"message": "where is\x00 my driver"}),
        ("/support/conversations/{id}/escalate", {"reason": "a\x00b"}),
    ):
        path = path.replace("{id}", opened(api)["conversation_id"])
        assert api.call("POST", path, json=body).status_code == 422


def test_a_value_that_only_one_database_refuses_is_the_callers_to_change(store):
    import sqlalchemy as sa

    from core.errors import RowRefused
    from store.db import read
    from store.users import FLAG

    mine = sa.select(FLAG).where(FLAG.c.user_id == "a\x00b")
    if store.dialect.name == "sqlite":
        assert read(store, lambda c: c.execute(mine).all()) == []
        return
    with pytest.raises(RowRefused):
        read(store, lambda c: c.execute(mine).all())


def test_before_the_first_release_danger_is_danger(store, make_api_of):
    with make_api_of(store, answers=False) as api:
        said = opened(api, "he has a gun, call the police")
        assert (said["reason_code"], "SOS button" in said["ai_response"]) == ("SAFETY", True)


@pytest.mark.parametrize("message", ["how do I get a receipt for my trip?", HURT])
def test_ended_by_its_user_while_the_answer_is_made(api, monkeypatch, message):
    conversation_id = opened(api)["conversation_id"]
    path, to = f"/support/conversations/{conversation_id}", api.platform.answers.to

    def meanwhile(asked):
        assert api.call("POST", f"{path}/resolve").status_code == 200
        return to(asked)

    monkeypatch.setattr(api.platform.answers, "to", meanwhile)
    said = api.call("POST", f"{path}/message", json={"message": message}).json()
    row = api.call("GET", path).json()
    ended = ("ESCALATED", None) if message == HURT else ("RESOLVED", "CONFIRMED")
    assert (row["status"], row["resolution_kind"]) == ended
    assert said["ai_response"]


def test_ten_marks_at_once_are_one(api):
    said = opened(api)
    path = f"/support/conversations/{said['conversation_id']}/feedback"
    mark, found = {"message_id": said["reply_id"], "rating": 2, "was_helpful": False}, []
    threads = [
        threading.Thread(target=lambda: found.append(api.call("POST", path, json=mark)))
        for _ in range(10)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {reply.status_code for reply in found} == {201}
    with api.platform.engine.connect() as connection:
        assert len(connection.execute(FEEDBACK.select()).all()) == 1


def test_a_text_that_grows_when_it_is_redacted_can_be_marked(api):
    said = opened(api, ("R000001 " * 625).strip())
    mark = {"message_id": said["reply_id"], "rating": 2, "was_helpful": False}
    path = f"/support/conversations/{said['conversation_id']}/feedback"
    assert api.call("POST", path, json=mark).status_code == 201


def test_an_id_of_the_users_client_is_not_one_of_the_agents(api):
    conversation_id = opened(api, HURT)["conversation_id"]
    path, same = f"/support/conversations/{conversation_id}", {"message": "hello"}
    same["client_message_id"] = "1"
    assert api.call("POST", f"{path}/message", json=same).status_code == 200
    agent = api.agent_of(conversation_id)
    assert api.call("POST", f"{path}/agent-message", agent, json=same).status_code == 409
