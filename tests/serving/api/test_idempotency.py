"""One key, one conversation: sent twice, at once, after a crash, and with another body."""

import hashlib
import threading

import pytest
import sqlalchemy as sa

from core.enums import Role
from core.errors import StoreUnavailable
from serving.api.idempotency import CALL, once
from serving.api.identity import Caller
from serving.support import talk
from serving.support.schemas import NoteIn, OpenIn
from store.db import write
from tests.serving.support.test_conversations import CANCEL

KEY = {"Idempotency-Key": "k-1"}
BODY = {"message": CANCEL}


def send(api, body=BODY, who=None):
    return api.call("POST", "/support/conversations", who, json=body, headers=KEY)


def conversations(api, who=None):
    return api.call("GET", "/support/conversations", who).json()["total"]


def test_the_same_call_twice_is_one_conversation_with_one_answer(api):
    first, second = send(api), send(api)
    assert (first.status_code, first.json()) == (201, second.json())
    assert conversations(api) == 1
    other = send(api, {"message": "something else"})
    assert (other.status_code, "another body" in other.text) == (422, True)
    assert send(api, who=api.bearer("R000002")).json() != first.json()


def test_of_ten_at_once_one_is_done_and_the_others_are_told_to_wait(api):
    replies = []
    threads = [threading.Thread(target=lambda: replies.append(send(api))) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {reply.status_code for reply in replies} <= {201, 409}
    assert len({r.json()["conversation_id"] for r in replies if r.status_code == 201}) == 1
    assert conversations(api) == 1


def test_a_call_that_was_killed_can_be_sent_again_after_a_minute(api):
    row = {"caller": "R000001", "key": "k-1", "created_at": api.now}
    digest = hashlib.sha256(OpenIn(**BODY).model_dump_json().encode()).hexdigest()
    write(
        api.platform.engine, lambda c: c.execute(sa.insert(CALL).values(**row, request_hash=digest))
    )
    assert send(api).status_code == 409
    api.later(seconds=61)
    assert send(api).status_code == 201
    assert conversations(api) == 1


def test_a_call_that_failed_can_be_sent_again(api):
    given, caller, calls = NoteIn(content="x"), Caller("R000001", Role.USER), []

    def work():
        calls.append(1)
        if len(calls) == 1:
            raise StoreUnavailable("away")
        return given

    with pytest.raises(StoreUnavailable):
        once(api.platform, caller, "k-2", given, NoteIn, work)
    replies = [once(api.platform, caller, "k-2", given, NoteIn, work) for _ in range(2)]
    assert (replies, len(calls)) == ([given, given], 2)


def test_a_call_whose_answer_failed_goes_on_with_what_it_began(api, monkeypatch):
    tell = talk.tell

    def away(*_given):
        monkeypatch.setattr(talk, "tell", tell)
        raise StoreUnavailable("away")

    monkeypatch.setattr(talk, "tell", away)
    assert [send(api).status_code for _ in range(2)] == [503, 201]
    assert conversations(api) == 1
    assert send(api).json()["ai_response"]
