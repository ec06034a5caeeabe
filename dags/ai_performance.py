"""Each night: AIPerformanceMetrics of every day touched since the last run, at least the last 8.

Rows are recomputed and replaced, never incremented: running a day again changes nothing."""

from typing import Any

from airflow.sdk import dag, task

from dags.assets import LAKE
from dags.common import DEADLINE, DEFAULTS, after, key_params, step


@dag(
    schedule=after(LAKE),
    default_args={**DEFAULTS, "owner": "support"},
    params=key_params(),
    max_active_runs=1,
    catchup=False,
    dagrun_timeout=DEADLINE,
    tags=["support", "nightly"],
    doc_md=__doc__,
)
def ai_performance() -> None:
    @task
    def recompute(**context: Any) -> Any:
        from pipelines.ai_performance import recompute

        return step(context, recompute, tracked=True)

    recompute()


ai_performance()
