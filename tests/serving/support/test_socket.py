"""A conversation over a WebSocket: everything arrives once, whoever writes, whoever reconnects."""

import asyncio
import json
from contextlib import contextmanager

import pytest
from starlette.websockets import WebSocketDisconnect

from core.enums import Role
from serving.support import desk
from serving.support import socket as live
from tests.serving.support.test_conversations import CANCEL, HURT, opened

RECEIPT, CARD = "how do I get a receipt for my trip?", "how do I add a new card to pay with?"


@contextmanager
def joined(api, conversation_id, who=None, query=""):
    path = f"/ws/support/{conversation_id}{query}"
    with api.client.websocket_connect(path, headers=who or api.bearer()) as socket:
        yield socket


def send(socket, kind, **data):
    socket.send_text(json.dumps({"type": kind, "data": data}))


def until(socket, kind):
    """The next frame of this type; what came before it."""
    before = []
    while True:
        frame = socket.receive_json()
        if frame["type"] == kind:
            return frame["data"], before
        before.append(frame)


def test_a_message_is_answered_and_the_last_ones_are_shown_first(api):
    conversation_id = opened(api)["conversation_id"]
    with joined(api, conversation_id) as socket:
        first = socket.receive_json()
        assert first["type"] == "CONNECTED"
        assert [m["seq"] for m in first["data"]["messages"]] == [1, 2]
        send(socket, "SEND_MESSAGE", content=RECEIPT, client_message_id="m-1")
        reply, _ = until(socket, "AI_RESPONSE")
        assert (reply["seq"], reply["sender"]) == (4, "AI")
        send(socket, "SUBMIT_FEEDBACK", message_id=reply["id"], rating=5, was_helpful=True)
        assert until(socket, "FEEDBACK_RECEIVED")[0]["message_id"] == reply["id"]


def test_who_reconnects_misses_nothing_and_hears_nothing_twice(api):
    conversation_id = opened(api)["conversation_id"]
    with joined(api, conversation_id) as socket:
        until(socket, "CONNECTED")
        send(socket, "SEND_MESSAGE", content=RECEIPT, client_message_id="m-1")
        seen = until(socket, "AI_RESPONSE")[0]["seq"]
    # said while nobody listened
    path = f"/support/conversations/{conversation_id}/message"
    api.call("POST", path, json={"message": CARD, "client_message_id": "m-2"})
    with joined(api, conversation_id, query=f"?after_seq={seen}") as socket:
        missed = until(socket, "CONNECTED")[0]["messages"]
        assert [m["seq"] for m in missed] == [seen + 1, seen + 2]
        # the client does not know whether m-2 arrived, and sends it again
        send(socket, "SEND_MESSAGE", content=CARD, client_message_id="m-2")
        send(socket, "SEND_MESSAGE", content=CANCEL, client_message_id="m-3")
        following, before = until(socket, "AI_RESPONSE")
        assert following["seq"] == seen + 4
        assert [f["type"] for f in before if f["type"] == "AI_RESPONSE"] == []


def test_the_user_and_the_agent_talk_in_the_same_conversation(api):
    conversation_id = opened(api)["conversation_id"]
    with joined(api, conversation_id) as user:
        until(user, "CONNECTED")
        send(user, "SEND_MESSAGE", content=HURT)
        frames = []
        while {f["type"] for f in frames} < {
            "AI_RESPONSE",
            "AGENT_ASSIGNED",
            "CONVERSATION_STATUS",
        }:
            frames.append(user.receive_json())
        assert [f["type"] for f in frames][:3] == [
            "AI_RESPONSE", "AGENT_ASSIGNED", "CONVERSATION_STATUS",
        ]  # fmt: skip
        status = frames[2]["data"]
        assert status == {"status": "ESCALATED", "reason_code": "SAFETY"}
        with joined(api, conversation_id, api.agent_of(conversation_id)) as agent:
            until(agent, "CONNECTED")
            send(agent, "TYPING")
            assert until(user, "TYPING")[0] == {"role": "AGENT"}
            send(agent, "SEND_MESSAGE", content="I am here. Are you safe?")
            assert until(user, "AGENT_MESSAGE")[0]["content"] == "I am here. Are you safe?"
            send(user, "SEND_MESSAGE", content="yes, on the pavement")
            assert until(agent, "USER_MESSAGE")[0]["content"] == "yes, on the pavement"


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        ("not json", "Invalid JSON"),
        ('{"type": "DANCE"}', "no client sends"),
        ('{"type": "SEND_MESSAGE", "data": {"content": " "}}', "content: String should have"),
        ('{"type": "SEND_MESSAGE", "data": {"content": "x", "who": 1}}', "who: Extra inputs"),
        ('{"type": "TYPING", "more": 1}', "more: Extra inputs"),
        ("[" * 2000, "Invalid JSON"),
    ],
)
def test_a_wrong_frame_is_an_error_and_the_conversation_goes_on(api, frame, words):
    with joined(api, opened(api)["conversation_id"]) as socket:
        until(socket, "CONNECTED")
        socket.send_text(frame)
        error = until(socket, "ERROR")[0]
        assert (error["code"], words in error["message"]) == ("BadInput", True), error
        send(socket, "SEND_MESSAGE", content=CANCEL)
        until(socket, "AI_RESPONSE")


