"""Backups: of a store in use, restored and compared before they count, kept for so many days."""

import json
import shutil
import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from core.errors import ArtefactTampered, BadInput, NotAPartition, PartitionMissing
from store import backup, copies
from store.db import read, write
from store.rows import upsert_rows
from store.seeds import seed
from store.tables import FeatureValue, SupportAgent, SupportConversation
from tests.store.conversations import add_conversation

KEY = "2026-11-21"
AT = datetime(2026, 11, 21, 6, tzinfo=UTC)


def filled(engine: Engine) -> Engine:
    seed(engine, AT)
    add_conversation(engine, 1, AT)
    upsert_rows(
        engine,
        FeatureValue,
        [{"feature": "x", "entity": f"d{n}", "as_of": AT, "value": n / 7} for n in range(50)],
    )
    return engine


def change_an_agent(engine: Engine) -> None:
    write(engine, lambda c: c.execute(sa.update(SupportAgent).values(current_load=1)))


def test_a_backup_holds_every_table_and_is_compared_after_restoring(
    store: Engine, tmp_path: Path
) -> None:
    manifest = backup.backup(filled(store), tmp_path, KEY, kept=3)
    assert manifest["tables"]["support_agents"]["rows"] == 12
    assert manifest["tables"]["support_messages"]["rows"] == 2
    assert manifest["tables"]["feature_values"]["rows"] == 50
    assert manifest["revision"] == "0007"
    assert backup.manifest_of(tmp_path, KEY) == json.loads(json.dumps(manifest))
    assert sorted(p.name for p in (tmp_path / KEY).iterdir()) == sorted(
        ["manifest.json", copies.file_name(store)]
    )
    assert backup.check(store, tmp_path, KEY)["tables"] == read(store, copies.fingerprint)


def test_restoring_brings_back_every_row_and_its_hash(store: Engine, tmp_path: Path) -> None:
    backup.backup(filled(store), tmp_path, KEY, kept=3)
    before = read(store, copies.fingerprint)
    change_an_agent(store)
    write(store, lambda c: c.execute(sa.delete(SupportConversation)))
    add_conversation(store, 2, AT)
    assert read(store, copies.fingerprint) != before
    backup.restore(store, tmp_path, KEY)
    assert read(store, copies.fingerprint) == before
    add_conversation(store, 3, AT)  # and the store can be written again


def test_a_fingerprint_sees_one_changed_value(store: Engine) -> None:
    before = read(filled(store), copies.fingerprint)
    changed = sa.update(FeatureValue).where(FeatureValue.entity == "d7").values(value=1.0000001)
    write(store, lambda connection: connection.execute(changed))
    after = read(store, copies.fingerprint)
    assert [table for table in before if before[table] != after[table]] == ["feature_values"]
    assert before["feature_values"]["rows"] == after["feature_values"]["rows"]


