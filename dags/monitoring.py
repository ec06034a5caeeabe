"""Each night: drift of what models see, freshness of the lake; models whose input drifted train.

A training that finds nothing changed skips itself, and what it makes is a candidate: `evaluate`
decides.
"""

from typing import Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import Param, dag, task

from dags.assets import LAKE
from dags.common import DEADLINE, DEFAULTS, after, key_params, run_key, step
from models.catalog import CATALOG


@dag(
    schedule=after(LAKE),
    default_args={**DEFAULTS, "owner": "platform"},
    params={
        **key_params(),
        "retrain": Param(
            True,
            type="boolean",
            title="Retrain",
            description="start the training of models whose input drifted",
        ),
    },
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

        found = step(context, check, tracked=True)["retrain"]
        return trainings(found, run_key(context)) if context["params"]["retrain"] else []

    TriggerDagRunOperator.partial(task_id="retrain").expand_kwargs(check())


def trainings(models: list[str], key: str) -> list[dict[str, Any]]:
    """One run for each training DAG of the models."""
    names = dict.fromkeys(CATALOG[model].dag for model in models)
    return [{"trigger_dag_id": name, "conf": {"range": key}} for name in names]


monitoring()
