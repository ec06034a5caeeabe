"""A logged batch: all that its outcome follows from, and what came out when it is solved again."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from core.errors import BadInput
from core.params.decisions import MatchingParams
from engines.premium.dispatch import Batch, match_batch
from models.premium.speeds import FittedSpeeds, Speeds

Rows = Sequence[Mapping[str, Any]]


def logged(
    requests: Rows, drivers: Rows, params: MatchingParams, batch: Batch,
    travel: FittedSpeeds | None = None,
) -> dict[str, Any]:  # fmt: skip
    """What the outcome of a batch follows from, and the outcome, as JSON holds it."""
    speeds = travel and {"hour_local": travel.hour_local, **travel.speeds.as_json()}
    return {
        "requests": [dict(row) for row in requests],
        "drivers": [dict(row) for row in drivers],
        "params": params.model_dump(mode="json"),
        "speeds": speeds,
        "assignment": batch.assignment,
        "total": batch.total,
    }


def replay(snapshot: Any) -> dict[str, Any]:
    """Solve a logged batch again: ``same``, ``total``, and ``changed`` as [then, now] by request.

    Raises
    ------
    BadInput
        If it is not what `logged` gives.
    """
    fields = {"requests", "drivers", "params", "speeds", "assignment", "total"}
    if not isinstance(snapshot, Mapping) or set(snapshot) != fields:
        raise BadInput(f"expected a logged batch: one JSON object with {', '.join(sorted(fields))}")
    try:
        params = MatchingParams.model_validate(snapshot["params"])
    except ValidationError as error:
        raise BadInput(f"expected the params of a matching: {error}") from None
    batch = match_batch(snapshot["requests"], snapshot["drivers"], params, _travel(snapshot))
    then, now = snapshot["assignment"], batch.assignment
    changed = {
        request: [then.get(request), now.get(request)]
        for request in sorted({*then, *now})
        if then.get(request) != now.get(request)
    }
    same = not changed and batch.total == snapshot["total"]
    return {"same": same, "total": batch.total, "changed": changed}


def _travel(snapshot: Mapping[str, Any]) -> FittedSpeeds | None:
    told = snapshot["speeds"]
    if told is None:
        return None
    return FittedSpeeds(Speeds.of_json(told), int(told["hour_local"]))