def test_a_backup_taken_between_writes_is_of_one_moment(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    filled(sqlite_store)
    stop = threading.Event()

    def keep_writing() -> None:
        number = 100
        while not stop.is_set():
            add_conversation(sqlite_store, number, AT)
            number += 1

    writer = threading.Thread(target=keep_writing)
    writer.start()
    try:
        manifests = [backup.backup(sqlite_store, tmp_path, KEY, kept=3) for _ in range(5)]
    finally:
        stop.set()
        writer.join()
    for manifest in manifests:  # each conversation is written with two messages in one go
        rows = {table: found["rows"] for table, found in manifest["tables"].items()}
        assert rows["support_messages"] == 2 * rows["support_conversations"]
    counts = [m["tables"]["support_conversations"]["rows"] for m in manifests]
    assert counts[-1] > counts[0]


def test_a_changed_copy_is_found(sqlite_store: Engine, tmp_path: Path) -> None:
    backup.backup(filled(sqlite_store), tmp_path, KEY, kept=3)
    with sqlite3.connect(tmp_path / KEY / "store.db") as copy:
        copy.execute("UPDATE support_agents SET current_load = 2")
    copy.close()
    with pytest.raises(ArtefactTampered, match="expected SHA-256"):
        backup.check(sqlite_store, tmp_path, KEY)


def test_a_copy_that_lacks_rows_is_found_even_if_its_file_hash_was_forged(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    manifest = backup.backup(filled(sqlite_store), tmp_path, KEY, kept=3)
    path = tmp_path / KEY / "store.db"
    with sqlite3.connect(path) as copy:
        copy.execute("DELETE FROM feature_values WHERE entity = 'd7'")
    copy.close()
    forged = {**manifest, "sha256": backup._digest(path)}
    (tmp_path / KEY / "manifest.json").write_text(json.dumps(forged))
    with pytest.raises(ArtefactTampered, match=r"feature_values: expected .*50.*found .*49"):
        backup.check(sqlite_store, tmp_path, KEY)


def test_a_backup_that_fails_its_check_replaces_nothing(
    sqlite_store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = backup.backup(filled(sqlite_store), tmp_path, KEY, kept=3)
    real = copies.dump

    def damaged(engine: Engine, folder: Path) -> copies.Fingerprint:
        found = real(engine, folder)
        with sqlite3.connect(folder / "store.db") as copy:
            copy.execute("DELETE FROM support_agents")
        copy.close()
        return found

    monkeypatch.setattr(copies, "dump", damaged)
    with pytest.raises(ArtefactTampered, match="support_agents"):
        backup.backup(sqlite_store, tmp_path, KEY, kept=3)
    assert backup.check(sqlite_store, tmp_path, KEY) == good
    assert [p.name for p in tmp_path.iterdir() if p.name != "home"] == [KEY]


def test_a_second_backup_of_a_day_replaces_the_first(sqlite_store: Engine, tmp_path: Path) -> None:
    first = backup.backup(filled(sqlite_store), tmp_path, KEY, kept=3)
    change_an_agent(sqlite_store)
    second = backup.backup(sqlite_store, tmp_path, KEY, kept=3)
    assert second["tables"]["support_agents"] != first["tables"]["support_agents"]
    assert backup.check(sqlite_store, tmp_path, KEY) == second


def test_the_oldest_backups_go(sqlite_store: Engine, tmp_path: Path) -> None:
    root = tmp_path / "backups"
    for day in (18, 19, 20, 21):
        backup.backup(sqlite_store, root, f"2026-11-{day}", kept=2)
    assert backup.keys(root) == ["2026-11-20", "2026-11-21"]
    assert sorted(p.name for p in root.iterdir()) == ["2026-11-20", "2026-11-21"]


def test_what_a_killed_backup_left_is_cleared_by_the_next(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    root = tmp_path / "backups"
    partial = root / f".{KEY}.partial"
    partial.mkdir(parents=True)
    (partial / "store.db").write_bytes(b"half")
    assert backup.keys(root) == []
    backup.backup(sqlite_store, root, KEY, kept=2)
    assert [p.name for p in root.iterdir()] == [KEY]


def test_a_day_without_a_backup_names_those_that_have_one(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    root = tmp_path / "backups"
    with pytest.raises(PartitionMissing, match="backups of no day"):
        backup.restore(sqlite_store, root, KEY)
    backup.backup(sqlite_store, root, KEY, kept=2)
    with pytest.raises(PartitionMissing, match=KEY):
        backup.restore(sqlite_store, root, "2026-11-20")
    with pytest.raises(NotAPartition):
        backup.restore(sqlite_store, root, "../../etc")


def test_a_backup_of_another_kind_of_database_is_refused(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    root = tmp_path / "backups"
    manifest = backup.backup(sqlite_store, root, KEY, kept=2)
    (root / KEY / "manifest.json").write_text(json.dumps({**manifest, "database": "postgresql"}))
    with pytest.raises(BadInput, match="backup of postgresql; the store is sqlite"):
        backup.restore(sqlite_store, root, KEY)


def test_a_copy_that_is_gone_is_said_to_be(sqlite_store: Engine, tmp_path: Path) -> None:
    root = tmp_path / "backups"
    backup.backup(sqlite_store, root, KEY, kept=2)
    shutil.copy(root / KEY / "store.db", tmp_path / "elsewhere")
    (root / KEY / "store.db").unlink()
    with pytest.raises(ArtefactTampered, match="found no file"):
        backup.check(sqlite_store, root, KEY)
