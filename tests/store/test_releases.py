"""Releases: content-addressed, verified when read, moved by compare-and-set, audited."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from core.errors import ArtefactTampered, BadInput, ModelMissing, ReleaseRefused
from store import releases
from store.db import read
from store.tables import PromotionAudit

AT = datetime(2026, 11, 21, 6, tzinfo=UTC)
FIRST: dict[str, Any] = {"product": "support", "members": {"intent": "1"}}
SECOND: dict[str, Any] = {"product": "support", "members": {"intent": "2"}}


def release(engine: Engine, manifest: dict[str, Any], hours: int = 0, **more: Any) -> str:
    release_id = releases.release_id_of(manifest)
    at = AT + timedelta(hours=hours)
    releases.move_pointer(engine, "support", release_id, manifest, "ada", "better", at, **more)
    return release_id


def audit(engine: Engine) -> list[tuple[str | None, str, str]]:
    table = PromotionAudit
    query = sa.select(table.from_version, table.to_version, table.why).order_by(table.moved_at)
    return read(engine, lambda c: [(r[0], r[1], r[2]) for r in c.execute(query)])


def test_a_blob_is_named_by_its_sha256_and_kept_once(tmp_path: Path) -> None:
    digest = releases.write_blob(tmp_path, b"hello")
    assert digest == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    assert releases.write_blob(tmp_path, b"hello") == digest
    assert releases.read_blob(tmp_path, digest) == b"hello"
    assert [p.name for p in (tmp_path / "blobs").iterdir()] == [digest]


def test_a_changed_blob_is_not_handed_out(tmp_path: Path) -> None:
    digest = releases.write_blob(tmp_path, b"hello")
    (tmp_path / "blobs" / digest).write_bytes(b"hellp")
    with pytest.raises(ArtefactTampered, match=f"expected SHA-256 {digest}"):
        releases.read_blob(tmp_path, digest)


def test_a_manifest_has_the_same_id_whatever_the_order_of_its_keys(tmp_path: Path) -> None:
    release_id = releases.write_manifest(tmp_path, {"a": 1, "b": {"c": [2], "d": "é"}})
    assert releases.write_manifest(tmp_path, {"b": {"d": "é", "c": [2]}, "a": 1}) == release_id
    assert len(release_id) == 16
    assert releases.read_manifest(tmp_path, release_id) == {"a": 1, "b": {"c": [2], "d": "é"}}


def test_a_changed_manifest_is_not_handed_out(tmp_path: Path) -> None:
    release_id = releases.write_manifest(tmp_path, FIRST)
    path = tmp_path / "manifests" / f"{release_id}.json"
    path.write_text(path.read_text().replace('"1"', '"2"'))
    with pytest.raises(ArtefactTampered, match=release_id):
        releases.read_manifest(tmp_path, release_id)


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "store.db"])
def test_a_name_that_is_no_hash_reaches_no_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match="hexadecimal"):
        releases.read_blob(tmp_path, name)
    with pytest.raises(BadInput, match="hexadecimal"):
        releases.read_manifest(tmp_path, name)


def test_what_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing):
        releases.read_blob(tmp_path, "00ff")
    with pytest.raises(ModelMissing):
        releases.read_manifest(tmp_path, "00ff")


def test_a_manifest_holds_plain_json_only() -> None:
    with pytest.raises(BadInput, match="plain JSON"):
        releases.release_id_of({"at": AT})
    with pytest.raises(BadInput, match="plain JSON"):
        releases.release_id_of({"score": float("nan")})


def test_nothing_is_served_before_the_first_release(store: Engine) -> None:
    assert releases.pointer(store, "support") is None


def test_the_pointer_remembers_what_it_replaced_and_who_moved_it(store: Engine) -> None:
    first = release(store, FIRST)
    second = release(store, SECOND, hours=1)
    found = releases.pointer(store, "support")
    assert found == releases.Pointer(
        "support", second, first, SECOND, AT + timedelta(hours=1), "ada"
    )
    assert audit(store) == [(None, first, "better"), (first, second, "better")]


def test_moving_to_what_is_served_already_leaves_no_trace(store: Engine) -> None:
    first = release(store, FIRST)
    before = releases.pointer(store, "support")
    release(store, FIRST, hours=1)
    assert releases.pointer(store, "support") == before
    assert audit(store) == [(None, first, "better")]


def test_a_decision_against_an_outdated_champion_is_refused(store: Engine) -> None:
    first = release(store, FIRST)
    second = release(store, SECOND, hours=1)
    with pytest.raises(ReleaseRefused, match=f"expected to replace release {first}"):
        release(store, {"product": "support"}, hours=2, expected=first)
    now = releases.pointer(store, "support")
    assert now is not None
    assert now.release_id == second


def test_a_manifest_under_a_foreign_id_is_refused(store: Engine) -> None:
    with pytest.raises(ReleaseRefused, match="expected the manifest of"):
        releases.move_pointer(store, "support", "0" * 16, FIRST, "ada", "x", AT)
    assert releases.pointer(store, "support") is None


def test_an_unknown_product_is_refused(store: Engine) -> None:
    with pytest.raises(BadInput, match="one of support, premium, profit"):
        releases.move_pointer(store, "pizza", releases.release_id_of(FIRST), FIRST, "ada", "x", AT)


def test_rolling_back_serves_the_previous_manifest_and_twice_undoes_it(store: Engine) -> None:
    first = release(store, FIRST)
    second = release(store, SECOND, hours=1)
    back = releases.roll_back(store, "support", "bob", "slow", AT + timedelta(hours=2))
    assert (back.release_id, back.previous_release_id, back.manifest) == (first, second, FIRST)
    forth = releases.roll_back(store, "support", "bob", "fixed", AT + timedelta(hours=3))
    assert (forth.release_id, forth.manifest) == (second, SECOND)
    assert audit(store)[2:] == [(second, first, "slow"), (first, second, "fixed")]


def test_there_is_no_way_back_from_the_first_release(store: Engine) -> None:
    release(store, FIRST)
    with pytest.raises(ModelMissing, match="no previous release"):
        releases.roll_back(store, "support", "bob", "slow", AT)


def test_products_do_not_share_a_pointer(store: Engine) -> None:
    first = release(store, FIRST)
    profit: dict[str, Any] = {"product": "profit"}
    releases.move_pointer(
        store, "profit", releases.release_id_of(profit), profit, "ada", "first", AT
    )
    found = releases.pointer(store, "support")
    assert found is not None
    assert found.release_id == first
