"""Each night: the premium qualification of every driver, with its reasons.

Gates that the standards name, then the champion model's word on the next 30 days."""

from typing import Any

from airflow.sdk import dag, task

from dags.assets import DRIVER_TIERS, LAKE
from dags.common import DEADLINE, DEFAULTS, after, key_params, step


@dag(
    schedule=after(LAKE),
    default_args={**DEFAULTS, "owner": "premium"},
    params=key_params(),
    max_active_runs=1,
    catchup=False,
    dagrun_timeout=DEADLINE,
    tags=["premium", "nightly"],
    doc_md=__doc__,
)
def driver_tiers() -> None:
    @task(outlets=[DRIVER_TIERS])
    def evaluate(**context: Any) -> Any:
        from pipelines.driver_tiers import evaluate

        return step(context, evaluate)

    evaluate()


driver_tiers()
