"""Conversations of the live store count in the KPIs, under pseudonyms, and follow what happens."""

from datetime import UTC, date, datetime, timedelta

import pyarrow.parquet as pq

from core.enums import Channel, ConversationStatus, MessageType, Priority, Sender
from pipelines.ai_performance import recompute
from pipelines.live_conversations import export
from store import conversations as kept
from store.db import write
from store.erasure import erase
from store.pseudonyms import pseudonyms
from tests.pipelines.test_ai_performance import asked, context, deliver, stored

DAY = date(2026, 11, 1)
AT = datetime(2026, 11, 1, 9, tzinfo=UTC)
CARD = "my card 4111 1111 1111 1111 was charged, call +1 415 555 2671"


def talk(ctx, user_id, at=AT, **changes):
    """A conversation with one question, one answer and a mark."""

    def work(connection):
        row = kept.start(connection, {
            "user_id": user_id, "channel": Channel.CHAT, "ai_handled": True, "language_code": "en",
            "status": ConversationStatus.RESOLVED, "priority": Priority.LOW, "intent": "promo_code",
            "complexity": "simple", "created_at": at, "updated_at": at, "resolved_at": at,
            "resolution_kind": "CONFIRMED", **changes,
        })  # fmt: skip
        said = {"message_type": MessageType.TEXT, "language_code": "en", "created_at": at}
        kept.say(connection, row.id, {"sender": Sender.USER, "content": CARD, **said})
        reply = kept.say(connection, row.id, {
            "sender": Sender.AI, "content": "Open Promotions.", "action": "answer",
            "confidence_score": 0.9, "processing_time_ms": 20, "release": "r1",
            "sources": [{"kb_code": "KB0301", "item_version": 1, "score": 2.0}], **said,
        })  # fmt: skip
        kept.rate(connection, {
            "message_id": reply.id, "conversation_id": row.id, "user_rating": 5,
            "was_helpful": True, "follow_up_required": False,
            "user_comment": "write to ann@example.org", "created_at": at,
        })  # fmt: skip
        return row

    return write(ctx.engine, work)


def lake(ctx, asset, day=DAY):
    return pq.read_table(ctx.lake.path(f"live_{asset}", day)).to_pylist()


def test_what_is_live_counts_beside_what_was_delivered(tmp_path):
    ctx = context(tmp_path)
    deliver(ctx, DAY, asked("A", DAY))
    talk(ctx, "R000001")
    assert export(str(DAY), ctx) == {"conversations": 1, "messages": 2, "feedback": 1}
    recompute(str(DAY), ctx)
    row = stored(ctx)[0]
    assert (row["total_conversations"], row["user_satisfaction_score"]) == (2, 5.0)
    assert row["avg_response_time_seconds"] == 0.06  # 100 ms delivered, 20 ms live


def test_a_day_on_which_nothing_was_delivered_counts_too(tmp_path):
    ctx = context(tmp_path)
    talk(ctx, "R000001")
    export(str(DAY), ctx)
    recompute(str(DAY), ctx)
    assert stored(ctx)[0]["total_conversations"] == 1


def test_users_and_what_they_wrote_go_in_hidden(tmp_path):
    ctx = context(tmp_path)
    talk(ctx, "R000001", order_id="ORD10001")
    talk(ctx, "R000001")
    talk(ctx, "R000002")
    export(str(DAY), ctx)
    people = [row["user_id"] for row in lake(ctx, "conversations")]
    assert len(people) == 3
    assert len(set(people)) == 2  # the same person is the same, so that returns are seen
    assert "ORD10001" in {row["order_id"] for row in lake(ctx, "conversations")}
    everything = str([lake(ctx, asset) for asset in ("conversations", "messages", "feedback")])
    for secret in ("R000001", "R000002", "4111", "2671", "ann@example.org"):
        assert secret not in everything
    assert "KB0301" in everything


def test_what_happens_later_is_seen_for_as_long_as_a_row_is_not_final(tmp_path):
    ctx = context(tmp_path)
    row = talk(ctx, "R000001")
    export(str(DAY), ctx)
    before = ctx.lake.path("live_conversations", DAY).read_bytes()
    export(str(DAY), ctx)
    assert ctx.lake.path("live_conversations", DAY).read_bytes() == before
    later = AT + timedelta(days=2)
    write(ctx.engine, lambda c: kept.change(c, row, {
        "status": ConversationStatus.IN_PROGRESS, "reopened_at": later, "resolved_at": None,
        "resolution_kind": None, "updated_at": later,
    }))  # fmt: skip
    export(str(DAY + timedelta(days=3)), ctx)
    assert lake(ctx, "conversations")[0]["reopened_at"] == later
    assert not ctx.lake.has("live_conversations", DAY + timedelta(days=3))


def test_who_was_erased_is_gone_from_the_days_near_and_a_stranger_afterwards(tmp_path):
    ctx = context(tmp_path)
    talk(ctx, "R000001")
    export(str(DAY), ctx)
    before = lake(ctx, "conversations")[0]["user_id"]
    gone = erase(ctx.engine, "R000001", "secret", "root", AT)
    assert gone["keys"] == 1
    assert export(str(DAY), ctx)["conversations"] == 0
    assert lake(ctx, "conversations") == []
    after = pseudonyms(ctx.engine, ["R000001"], AT)
    assert after["R000001"] != before


def test_why_a_person_was_wanted_enters_without_personal_values(tmp_path):
    ctx = context(tmp_path)
    talk(ctx, "R000001", escalation_reason=CARD)
    export(str(DAY), ctx)
    (row,) = lake(ctx, "conversations")
    assert row["escalation_reason"] == "my card [card] was charged, call [phone]"
