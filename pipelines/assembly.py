"""What serves together: which models fit into one release, its tests, and the pointer to it."""

import hashlib
import json
from collections.abc import Collection, Mapping
from datetime import datetime
from importlib import import_module
from typing import Any

from core.errors import ReleaseRefused
from models.catalog import CATALOG, INDIVISIBLE, members
from models.contract import Artefact
from pipelines import artefacts
from pipelines.artefacts import ENCODER
from pipelines.context import Context
from store import releases

Member = Mapping[str, Any]
"""version, and files: name -> SHA-256."""


def missing(product: str, there: Collection[str]) -> list[str]:
    """Models without which a product cannot serve at all."""
    return [m for m in members(product) if m not in there] if product in INDIVISIBLE else []


def fitting(
    chosen: Mapping[str, Member], entering: Mapping[str, Member], ctx: Context
) -> dict[str, Member]:
    """Those of ``entering`` that can serve beside ``chosen``.

    An encoder and all that stands on it enter together: where one of them is left out, none does.
    """
    together = {**chosen, **entering}
    encoder = _network(together.get(ENCODER))
    strangers = {n for n, m in together.items() if _base(n, m, ctx) not in (None, encoder)}
    if not strangers:
        return dict(entering)
    before = _network(chosen.get(ENCODER))
    kept = (n for n in entering if n != ENCODER and _base(n, entering[n], ctx) in (None, before))
    return {name: entering[name] for name in kept}


def _network(encoder: Member | None) -> str | None:
    return str(encoder["files"]["model.onnx"]) if encoder else None


def _base(name: str, member: Member, ctx: Context) -> str | None:
    """SHA-256 of the encoder that a model was trained on; None if it stands on none."""
    if ENCODER not in CATALOG[name].needs:
        return None
    meta = json.loads(releases.read_blob(ctx.releases, member["files"]["meta.json"]))
    return str(meta["encoder_sha256"])


def serve(
    product: str,
    chosen: Mapping[str, Member],
    ctx: Context,
    who: str,
    why: str,
    at: datetime,
    expected: str | None,
) -> str:
    """Build and test the release of the chosen versions, and let it serve; its id.

    Raises
    ------
    ReleaseRefused
        If a part does not fit, or another release than ``expected`` serves meanwhile.
    """
    manifest = {"product": product, "members": {n: dict(m) for n, m in chosen.items()}}
    check_release(product, {n: artefacts.open_files(ctx, m["files"]) for n, m in chosen.items()})
    release_id = releases.write_manifest(ctx.releases, manifest)
    pointer = releases.pointer(ctx.engine, product)
    if pointer is None or pointer.release_id != release_id:
        releases.move_pointer(
            ctx.engine, product, release_id, manifest, who, why, at, expected=expected
        )
    return release_id


def check_release(product: str, parts: dict[str, Artefact]) -> int:
    """Load every part, refuse heads of another encoder, replay all self-test rows.

    Raises
    ------
    ReleaseRefused
        If a part was made for another encoder or does not predict what it did when judged.
    """
    from models import selftest

    encoder = _encoder_digest(parts)
    replayed = 0
    for name, artefact in parts.items():
        trained_on = json.loads(artefact.get("meta.json", b"{}")).get("encoder_sha256")
        if trained_on and trained_on != encoder:
            raise ReleaseRefused(
                f"{product}: {name} was trained on encoder {trained_on[:12]}, the release has "
                f"{(encoder or 'none')[:12]}; train {name} again"
            )
        module = import_module(CATALOG[name].module)
        replayed += selftest.replay(name, module.load(artefact), artefact[selftest.FILE])
    return replayed


def _encoder_digest(parts: dict[str, Artefact]) -> str | None:
    encoder = parts.get(ENCODER)
    return hashlib.sha256(encoder["model.onnx"]).hexdigest() if encoder else None
