"""What all DAGs share: when they run, how they retry, their form, and the way into a pipeline."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import (
    Asset,
    CronPartitionTimetable,
    Param,
    PartitionedAssetTimetable,
    PartitionedAtRuntime,
)
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from core.errors import BadInput, PartitionMissing
from core.partition import days_of
from core.settings import settings

if TYPE_CHECKING:
    from pipelines.context import Context

HEAVY_POOL = "heavy"
DAY = "%Y-%m-%d"
KEY_PATTERN = r"^\d{4}-\d{2}-\d{2}(\.\.\d{4}-\d{2}-\d{2})?$"
DEFAULTS = {
    "retries": 2,
    "retry_delay": timedelta(seconds=5),
    "retry_exponential_backoff": 2.0,
    "execution_timeout": timedelta(hours=1),
}
DEADLINE = timedelta(hours=3)


def nightly(at: str) -> CronPartitionTimetable | PartitionedAtRuntime:
    """Every night at ``HH:MM`` UTC; the key is the day that has just ended."""
    hour, minute = at.split(":")
    return _cron(f"{int(minute)} {int(hour)} * * *", "UTC", offset=-1)


def weekly(at: str) -> CronPartitionTimetable | PartitionedAtRuntime:
    """Every Monday at ``HH:MM`` UTC, before noon; the key is the Sunday that has just ended.

    A cron key can be moved by whole ticks only, and a tick is a week here. So the clock is read
    twelve hours west of Greenwich, where Monday morning is still Sunday afternoon.
    """
    hour, minute = at.split(":")
    return _cron(f"{int(minute)} {int(hour) + 12} * * 0", "Etc/GMT+12", offset=0)


def _cron(expression: str, timezone: str, offset: int) -> Any:
    if not settings().clock:
        return PartitionedAtRuntime()
    # with the default, a DAG that is switched on shortly after a tick runs for that tick
    return CronPartitionTimetable(
        expression,
        timezone=timezone,
        run_offset=offset,
        key_format=DAY,
        run_immediately=timedelta(0),
    )


def after(assets: Asset) -> PartitionedAssetTimetable:
    """Once for each partition key that the assets are announced with."""
    return PartitionedAssetTimetable(assets=assets)


def key_params() -> dict[str, Param]:
    """The form of every DAG: a range instead of the run's key, and other parameters."""
    return {
        "range": Param(
            None,
            type=["null", "string"],
            pattern=KEY_PATTERN,
            title="Days",
            description="a day or first..last instead of the run's partition key; training looks "
            "back from its last day as far as the model's own window",
        ),
        "overrides": Param(
            {},
            type="object",
            title="Overrides of params.yaml",
            description='for example {"intent.c": 5.0}; checked before anything runs',
            propertyNames={"pattern": r"^[a-z_]+(\.[a-zA-Z_]+)+$"},
        ),
    }


def announce_param() -> dict[str, Param]:
    """Whether a new candidate starts the evaluation by itself."""
    return {
        "announce": Param(
            True,
            type="boolean",
            title="Announce",
            description="start `evaluate` when there is a new candidate",
        )
    }


def _known(context: Any) -> None:
    """BadInput for a field of the trigger form that the DAG does not have."""
    given, known = context["dag_run"].conf or {}, set(context["dag"].params)
    if unknown := sorted(set(given) - known):
        raise BadInput(f"expected fields out of {sorted(known)} in the form; got also {unknown}")


def run_key(context: Any) -> str:
    """The key a run is about: the form's range, that of the asset event, or the partition key."""
    if context["params"].get("range"):
        return str(context["params"]["range"])
    for events in (context.get("triggering_asset_events") or {}).values():
        for event in events:
            if "range" in (event.extra or {}):
                return str(event.extra["range"])
    key: str | None = context["dag_run"].partition_key
    days_of(key)
    return str(key)


def step(
    context: Any, function: Callable[[str, "Context"], Any], name: str = "", tracked: bool = False
) -> Any:
    """Call a pipeline with the run's key and parameters, and keep what it reports.

    ``tracked`` keeps it in MLflow too, with the form: for figures that reviewers compare.

    Input that is wrong stays wrong: it fails at once instead of being tried again. A run that the
    clock started for a day that was not delivered is skipped.
    """
    from pipelines.context import Context
    from pipelines.results import record

    try:
        _known(context)
        key = run_key(context)
        days_of(key)
        ctx = Context.load(context["params"].get("overrides"))
        result = function(key, ctx)
    except PartitionMissing as error:
        if context["dag_run"].run_type != "scheduled":
            raise
        # the clock does not know whether the source systems delivered; `monitoring` says so
        raise AirflowSkipException(f"nothing to do yet: {error}") from error
    except BadInput as error:
        raise AirflowFailException(str(error)) from error
    if isinstance(result, dict):
        dag_id = context["dag"].dag_id
        record(ctx, name or dag_id, key, result)
        if tracked:
            from pipelines.tracking import track

            track(ctx, name or dag_id, dag_id, key, context["params"], result)
    return result


def reported(context: Any, name: str) -> dict[str, Any]:
    """What an earlier task of this run reported under ``name``."""
    from pipelines.context import Context
    from pipelines.results import read

    key = run_key(context)
    found = read(Context.load(), name, key)
    if found is None:
        raise AirflowFailException(f"expected a result of {name} for {key}; run the task before")
    return found
