"""Releases: immutable blobs and manifests by content, and the pointer that serving follows.

Files lie under ``<root>/blobs/<sha256>`` and ``<root>/manifests/<release_id>.json``; the pointer is
a row of ``release_pointers``. Every move leaves a row in ``promotion_audit``.
"""

import hashlib
import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import IntegrityError

from core.errors import ArtefactTampered, BadInput, ModelMissing, ReleaseRefused
from store.db import read, write
from store.tables import PromotionAudit, ReleasePointer
from store.tables.platform import Product

ID_LENGTH = 16
CHAMPION = "champion"

Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pointer:
    """What a product serves now."""

    product: str
    release_id: str
    previous_release_id: str | None
    manifest: Manifest
    moved_at: datetime
    moved_by: str


def write_blob(root: Path, content: bytes) -> str:
    """Keep bytes under their SHA-256 and return it; the same bytes are kept once."""
    digest = hashlib.sha256(content).hexdigest()
    target = root / "blobs" / digest
    if not target.exists():
        _write_whole(target, content)
    return digest


def has_blob(root: Path, sha256: str) -> bool:
    """Whether bytes are kept under that SHA-256; they are not read."""
    return (root / "blobs" / _file_safe(sha256)).exists()


def read_blob(root: Path, sha256: str) -> bytes:
    """The bytes with that SHA-256.

    Raises
    ------
    ModelMissing
        If they are not there.
    ArtefactTampered
        If the file's bytes have another hash.
    """
    path = root / "blobs" / _file_safe(sha256)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ModelMissing(f"expected the blob {path}; it is not there") from None
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ArtefactTampered(
            f"{path}: expected SHA-256 {sha256}, found {found}. The file was changed or damaged; "
            "delete it; the next training of its model makes it again."
        )
    return content


def canonical(manifest: Manifest) -> bytes:
    """The one way to write a manifest: sorted keys, no spaces, no NaN."""
    try:
        text = json.dumps(manifest, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise BadInput(f"a manifest holds plain JSON values only: {error}") from None
    return text.encode()


def release_id_of(manifest: Manifest) -> str:
    """A release is named after its content: the first 16 hex digits of its SHA-256."""
    return hashlib.sha256(canonical(manifest)).hexdigest()[:ID_LENGTH]


def write_manifest(root: Path, manifest: Manifest) -> str:
    """Keep a manifest and return its release id; the same manifest has the same id."""
    release_id = release_id_of(manifest)
    target = root / "manifests" / f"{release_id}.json"
    if not target.exists():
        _write_whole(target, canonical(manifest))
    return release_id


def read_manifest(root: Path, release_id: str) -> Manifest:
    """The manifest of a release; ModelMissing or ArtefactTampered like ``read_blob``."""
    path = root / "manifests" / f"{_file_safe(release_id)}.json"
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ModelMissing(f"expected the release manifest {path}; it is not there") from None
    if hashlib.sha256(content).hexdigest()[:ID_LENGTH] != release_id:
        raise ArtefactTampered(f"{path} is not the manifest of release {release_id}")
    manifest: Manifest = json.loads(content)
    return manifest


def pointer(engine: Engine, product: str) -> Pointer | None:
    """What ``product`` serves now; None before its first release."""
    return read(engine, lambda connection: _pointer(connection, product))


def move_pointer(
    engine: Engine,
    product: str,
    release_id: str,
    manifest: Manifest,
    who: str,
    why: str,
    at: datetime,
    *,
    expected: str | None = None,
) -> Pointer:
    """Make ``release_id`` the one that ``product`` serves, and write down who moved it and why.

    Pointing to what is served already changes nothing. ``expected`` is the release the decision
    was made against, if any.

    Raises
    ------
    ReleaseRefused
        If the manifest is not that release's, or somebody else moved the pointer meanwhile.
    """
    if release_id_of(manifest) != release_id:
        raise ReleaseRefused(
            f"expected the manifest of {release_id}, got that of {release_id_of(manifest)}"
        )
    if product not in set(Product):
        raise BadInput(f"expected one of {', '.join(Product)}, got {product!r}")
    try:
        return write(
            engine,
            lambda connection: _move(
                connection, product, release_id, manifest, who, why, at, expected
            ),
        )
    except IntegrityError:  # two first releases at once, on PostgreSQL
        raise ReleaseRefused(f"{product}: somebody else released at the same moment") from None


def roll_back(engine: Engine, product: str, who: str, why: str, at: datetime) -> Pointer:
    """Serve the previous release again; a second call undoes the first.

    Raises
    ------
    ModelMissing
        If the product has no previous release.
    """

    def work(connection: Connection) -> Pointer:
        now = _pointer(connection, product)
        if now is None or now.previous_release_id is None:
            raise ModelMissing(f"{product} has no previous release to go back to")
        back = now.previous_release_id
        moves = sa.select(PromotionAudit.manifest).where(
            PromotionAudit.subject == product, PromotionAudit.to_version == back
        )
        manifest = connection.scalars(moves.order_by(PromotionAudit.moved_at.desc())).first()
        if manifest is None:
            raise ModelMissing(f"promotion_audit lacks the manifest of {product} release {back}")
        return _move(connection, product, back, manifest, who, why, at, now.release_id)

    return write(engine, work)


def record_move(
    connection: Connection,
    subject: str,
    alias: str,
    from_version: str | None,
    to_version: str,
    who: str,
    why: str,
    at: datetime,
    manifest: Manifest | None = None,
) -> None:
    """Write one line of the audit: an alias of a model or the pointer of a product has moved."""
    connection.execute(
        sa.insert(PromotionAudit).values(
            subject=subject,
            alias=alias,
            from_version=from_version,
            to_version=to_version,
            why=why,
            manifest=manifest,
            moved_at=at,
            moved_by=who,
        )
    )


def _pointer(connection: Connection, product: str) -> Pointer | None:
    table = ReleasePointer.__table__
    row = connection.execute(sa.select(table).where(table.c.product == product)).one_or_none()
    if row is None:
        return None
    found = dict(row._mapping)
    return Pointer(**{**found, "product": str(found["product"])})


def _move(
    connection: Connection,
    product: str,
    release_id: str,
    manifest: Manifest,
    who: str,
    why: str,
    at: datetime,
    expected: str | None,
) -> Pointer:
    """Compare and set: PostgreSQL's writers do not wait for each other, the row decides."""
    now = _pointer(connection, product)
    before = now.release_id if now else None
    if expected is not None and before != expected:
        raise ReleaseRefused(
            f"{product}: expected to replace release {expected}, but {before} is served; "
            "judge against that one"
        )
    if now is not None and before == release_id:
        return now
    moved = Pointer(product, release_id, before, manifest, at, who)
    values = {
        "release_id": release_id,
        "previous_release_id": before,
        "manifest": manifest,
        "moved_at": at,
        "moved_by": who,
    }
    if now is None:
        connection.execute(sa.insert(ReleasePointer).values(product=product, **values))
    else:
        same = (ReleasePointer.product == product) & (ReleasePointer.release_id == before)
        if connection.execute(sa.update(ReleasePointer).where(same).values(**values)).rowcount != 1:
            raise ReleaseRefused(f"{product}: somebody else moved the pointer at the same moment")
    record_move(connection, product, CHAMPION, before, release_id, who, why, at, manifest)
    return moved


def _file_safe(name: str) -> str:
    if not name or not set(name) <= set("0123456789abcdef"):
        raise BadInput(f"expected a hash in hexadecimal, got {name!r}")
    return name


def _write_whole(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(content)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
