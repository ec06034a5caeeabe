"""Each night: what the source systems delivered for the day passes the gate into the lake.

Rows that break the contract go to quarantine; the Data Docs page shows what was expected and what
came. With TRIPO_DATA set, the real trips found there are ingested beside, and so are conversations
of the live store. A range loads history in one run. The event on the lake carries the days, so the
nightly DAGs know what was touched.
"""

import os
from typing import Any

from airflow.sdk import dag, task

from dags.assets import LAKE
from dags.common import DEADLINE, DEFAULTS, key_params, nightly, run_key, step


@dag(
    schedule=nightly("02:00"),
    default_args={**DEFAULTS, "owner": "data"},
    params=key_params(),
    max_active_runs=1,
    catchup=False,
    dagrun_timeout=DEADLINE,
    tags=["data", "nightly"],
    doc_md=__doc__,
)
def ingest() -> None:
    @task(outlets=[LAKE])
    def load(outlet_events: Any, **context: Any) -> Any:
        from pipelines.ingest import ingest
        from pipelines.live_conversations import export

        outlet_events[LAKE].extra = {"range": run_key(context)}
        done = step(context, ingest)
        step(context, export, "live_conversations")
        return done

    @task
    def data_docs(**context: Any) -> Any:
        from pipelines.data_docs import publish

        os.nice(10)  # pages wait for a reader, models for these cores
        return step(context, publish, "data_docs")

    load() >> data_docs()


ingest()
