"""A person's answer to a close verdict."""

from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import HITLOperator


class AskReviewer(HITLOperator):
    """Waits as long as the run allows: seconds where nobody looks, days where reviewers work."""

    def execute(self, context: Any) -> Any:
        from pipelines.context import Context

        rules = Context.load(context["params"].get("overrides")).params.evaluate
        attended = context["params"]["attended"]
        seconds = rules.attended_timeout_s if attended else rules.response_timeout_s
        self.response_timeout = timedelta(seconds=seconds)
        return super().execute(context)
