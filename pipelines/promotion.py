"""Move what serves by hand: a version into its product's release, or a product back. Audited."""

from datetime import datetime
from typing import Any

from core.errors import ModelMissing, ReleaseRefused
from models.catalog import spec_of
from pipelines import artefacts, assembly
from pipelines.context import Context
from store import releases


def promote(
    name: str, version: str, ctx: Context, who: str, why: str, at: datetime
) -> dict[str, Any]:
    """Put a registered version into its product's release, after the release's own tests.

    Raises
    ------
    ModelMissing
        If there is no such model or version.
    ArtefactTampered, ReleaseRefused
        If its bytes are not those registered, or it does not fit the rest of the release.
    """
    from models import registry

    product = spec_of(name).product
    client = registry.connect(ctx.settings.tracking_uri)
    files = artefacts.keep(ctx, registry.open_verified(client, name, version))
    pointer = releases.pointer(ctx.engine, product)
    members = dict(pointer.manifest["members"]) if pointer else {}
    members[name] = {"version": version, "files": files}
    lacking = assembly.missing(product, members)
    if lacking:
        raise ReleaseRefused(
            f"{product} serves whole or not at all, and {', '.join(lacking)} is not there; train "
            "and evaluate first"
        )
    before = pointer.release_id if pointer else None
    release_id = assembly.serve(product, members, ctx, who, why, at, before)
    registry.conclude(client, name, version, "promoted", f"{who}: {why}")
    return {
        "product": product,
        "model": name,
        "version": version,
        "release": release_id,
        "before": before,
    }


def roll_back(product: str, ctx: Context, who: str, why: str, at: datetime) -> dict[str, Any]:
    """Serve the release before this one again; aliases in MLflow follow.

    Raises
    ------
    ModelMissing
        If the product has no release before this one.
    """
    from models import registry

    before = releases.pointer(ctx.engine, product)
    if before is None:
        raise ModelMissing(f"{product} has no release; there is nothing to roll back")
    now = releases.roll_back(ctx.engine, product, who, why, at)
    client = registry.connect(ctx.settings.tracking_uri)
    for name, member in now.manifest["members"].items():
        registry.conclude(client, name, member["version"], "promoted", f"rolled back: {why}")
    return {"product": product, "release": now.release_id, "before": before.release_id}
