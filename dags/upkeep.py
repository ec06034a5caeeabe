"""Each night: retention, and a backup that is restored and compared before it counts."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

from airflow.sdk import dag, task

from dags.common import DEADLINE, DEFAULTS, key_params, nightly, step


@dag(
    schedule=nightly("05:00"),
    default_args={**DEFAULTS, "owner": "platform"},
    params=key_params(),
    max_active_runs=1,
    catchup=False,
    dagrun_timeout=DEADLINE,
    tags=["platform", "nightly"],
    doc_md=__doc__,
)
def upkeep() -> None:
    @task
    def upkeep(**context: Any) -> Any:
        from pipelines.upkeep import upkeep

        return step(context, partial(upkeep, today=datetime.now(UTC).date()))

    upkeep()


upkeep()
