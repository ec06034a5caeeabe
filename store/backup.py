"""Nightly backups: a folder per day with the copy and a manifest, checked by restoring it."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Engine

from core.errors import ArtefactTampered, BadInput, PartitionMissing
from core.partition import day_of
from store import copies
from store.db import lacks_tables, read
from store.migrate import current_revision

MANIFEST = "manifest.json"


def backup(engine: Engine, root: Path, key: str, kept: int) -> dict[str, Any]:
    """Copy the running store to ``<root>/<key>``, restore the copy beside it and compare.

    A backup of the same day is replaced, the oldest beyond ``kept`` are removed; nothing is
    replaced or removed before the new copy has passed its check.

    Returns
    -------
    The manifest: key, database, revision, file, sha256, and rows and hash per table.
    """
    day_of(key)
    if read(engine, current_revision) is None:
        raise lacks_tables(engine)
    partial = root / f".{key}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        tables = copies.dump(engine, partial)
        manifest = {
            "key": key,
            "database": engine.dialect.name,
            "revision": read(engine, current_revision),
            "file": copies.file_name(engine),
            "sha256": _digest(partial / copies.file_name(engine)),
            "tables": tables,
        }
        (partial / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True))
        _compare(engine, partial, manifest)
        _swap(partial, root / key)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    for old in keys(root)[:-kept]:
        shutil.rmtree(root / old)
    return manifest


def keys(root: Path) -> list[str]:
    """The days that have a backup, oldest first."""
    return sorted(p.parent.name for p in root.glob(f"*/{MANIFEST}") if p.parent.name[0] != ".")


def manifest_of(root: Path, key: str) -> dict[str, Any]:
    """What a backup holds; PartitionMissing names the days that have one."""
    day_of(key)
    path = root / key / MANIFEST
    if not path.exists():
        raise PartitionMissing(
            f"expected a backup in {path.parent}; there are backups of {keys(root) or 'no day'}"
        )
    manifest: dict[str, Any] = json.loads(path.read_text())
    return manifest


def check(engine: Engine, root: Path, key: str) -> dict[str, Any]:
    """Restore a backup beside the store and compare every table with the manifest.

    Raises
    ------
    ArtefactTampered
        Naming the tables whose rows or hashes differ.
    """
    manifest = manifest_of(root, key)
    _compare(engine, root / key, manifest)
    return manifest


def restore(engine: Engine, root: Path, key: str) -> dict[str, Any]:
    """Check a backup, then put it in the place of the store. Everything newer is gone after it."""
    manifest = check(engine, root, key)
    _same(manifest, copies.load(engine, root / key), "the restored store")
    return manifest


def _compare(engine: Engine, folder: Path, manifest: dict[str, Any]) -> None:
    if manifest["database"] != engine.dialect.name:
        raise BadInput(
            f"{folder} is a backup of {manifest['database']}; the store is {engine.dialect.name}"
        )
    path = folder / manifest["file"]
    found = _digest(path) if path.exists() else "no file"
    if found != manifest["sha256"]:
        raise ArtefactTampered(f"{path}: expected SHA-256 {manifest['sha256']}, found {found}")
    _same(manifest, copies.check(engine, folder), str(path))


def _same(manifest: dict[str, Any], found: copies.Fingerprint, where: str) -> None:
    wanted = manifest["tables"]
    differ = sorted(t for t in wanted.keys() | found.keys() if wanted.get(t) != found.get(t))
    if differ:
        shown = "; ".join(f"{t}: expected {wanted.get(t)}, found {found.get(t)}" for t in differ)
        raise ArtefactTampered(f"{where} differs from its manifest: {shown}")


def _swap(new: Path, target: Path) -> None:
    """Put a folder in the place of another; a kill in between leaves the old one aside."""
    aside = target.with_name(f".{target.name}.replaced")
    shutil.rmtree(aside, ignore_errors=True)
    if target.exists():
        target.replace(aside)
    new.replace(target)
    shutil.rmtree(aside, ignore_errors=True)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
