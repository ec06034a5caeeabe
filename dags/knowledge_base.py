"""Each night: drafts that do no harm become items; the knowledge base is snapshotted, embedded,
indexed, evaluated and registered.

An unchanged knowledge base is a no-op.
"""

from typing import Any

from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowSkipException

from dags.assets import SUPPORT_CANDIDATES
from dags.common import (
    DEADLINE,
    DEFAULTS,
    HEAVY_POOL,
    announce_param,
    key_params,
    nightly,
    step,
)


@dag(
    schedule=nightly("03:30"),
    default_args={**DEFAULTS, "owner": "support"},
    params={**key_params(), **announce_param()},
    max_active_runs=1,
    catchup=False,
    dagrun_timeout=DEADLINE,
    tags=["support", "nightly"],
    doc_md=__doc__,
)
def knowledge_base() -> None:
    @task(pool=HEAVY_POOL)
    def build(**context: Any) -> Any:
        from pipelines.knowledge_base import build

        return step(context, build)

    @task(outlets=[SUPPORT_CANDIDATES])
    def announce(built: Any, params: Any = None) -> None:
        if not (params["announce"] and built.get("trained")):
            raise AirflowSkipException("no new version, or not asked to announce")

    announce(build())


knowledge_base()
