"""Events: written with their change, published in order, handled once; through Redis for real."""

import asyncio
import threading
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from core.errors import BadInput
from serving.events import broker as broker_module
from serving.events.broker import GROUP, OURS, THEIRS, Event, InProcess, connect
from serving.events.publisher import Publisher
from serving.support import incoming
from store import outbox
from store.db import read, write
from tests.serving.support.test_conversations import CANCEL, HURT, opened

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)


def event(name, event_id="e-1", **payload):
    return Event(id=event_id, name=name, at=AT, payload=payload)


async def nobody(_event):
    """Handles nothing."""


def waiting(api):
    return [(row.name, row.payload) for row in read(api.platform.engine, outbox.unpublished)]


def test_what_happens_in_a_conversation_is_told_in_order(api, monkeypatch):
    monkeypatch.setattr(Publisher, "once", lambda self: asyncio.sleep(0, 0))
    said = opened(api, HURT)
    path = f"/support/conversations/{said['conversation_id']}"
    mark = {"message_id": said["reply_id"], "rating": 4}
    api.call("POST", f"{path}/feedback", json=mark)
    api.call("POST", f"{path}/resolve")
    assert {
        "SUPPORT_CONVERSATION_CREATED", "SUPPORT_CONVERSATION_ESCALATED", "AI_FEEDBACK_RECEIVED",
        "SUPPORT_CONVERSATION_RESOLVED",
    } == set(published(api)) | {name for name, _ in waiting(api)}  # fmt: skip


def published(api):
    return [event.name for event in api.client.app.state.broker.published]


class Breaks(InProcess):
    """Takes some events and then is away."""

    def __init__(self, takes):
        super().__init__(nobody)
        self.takes = takes

    async def publish(self, given):
        if len(self.published) == self.takes:
            raise ConnectionError("the broker is away")
        await super().publish(given)


def test_a_broker_that_goes_away_gets_the_rest_later(store):
    def work(connection):
        for number in range(5):
            outbox.add(connection, "SUPPORT_CONVERSATION_CREATED", {"n": number}, AT)

    write(store, work)
    away = Breaks(takes=3)
    with pytest.raises(ConnectionError):
        asyncio.run(Publisher(store, away, lambda: AT).once())
    back = InProcess(nobody)
    assert asyncio.run(Publisher(store, back, lambda: AT).once()) == 2
    assert [e.payload["n"] for e in [*away.published, *back.published]] == [0, 1, 2, 3, 4]
    assert asyncio.run(Publisher(store, back, lambda: AT).once()) == 0


