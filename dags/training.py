"""One DAG per training job of the catalog: a new model is one entry there, and is here.

A run registers a candidate with its metrics, slices, calibration and card, and promotes nothing;
a model whose data, parameters and code have not changed is skipped.
"""

from functools import partial
from typing import Any

from airflow.sdk import Param, dag, task
from airflow.sdk.exceptions import AirflowSkipException

from dags.assets import CANDIDATES
from dags.common import DEADLINE, DEFAULTS, HEAVY_POOL, announce_param, key_params, step, weekly
from models.catalog import CATALOG, dag_members

PREFIX = "train_"
FIRST, REST = "03:00", "04:00"


def training(name: str) -> None:
    """The weekly DAG that trains the models of one entry, one task each."""
    models = dag_members(name)
    product = CATALOG[models[0]].product
    choice = {"model": Param(None, type=["null", "string"], enum=[None, *models], title="Model")}
    needs_others = any(CATALOG[model].needs for model in models)

    @dag(
        dag_id=name,
        schedule=weekly(REST if needs_others else FIRST),
        default_args={**DEFAULTS, "owner": product},
        params={**choice, **key_params(), **announce_param()},
        max_active_runs=1,
        catchup=False,
        dagrun_timeout=DEADLINE,
        tags=[product, "training"],
        doc_md=f"Trains {', '.join(models)}.\n\n{__doc__}",
    )
    def make() -> None:
        @task(outlets=[CANDIDATES[product]], trigger_rule="none_failed")
        def announce(trained: Any, params: Any = None) -> None:
            if not (params["announce"] and any(t and t.get("trained") for t in trained)):
                raise AirflowSkipException("no new version, or not asked to announce")

        announce([_train(model) for model in models])

    make()


def _train(model: str) -> Any:
    @task(task_id=model, pool=HEAVY_POOL)
    def fit(**context: Any) -> Any:
        from pipelines.training import train

        if context["params"]["model"] not in (None, model):
            raise AirflowSkipException(f"only {context['params']['model']} was asked for")
        return step(context, partial(train, model), f"{PREFIX}{model}")

    return fit()


for job in dict.fromkeys(spec.dag for spec in CATALOG.values() if spec.dag.startswith(PREFIX)):
    training(job)
