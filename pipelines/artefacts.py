"""Model artefacts on this machine: registered bytes kept by SHA-256, champions by release pointer.

Training writes what it registered here too, so that the next step need not ask MLflow for it.
"""

from collections.abc import Mapping
from typing import Any

from core.errors import ModelMissing
from models.catalog import spec_of
from models.contract import Artefact
from pipelines.context import Context
from pipelines.step import read_json
from store import releases


def keep(ctx: Context, artefact: Artefact) -> dict[str, str]:
    """Store the files by content; file name -> SHA-256."""
    return {n: releases.write_blob(ctx.releases, data) for n, data in sorted(artefact.items())}


def kept(name: str, ctx: Context) -> bool:
    """Whether the newest version of a model and all of its bytes are on this machine."""
    record = read_json(ctx.training_record(name))
    if record is None:
        return False
    return all(releases.has_blob(ctx.releases, sha) for sha in record["files"].values())


def open_files(ctx: Context, files: Mapping[str, str]) -> Artefact:
    """The bytes behind recorded hashes, each verified; ArtefactTampered if one differs."""
    return {name: releases.read_blob(ctx.releases, sha) for name, sha in files.items()}


ENCODER = "encoder"


def base(name: str, ctx: Context) -> Artefact:
    """What dependent models build on: the newest version, or what serves if that was refused."""
    return open_files(ctx, base_files(name, ctx))


def base_files(name: str, ctx: Context) -> dict[str, str]:
    """File hashes of `base`; ModelMissing if the model was never trained on this machine."""
    trained = _record(name, ctx)
    verdict = read_json(ctx.home / "evaluate" / f"{name}.json") or {}
    refused = verdict.get("outcome") == "refused" and verdict["version"] == trained["version"]
    pointer = releases.pointer(ctx.engine, spec_of(name).product) if refused else None
    serving = pointer.manifest["members"].get(name) if pointer else None
    return dict((serving or trained)["files"])


def newest(name: str, ctx: Context) -> Artefact:
    """The newest trained version of a model, judged or not.

    Raises
    ------
    ModelMissing
        If the model was never trained on this machine.
    """
    return open_files(ctx, _record(name, ctx)["files"])


def _record(name: str, ctx: Context) -> dict[str, Any]:
    record = read_json(ctx.training_record(name))
    if record is None:
        raise ModelMissing(
            f"expected a trained {name}; run `tripo train {name}` (DAG {spec_of(name).dag}) first"
        )
    return record


def champion(name: str, ctx: Context) -> Artefact | None:
    """The artefact that serves now, from its product's release pointer; None before the first."""
    pointer = releases.pointer(ctx.engine, spec_of(name).product)
    member = pointer.manifest["members"].get(name) if pointer else None
    return open_files(ctx, member["files"]) if member else None


def release_members(product: str, ctx: Context) -> tuple[str, dict[str, Artefact]] | None:
    """Release id and artefacts of everything a product serves with; None before the first."""
    pointer = releases.pointer(ctx.engine, product)
    if pointer is None:
        return None
    members = pointer.manifest["members"]
    return pointer.release_id, {name: open_files(ctx, m["files"]) for name, m in members.items()}
