"""When candidates are new: whole releases are judged, champion against challenger.

A clear gain moves the champion, a clear loss is refused, and a close call goes to a person, who is
asked under "Required actions"; nobody answering in time means refused. A refusal is a success of
this DAG. The report page of each product is named in the result.
"""

from datetime import UTC, datetime
from functools import partial
from typing import Any

from airflow.sdk import Param, dag, task

from dags.approval import AskReviewer
from dags.assets import CANDIDATES, PREMIUM_CANDIDATES, PROFIT_CANDIDATES, SUPPORT_CANDIDATES
from dags.common import DEFAULTS, after, key_params, reported, step

CLOSE = "close"


@dag(
    schedule=after(SUPPORT_CANDIDATES | PREMIUM_CANDIDATES | PROFIT_CANDIDATES),
    default_args={**DEFAULTS, "owner": "platform"},
    params={
        **key_params(),
        "products": Param(list(CANDIDATES), type="array", items={"enum": list(CANDIDATES)}),
        "attended": Param(
            True,
            type="boolean",
            title="Attended",
            description="wait days for a reviewer (evaluate.attended_timeout_s), not seconds",
        ),
    },
    max_active_runs=1,
    catchup=False,
    tags=["evaluate"],
    doc_md=__doc__,
)
def evaluate() -> None:
    @task
    def judge(**context: Any) -> Any:
        from pipelines.evaluate import judge

        verdicts = [
            step(context, partial(judge, product), f"verdict_{product}")
            for product in context["params"]["products"]
        ]
        return [question(verdict) for verdict in verdicts if verdict["verdict"] == CLOSE]

    @task(trigger_rule="none_failed")
    def conclude(**context: Any) -> None:
        from pipelines.evaluate import conclude

        pulled = context["ti"].xcom_pull(task_ids="ask")
        # one answer comes bare, several as a list, none as a list of None
        answers = iter([a for a in (pulled if isinstance(pulled, list) else [pulled]) if a])
        for product in context["params"]["products"]:
            verdict = reported(context, f"verdict_{product}")
            decision, who = heard(next(answers) if verdict["verdict"] == CLOSE else None)
            act = partial(conclude, verdict, decision, at=datetime.now(UTC), who=who)
            step(context, act, f"evaluate_{product}", tracked=True)

    ask = AskReviewer.partial(task_id="ask", options=["promote", "refuse"], defaults=["refuse"])
    ask.expand_kwargs(judge()) >> conclude()


def question(verdict: dict[str, Any]) -> dict[str, str]:
    """What a reviewer is shown about a close verdict."""
    lines = [f"* {m['model']} {m['version']}: {m['why']}" for m in verdict["models"]]
    return {
        "subject": f"{verdict['product']}: promote the challenger?",
        "body": "\n".join(["The paired test found no clear difference.", *lines]),
    }


def heard(answer: Any) -> tuple[str, str]:
    """The decision and who took it; the gates themselves where nobody was asked."""
    if answer is None:
        return "refuse", "gates"
    person = answer.get("responded_by_user") or {"name": "nobody answered"}
    return answer["chosen_options"][0], person["name"]


evaluate()