def test_a_frame_over_the_limit_ends_the_connection(api, monkeypatch):
    monkeypatch.setattr(live, "MAX_BYTES", 2000)
    with joined(api, opened(api)["conversation_id"]) as socket:
        until(socket, "CONNECTED")
        send(socket, "SEND_MESSAGE", content="x" * 3000)
        with pytest.raises(WebSocketDisconnect) as ended:
            until(socket, "AI_RESPONSE")
        assert ended.value.code == 1009


@pytest.mark.parametrize(
    ("who", "code"),
    [
        ({"Authorization": "Bearer nonsense"}, 4401),
        ({"x": "y"}, 4401),
        (("R000002", Role.USER), 4404),
    ],
)
def test_strangers_are_let_go(api, who, code):
    conversation_id = opened(api)["conversation_id"]
    headers = api.bearer(*who) if isinstance(who, tuple) else who
    with joined(api, conversation_id, headers) as socket, pytest.raises(WebSocketDisconnect) as end:
        socket.receive_json()
    assert end.value.code == code


def test_a_browser_gives_its_token_as_a_subprotocol(api):
    path = f"/ws/support/{opened(api)['conversation_id']}"
    token = api.bearer()["Authorization"].removeprefix("Bearer ")
    with api.client.websocket_connect(path, subprotocols=["tripo.v1", token]) as socket:
        assert socket.accepted_subprotocol == "tripo.v1"
        until(socket, "CONNECTED")


def test_who_says_nothing_for_a_minute_is_let_go(api, monkeypatch):
    monkeypatch.setattr(live, "HEARTBEAT_S", 0.05)
    monkeypatch.setattr(live, "SILENT_S", 0.3)
    with joined(api, opened(api)["conversation_id"]) as socket:
        until(socket, "CONNECTED")
        until(socket, "HEARTBEAT")
        with pytest.raises(WebSocketDisconnect) as ended:
            until(socket, "nothing")
        assert ended.value.code == 1001


def test_an_agent_hears_nothing_of_what_another_has_now(api):
    conversation_id = opened(api, HURT)["conversation_id"]
    with joined(api, conversation_id, api.agent_of(conversation_id)) as socket:
        until(socket, "CONNECTED")
        api.later(seconds=301)
        assert desk.look_after(api.platform) == 1
        path = f"/support/conversations/{conversation_id}/message"
        api.call("POST", path, json={"message": "I live at 1 Main Street"})
        with pytest.raises(WebSocketDisconnect) as ended:
            until(socket, "USER_MESSAGE")
        assert ended.value.code == 4404


def test_a_token_is_not_checked_where_everybody_would_wait(api, monkeypatch):
    conversation_id, where = opened(api)["conversation_id"], []
    caller = api.platform.tokens.caller

    def checked(token):
        where.append(asyncio._get_running_loop())
        return caller(token)

    monkeypatch.setattr(api.platform.tokens, "caller", checked)
    with joined(api, conversation_id) as socket:
        until(socket, "CONNECTED")
    assert where == [None]


def test_a_place_that_no_message_has_is_refused(api):
    query = f"?after_seq={10**22}"
    with (
        pytest.raises(WebSocketDisconnect),
        joined(api, opened(api)["conversation_id"], query=query) as socket,
    ):
        socket.receive_json()


def test_a_transcript_with_a_nul_is_an_error_and_the_conversation_goes_on(api):
    with joined(api, opened(api)["conversation_id"]) as socket:
        until(socket, "CONNECTED")
        send(socket, "VOICE_START")
        send(socket, "VOICE_END", transcript="\x00hello")
        assert "NUL" in until(socket, "ERROR")[0]["message"]
        send(socket, "SEND_MESSAGE", content=CANCEL)
        until(socket, "AI_RESPONSE")


def test_a_flood_of_signs_of_life_does_not_reach_the_store(api, monkeypatch):
    looks, news = [], live._Live._news

    def counted(self, connection):
        looks.append(1)
        return news(self, connection)

    monkeypatch.setattr(live._Live, "_news", counted)
    with joined(api, opened(api)["conversation_id"]) as socket:
        until(socket, "CONNECTED")
        for _ in range(300):
            send(socket, "HEARTBEAT")
        send(socket, "SEND_MESSAGE", content=CANCEL)
        until(socket, "AI_RESPONSE")
    assert len(looks) < 10
