"""Free space comes back, and a store knows whether it has copies."""

from store import maintenance
from store.db import write
from tests.store.test_erasure import AT, add_conversation, counts


def test_free_space_comes_back_and_no_row_is_lost(store):
    for number in range(30):
        add_conversation(store, number, AT, messages=40)
    write(store, lambda c: c.exec_driver_sql("DELETE FROM support_messages WHERE seq > 2"))
    before = counts(store)
    found = maintenance.optimize(store)
    assert counts(store) == before
    if store.dialect.name == "sqlite":
        assert found["after_bytes"] < found["before_bytes"]


def test_a_store_alone_has_no_copies(store):
    found = maintenance.replication(store)
    role = "primary" if store.dialect.name == "postgresql" else "single"
    assert found == {"role": role, "replicas": []}
