"""Each night: the waterfall and the profit KPIs, with the realised impact of decisions.

Every day touched since the last run and at least the last 8 are computed again and replaced."""

from typing import Any

from airflow.sdk import dag, task

from dags.assets import LAKE
from dags.common import DEADLINE, DEFAULTS, after, key_params, step


@dag(
    schedule=after(LAKE),
    default_args={**DEFAULTS, "owner": "profit"},
    params=key_params(),
    max_active_runs=1,
    catchup=False,
    dagrun_timeout=DEADLINE,
    tags=["profit", "nightly"],
    doc_md=__doc__,
)
def profit_kpis() -> None:
    @task
    def recompute(**context: Any) -> Any:
        from pipelines.profit_kpis import recompute

        return step(context, recompute, tracked=True)

    recompute()


profit_kpis()
