"""Each night: drift of what models see, freshness of the lake, and a word when to train again."""

from typing import Any

from airflow.sdk import dag, task

from dags.assets import LAKE
from dags.common import DEADLINE, DEFAULTS, after, key_params, step


@dag(
    schedule=after(LAKE),
    default_args={**DEFAULTS, "owner": "platform"},
    params=key_params(),
    max_active_runs=1,
    catchup=False,
    dagrun_timeout=DEADLINE,
    tags=["platform", "nightly"],
    doc_md=__doc__,
)
def monitoring() -> None:
    @task
    def check(**context: Any) -> Any:
        from pipelines.monitoring import check

        return step(context, check)

    check()


monitoring()
