"""The store goes away in the middle: 503 with Retry-After, nothing half-written, and it goes on."""

import pytest
import sqlalchemy as sa

from core.enums import Role
from store.conversations import CONVERSATION, MESSAGE
from store.db import write
from tests.serving.support.test_conversations import CANCEL, opened


def rename(api, table, to):
    change = f"ALTER TABLE {table} RENAME TO {to}"
    write(api.platform.engine, lambda connection: connection.exec_driver_sql(change))


@pytest.fixture
def away(api):
    """An API whose messages cannot be reached until ``back`` is called."""
    said = opened(api)
    rename(api, "support_messages", "elsewhere")

    def back():
        rename(api, "elsewhere", "support_messages")

    yield api, said, back


def test_no_call_breaks_and_none_is_taken_that_cannot_be_kept(away):
    api, said, back = away
    path = f"/support/conversations/{said['conversation_id']}"
    replies = [
        api.call("POST", "/support/conversations", json={"message": CANCEL}),
        api.call("POST", f"{path}/message", json={"message": CANCEL, "client_message_id": "m-1"}),
        api.call("GET", path),
        api.call("GET", f"{path}/handover", api.bearer("root", Role.ADMIN)),
    ]
    assert [reply.status_code for reply in replies] == [503] * 4
    assert {reply.headers["retry-after"] for reply in replies} == {"1"}
    assert {reply.headers["content-type"] for reply in replies} == {"application/problem+json"}
    back()
    again = api.call(
        "POST", f"{path}/message", json={"message": CANCEL, "client_message_id": "m-1"}
    )
    assert (again.status_code, again.json()["action"]) == (200, "answer")

    def counted(connection):
        return [
            connection.scalar(sa.select(sa.func.count()).select_from(table))
            for table in (CONVERSATION, MESSAGE)
        ]

    # the conversation that could not be kept with its message does not exist
    assert write(api.platform.engine, counted) == [1, 4]


def test_where_the_store_lies_is_for_the_log_only(away):
    api, said, back = away
    reply = api.call("GET", f"/support/conversations/{said['conversation_id']}")
    assert "send it again" in reply.json()["detail"]
    assert str(api.platform.engine.url.database) not in reply.text
    back()
