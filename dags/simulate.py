"""The simulated city delivers its days to the landing area.

A source system, not a consumer of anything: started by hand or by REST, for a day or a range.
What was delivered before is never changed.
"""

from typing import Any

from airflow.sdk import PartitionedAtRuntime, dag, task

from dags.common import DEADLINE, DEFAULTS, key_params, step


@dag(
    schedule=PartitionedAtRuntime(),
    default_args={**DEFAULTS, "owner": "data"},
    params=key_params(),
    max_active_runs=1,
    dagrun_timeout=DEADLINE,
    tags=["data", "source"],
    doc_md=__doc__,
)
def simulate() -> None:
    @task
    def deliver(**context: Any) -> Any:
        from pipelines.simulated_day import simulate

        return step(context, simulate)

    deliver()


simulate()
