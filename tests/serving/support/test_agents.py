"""The agents' desk: one of fifty wins a claim, nothing stays unanswered, the queue has an order."""

import threading
from uuid import UUID

import pytest

from core.enums import Role
from serving.support import desk, handover
from store import agents, conversations
from store.db import read
from tests.serving.support.test_conversations import HURT, opened, set_offline

ADMIN = ("root", Role.ADMIN)


def waiting_conversation(api, reason="a person please", priority="MEDIUM"):
    """One in the queue: everybody is off duty."""
    set_offline(api)
    said = opened(api)
    path = f"/support/conversations/{said['conversation_id']}"
    api.call("POST", f"{path}/escalate", json={"reason": reason, "priority": priority})
    return said["conversation_id"]


def agents_of(api):
    """Every agent by user id; an administrator puts them on duty without giving them work."""
    from store.agents import AGENT

    with api.platform.engine.connect() as connection:
        return {row.user_id: str(row.id) for row in connection.execute(AGENT.select())}


def on_duty(api, agent_id, status="AVAILABLE"):
    return api.call(
        "PUT", f"/support/agents/{agent_id}/status", api.bearer(*ADMIN),
        json={"availability_status": status},
    )  # fmt: skip


def test_of_fifty_who_claim_one_conversation_exactly_one_gets_it(api):
    everybody = agents_of(api)
    conversation_id = waiting_conversation(api)
    with api.platform.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE support_agents SET availability_status = 'AVAILABLE'")
    replies = []

    def claim(user_id, agent_id):
        replies.append(
            api.call(
                "POST", f"/support/agents/{agent_id}/assign", api.bearer(user_id, Role.AGENT),
                json={"conversation_id": conversation_id},
            ).status_code
        )  # fmt: skip

    who = list(everybody.items())
    threads = [threading.Thread(target=claim, args=who[n % len(who)]) for n in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(replies) == [200] + [409] * 49
    from store.agents import AGENT

    with api.platform.engine.connect() as connection:
        assert sum(row.current_load for row in connection.execute(AGENT.select())) == 1


def test_an_agent_who_comes_on_duty_is_given_the_most_urgent_first(api):
    low = waiting_conversation(api, priority="LOW")
    urgent = waiting_conversation(api, priority="URGENT")
    general = next(
        agent_id for user_id, agent_id in agents_of(api).items() if user_id == "agent-09"
    )
    queue = api.call("GET", "/support/agents/queue", api.bearer(*ADMIN)).json()
    assert [row["conversation"]["id"] for row in queue] == [urgent, low]
    with api.platform.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE support_agents SET max_concurrent = 1")
    assert on_duty(api, general).json()["current_load"] == 1
    taken = api.call("GET", f"/support/conversations/{urgent}", api.bearer(*ADMIN)).json()
    assert taken["assigned_agent_id"] == general


def test_unanswered_for_300_seconds_goes_to_another_and_answered_stays(api):
    said = opened(api, HURT)
    path = f"/support/conversations/{said['conversation_id']}"
    first = api.call("GET", path).json()["assigned_agent_id"]
    api.later(seconds=299)
    assert desk.look_after(api.platform) == 0
    api.later(seconds=1)
    assert desk.look_after(api.platform) == 1
    second = api.call("GET", path).json()["assigned_agent_id"]
    assert second not in (None, first)
    agent = api.agent_of(said["conversation_id"])
    wrote = api.call("POST", f"{path}/agent-message", agent, json={"message": "Help is coming."})
    assert wrote.status_code == 201
    api.later(seconds=900)
    assert desk.look_after(api.platform) == 0
    row = api.call("GET", path).json()
    assert row["messages"][-1]["content"] == "Help is coming."
    assert row["first_agent_reply_at"]


def test_an_agent_who_wrote_and_then_left_the_user_waiting_loses_it(api):
    said = opened(api, HURT)
    path = f"/support/conversations/{said['conversation_id']}"
    agent = api.agent_of(said["conversation_id"])
    api.call("POST", f"{path}/agent-message", agent, json={"message": "One moment."})
    first = api.call("GET", path).json()["assigned_agent_id"]
    api.later(hours=2)
    assert desk.look_after(api.platform) == 0  # the user has nothing to wait for
    api.call("POST", f"{path}/message", json={"message": "please help me now"})
    api.later(seconds=1799)
    assert desk.look_after(api.platform) == 0
    api.later(seconds=1)
    assert desk.look_after(api.platform) == 1
    assert api.call("GET", path).json()["assigned_agent_id"] not in (None, first)


def test_a_place_that_came_free_unseen_is_filled(api):
    waits = waiting_conversation(api)
    with api.platform.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE support_agents SET availability_status = 'AVAILABLE'")
    assert stored(api, waits).assigned_agent_id is None
    desk.look_after(api.platform)
    assert stored(api, waits).assigned_agent_id


def test_only_the_agent_who_has_it_writes(api):
    said = opened(api, HURT)
    path = f"/support/conversations/{said['conversation_id']}/agent-message"
    mine = api.agent_of(said["conversation_id"])
    others = [u for u in agents_of(api) if api.bearer(u, Role.AGENT) != mine]
    given = {"message": "hello", "client_message_id": "a-1"}
    wrote = [api.call("POST", path, mine, json=given).json()["id"] for _ in range(2)]
    assert wrote[0] == wrote[1]
    statuses = [
        api.call("POST", path, api.bearer(user, Role.AGENT), json={"message": "me"}).status_code
        for user in others
    ]
    assert statuses.count(201) == 1  # the one who has it is among them
    assert set(statuses) == {201, 404}
    assert api.call("POST", path, json={"message": "me"}).status_code == 403


def test_resolved_by_an_agent_frees_the_place_and_the_next_one_is_given(api):
    said = opened(api, HURT)
    path = f"/support/conversations/{said['conversation_id']}"
    agent = api.agent_of(said["conversation_id"])
    agent_id = api.call("GET", path).json()["assigned_agent_id"]
    done = api.call("POST", f"{path}/resolve", agent).json()
    assert (done["status"], done["resolution_kind"]) == ("RESOLVED", "AGENT")
    free = api.call("GET", "/support/agents/available", agent).json()
    assert {row["id"]: row["current_load"] for row in free}[agent_id] == 0


def test_off_duty_gives_back_what_was_in_hand(api):
    said = opened(api, HURT)
    path = f"/support/conversations/{said['conversation_id']}"
    first = api.call("GET", path).json()["assigned_agent_id"]
    assert on_duty(api, first, "OFFLINE").json()["current_load"] == 0
    assert api.call("GET", path).json()["assigned_agent_id"] not in (None, first)


def test_an_agent_acts_for_themselves_only(api):
    one, other = list(agents_of(api).items())[:2]
    body = {"availability_status": "BUSY"}
    path = f"/support/agents/{other[1]}/status"
    assert api.call("PUT", path, api.bearer(one[0], Role.AGENT), json=body).status_code == 403
    assert api.call("PUT", path, json=body).status_code == 403
    assert on_duty(api, "00000000-0000-0000-0000-000000000000").status_code == 404


def test_a_hand_over_says_what_an_agent_should_know(api):
    said = opened(api, "I was charged twice for ORD4711042, this is a disgrace")
    path = f"/support/conversations/{said['conversation_id']}"
    api.call("POST", f"{path}/escalate", json={"reason": "nobody helps me"})
    agent = api.agent_of(said["conversation_id"])
    told = api.call("GET", f"{path}/handover", agent).json()
    assert "charged twice for ORD4711042" in told["summary"]
    assert "nobody helps me" in told["summary"]
    assert [e["normalised"] for e in told["entities"]] == ["ORD4711042"]
    assert len(told["transcript"]) == 2


GUN = "he has a gun, call the police"


def stored(api, conversation_id):
    return read(api.platform.engine, lambda c: conversations.find(c, UUID(conversation_id)))


def test_danger_said_while_one_waits_goes_to_the_safety_team_and_the_user_is_told(api):
    conversation_id = waiting_conversation(api, priority="LOW")
    path = f"/support/conversations/{conversation_id}"
    for _ in range(2):
        api.call("POST", f"{path}/message", json={"message": GUN})
    row = stored(api, conversation_id)
    assert (row.priority, row.reason_code, handover.team_of(row)) == ("URGENT", "SAFETY", "SAFETY")
    told = [m for m in api.call("GET", path).json()["messages"] if m["sender"] == "SYSTEM"]
    assert ["SOS button" in line["content"] for line in told] == [True]


def test_a_more_urgent_wish_moves_a_waiting_one_up_and_a_less_urgent_one_changes_nothing(api):
    conversation_id = waiting_conversation(api, priority="MEDIUM")
    for priority, is_then in (("LOW", "MEDIUM"), ("URGENT", "URGENT"), ("HIGH", "URGENT")):
        api.call("POST", f"/support/conversations/{conversation_id}/escalate",
                 json={"reason": "still here", "priority": priority})  # fmt: skip
        assert stored(api, conversation_id).priority == is_then


def test_a_person_wanted_after_the_end_reopens_and_waits_where_agents_look(api):
    conversation_id = opened(api, HURT)["conversation_id"]
    path, agent = f"/support/conversations/{conversation_id}", api.agent_of(conversation_id)
    api.call("POST", f"{path}/agent-message", agent, json={"message": "all done"})
    api.call("POST", f"{path}/resolve", agent)
    set_offline(api)
    asked = api.call("POST", f"{path}/escalate", json={"reason": "again"}).json()
    row = stored(api, conversation_id)
    assert (asked["agent_assigned"], agents.waits(row), row.resolved_at) == (False, True, None)
    api.call("POST", f"{path}/resolve")
    api.later(hours=73)
    assert api.call("POST", f"{path}/escalate", json={"reason": "again"}).status_code == 409


def test_what_one_agent_is_given_another_may_have_claimed_meanwhile(api, monkeypatch):
    if api.platform.engine.dialect.name == "sqlite":
        pytest.skip("writers stand in line")
    waiting_conversation(api), waiting_conversation(api)
    everybody, waiting = agents_of(api), agents.waiting
    with api.platform.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE support_agents SET availability_status = 'AVAILABLE' WHERE user_id = 'agent-10'"
        )

    def claimed(connection, limit=None):
        rows = waiting(connection, limit)
        monkeypatch.setattr(agents, "waiting", waiting)
        taken = api.call(
            "POST", f"/support/agents/{everybody['agent-10']}/assign",
            api.bearer("agent-10", Role.AGENT), json={"conversation_id": str(rows[0].id)},
        )  # fmt: skip
        assert taken.status_code == 200
        return rows

    monkeypatch.setattr(agents, "waiting", claimed)
    came = on_duty(api, everybody["agent-09"])
    assert (came.status_code, came.json()["current_load"]) == (200, 1)


def test_a_clock_that_is_behind_refuses_nobody(api):
    set_offline(api)
    api.later(seconds=1)
    opened(api, HURT)
    api.later(seconds=-1)
    assert on_duty(api, agents_of(api)["agent-01"]).json()["current_load"] == 1
