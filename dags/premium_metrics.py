"""Each night, once tiers are known: the premium KPIs, and each driver's day with bookings."""

from typing import Any

from airflow.sdk import dag, task

from dags.assets import DRIVER_TIERS
from dags.common import DEADLINE, DEFAULTS, after, key_params, step


@dag(
    schedule=after(DRIVER_TIERS),
    default_args={**DEFAULTS, "owner": "premium"},
    params=key_params(),
    max_active_runs=1,
    catchup=False,
    dagrun_timeout=DEADLINE,
    tags=["premium", "nightly"],
    doc_md=__doc__,
)
def premium_metrics() -> None:
    @task
    def recompute(**context: Any) -> Any:
        from pipelines.premium_metrics import recompute

        return step(context, recompute, tracked=True)

    @task
    def quality(**context: Any) -> Any:
        from pipelines.premium_quality import recompute

        return step(context, recompute, "premium_quality")

    recompute()
    quality()


premium_metrics()
