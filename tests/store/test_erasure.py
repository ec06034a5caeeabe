"""A user who was forgotten stays forgotten, also when a backup brings them back."""

from datetime import UTC, datetime

import sqlalchemy as sa

from store import agents, backup, conversations, erasure, outbox, seeds, users
from store.agents import AGENT
from store.db import read, write
from store.pseudonyms import pseudonyms
from store.tables import PremiumBooking, ResponseFeedback, SupportConversation, SupportMessage
from tests.store.conversations import add_conversation
from tests.store.premium import add

AT = datetime(2026, 11, 21, 6, tzinfo=UTC)
SECRET = "pepper"
TABLES = (SupportConversation, SupportMessage, ResponseFeedback)


def counts(engine):
    def work(connection):
        return [connection.scalar(sa.select(sa.func.count()).select_from(t)) for t in TABLES]

    return read(engine, work)


def test_everything_of_a_user_goes_and_nothing_of_others(store):
    add_conversation(store, 1, AT)
    add_conversation(store, 2, AT)
    conversation = read(
        store,
        lambda c: c.scalar(
            sa.select(SupportConversation.id).where(SupportConversation.user_id == "R000001")
        ),
    )
    told = {"conversation_id": str(conversation)}
    write(store, lambda c: outbox.add(c, "SUPPORT_CONVERSATION_RESOLVED", told, AT))
    write(store, lambda c: outbox.add(c, "OTHER", {"user_id": "R000002"}, AT))
    write(store, lambda c: users.flag(c, "R000001", users.FRAUD, AT))
    add(store)
    kept = add(store, rider_id="R000002")
    gone = erasure.erase(store, "R000001", SECRET, "ada", AT)
    assert gone == {
        "events": 1,
        "conversations": 1,
        "bookings": 1,
        "flags": 1,
        "calls": 0,
        "keys": 0,
    }
    assert list(read(store, lambda c: c.scalars(sa.select(PremiumBooking.id)).all())) == [kept.id]
    assert counts(store) == [1, 2, 1]
    assert [row.name for row in read(store, outbox.unpublished)] == ["OTHER"]
    assert erasure.erase(store, "R000001", SECRET, "ada", AT)["conversations"] == 0
    row = erasure.log(store)[0]
    assert "R000001" not in str(row)


def test_a_rider_without_a_conversation_is_forgotten_again_too(sqlite_store):
    erasure.erase(sqlite_store, "R000001", SECRET, "ada", AT)
    add(sqlite_store)  # as a restored backup brings it back
    assert erasure.replay(sqlite_store, erasure.log(sqlite_store), SECRET) == 1
    assert read(sqlite_store, lambda c: c.scalar(sa.select(PremiumBooking.id))) is None


def test_a_restored_backup_forgets_again(sqlite_store, tmp_path):
    add_conversation(sqlite_store, 1, AT)
    add_conversation(sqlite_store, 2, AT)
    backup.backup(sqlite_store, tmp_path / "backups", "2026-11-21", 3)
    erasure.erase(sqlite_store, "R000001", SECRET, "ada", AT)
    forgotten = erasure.log(sqlite_store)
    backup.restore(sqlite_store, tmp_path / "backups", "2026-11-21")
    assert counts(sqlite_store)[0] == 2
    assert erasure.replay(sqlite_store, forgotten, SECRET) == 1
    assert counts(sqlite_store) == [1, 2, 1]
    assert erasure.replay(sqlite_store, forgotten, SECRET) == 0
    assert len(erasure.log(sqlite_store)) == 1


def test_a_conversation_in_hand_frees_its_agents_place_and_a_services_calls_go(store):
    agent = seeds.agents(AT)[0]

    def work(connection):
        connection.execute(AGENT.insert().values({**agent, "current_load": 2}))
        row = conversations.start(connection, {
            "user_id": "R000001", "channel": "CHAT", "status": "ESCALATED", "ai_handled": False,
            "priority": "LOW", "language_code": "en", "assigned_agent_id": agent["id"],
            "created_at": AT, "updated_at": AT,
        })  # fmt: skip
        connection.execute(erasure.CALL.insert().values(
            caller="service", key="k-1", request_hash="0" * 64, created_at=AT,
            response={"conversation_id": str(row.id), "ai_response": "About order ORD12345: …"},
        ))  # fmt: skip

    write(store, work)
    assert erasure.erase(store, "R000001", SECRET, "ada", AT)["calls"] == 1
    assert read(store, lambda c: agents.find(c, agent["id"])).current_load == 1


def test_a_backup_that_knows_only_a_users_key_or_flag_forgets_them_again(store):
    erasure.erase(store, "R000001", SECRET, "ada", AT)
    pseudonyms(store, ["R000001", "R000002"], AT)
    write(store, lambda c: users.flag(c, "R000001", users.FRAUD, AT))
    assert erasure.replay(store, [], SECRET) == 1
    with store.connect() as connection:
        assert connection.scalars(sa.select(erasure.KEY.c.user_id)).all() == ["R000002"]
        assert connection.execute(sa.select(erasure.FLAG)).all() == []