def test_sos_is_urgent_with_the_safety_team_once(api):
    sos = event("SOS_TRIGGERED", user_id="R000001", order_id="ORD12345")
    threads = [threading.Thread(target=incoming.handle, args=(api.platform, sos)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = api.call("GET", "/support/conversations").json()
    assert rows["total"] == 1
    row = rows["items"][0]
    assert (row["priority"], row["reason_code"], row["status"]) == ("URGENT", "SAFETY", "ESCALATED")
    assert row["assigned_agent_id"]


def test_a_failed_payment_opens_a_conversation_that_says_so(api):
    assert incoming.handle(api.platform, event("PAYMENT_FAILED", user_id="R000001"))
    row = api.call("GET", "/support/conversations").json()["items"][0]
    whole = api.call("GET", f"/support/conversations/{row['id']}").json()
    assert "did not go through" in whole["messages"][0]["content"]
    assert (row["intent"], row["status"]) == ("payment_problem", "IN_PROGRESS")


def test_a_flagged_user_is_handed_to_the_fraud_team(api):
    assert opened(api, CANCEL)["action"] == "answer"
    incoming.handle(api.platform, event("FRAUD_FLAGGED", user_id="R000001"))
    said = opened(api, CANCEL)
    assert (said["action"], said["reason_code"]) == ("escalate", "FRAUD_REPORT")


def test_an_eye_is_kept_on_a_flagged_user_for_thirty_days_from_the_last_time(api):
    incoming.handle(api.platform, event("FRAUD_FLAGGED", user_id="R000001"))
    api.later(days=20)
    incoming.handle(api.platform, event("FRAUD_FLAGGED", "e-2", user_id="R000001"))
    api.later(days=30)
    assert opened(api, CANCEL)["reason_code"] == "FRAUD_REPORT"
    api.later(seconds=1)
    assert opened(api, CANCEL)["action"] == "answer"


def test_a_cancelled_order_is_a_line_in_its_conversation(api):
    said = opened(api, CANCEL, order_id="ORD12345")
    cancelled = event("ORDER_CANCELLED", user_id="R000001", order_id="ORD12345")
    assert incoming.handle(api.platform, cancelled)
    assert not incoming.handle(api.platform, cancelled)
    whole = api.call("GET", f"/support/conversations/{said['conversation_id']}").json()
    assert [m["content"] for m in whole["messages"][2:]] == ["Order ORD12345 was cancelled."]


def test_a_service_may_bring_an_event_by_http_and_nobody_else(api):
    given = event("SOS_TRIGGERED", user_id="R000001").model_dump(mode="json")
    service = {"Authorization": "Bearer local-development-only"}
    replies = [api.call("POST", "/support/events", service, json=given) for _ in range(2)]
    assert [reply.json() for reply in replies] == [{"handled": True}, {"handled": False}]
    assert api.call("POST", "/support/events", json=given).status_code == 403


@pytest.mark.parametrize(
    "given", [event("SOS_TRIGGERED"), event("SOS_TRIGGERED", user_id=7), event("WEATHER_CHANGED")]
)
def test_what_cannot_be_understood_has_no_effect(api, given):
    assert not incoming.handle(api.platform, given)
    assert api.call("GET", "/support/conversations").json()["total"] == 0


def test_an_address_of_nothing_we_know_is_refused():
    with pytest.raises(BadInput, match="redis://"):
        connect("amqp://x", nobody)


def test_through_redis_both_ways(store, redis_url):
    """A real Redis: what we publish is in its stream, what others write there reaches us."""
    import redis.asyncio as client

    heard = []

    async def hear(given):
        heard.append(given)

    async def work():
        broker = connect(redis_url, hear)
        await broker.start()
        other = client.from_url(redis_url)
        try:
            write(store, lambda c: outbox.add(c, "SUPPORT_CONVERSATION_CREATED", {"n": 1}, AT))
            assert await Publisher(store, broker, lambda: AT).once() == 1
            (_, fields), *_ = await other.xrange(OURS)
            assert b"SUPPORT_CONVERSATION_CREATED" in next(iter(fields.values()))
            given = event("SOS_TRIGGERED", user_id="R000001")
            await other.xadd(THEIRS, {"__data__": given.model_dump_json()})
            for _ in range(100):
                if heard:
                    break
                await asyncio.sleep(0.05)
            assert heard == [given]
        finally:
            await other.aclose()
            await broker.stop()

    asyncio.run(work())
    with store.connect() as connection:
        waits = sa.select(sa.func.count()).where(outbox.OUTBOX.c.published_at.is_(None))
        assert connection.scalar(waits) == 0


def test_what_a_handler_failed_on_comes_again_and_what_is_no_event_does_not(
    store, redis_url, monkeypatch
):
    import redis.asyncio as client

    monkeypatch.setattr(broker_module, "CLAIM_MS", 300)
    calls, heard = [], []

    async def hear(given):
        calls.append(given)
        if len(calls) == 1:
            raise ConnectionError("the store is away")
        heard.append(given.id)

    async def work():
        broker = connect(redis_url, hear)
        await broker.start()
        other = client.from_url(redis_url)
        try:
            await other.xadd(THEIRS, {"__data__": "[1, 2]"})
            given = event("SOS_TRIGGERED", "e-again", user_id="R000001")
            await other.xadd(THEIRS, {"__data__": given.model_dump_json()})
            await _until(lambda: heard)
            await asyncio.sleep(0.1)
            assert (await other.xpending(THEIRS, GROUP))["pending"] == 0
        finally:
            await other.aclose()
            await broker.stop()

    asyncio.run(work())
    assert heard == ["e-again"]


def test_a_redis_that_came_back_empty_is_listened_to_again(store, redis_url, monkeypatch):
    import redis.asyncio as client

    heard, began = [], []

    async def hear(given):
        heard.append(given.id)

    async def work():
        broker = connect(redis_url, hear)
        start = broker.start

        async def started():
            await start()
            began.append(1)

        monkeypatch.setattr(broker, "start", started)
        running = asyncio.create_task(Publisher(store, broker, lambda: AT).run())
        other = client.from_url(redis_url)
        try:
            await _until(lambda: len(began) == 1)
            await other.delete(THEIRS)
            await _until(lambda: len(began) == 2)
            given = event("SOS_TRIGGERED", "e-back", user_id="R000001")
            await other.xadd(THEIRS, {"__data__": given.model_dump_json()})
            await _until(lambda: heard)
        finally:
            running.cancel()
            await other.aclose()
            await broker.stop()

    asyncio.run(work())
    assert heard == ["e-back"]


async def _until(true):
    for _ in range(200):
        if true():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not happen in ten seconds")


def test_an_event_that_the_store_refuses_is_not_taken_for_one_that_came_before(api, monkeypatch):
    def refused(_connection, _about, _now):
        raise sa.exc.IntegrityError("", {}, Exception("another rule"))

    monkeypatch.setitem(incoming.EFFECTS, "FRAUD_FLAGGED", refused)
    with pytest.raises(sa.exc.IntegrityError):
        incoming.handle(api.platform, event("FRAUD_FLAGGED", user_id="R000001"))
