"""Reports over conversations: counts, marks, gaps, service levels, savings, as JSON and CSV."""

import csv
import io
from datetime import date

import pytest

from core.enums import Role
from store.rows import replace_rows
from store.tables import AiPerformance
from tests.serving.support.test_conversations import CANCEL, HURT, opened

AGENT = ("agent-01", Role.AGENT)
DAYS = "start_date=2026-11-22&end_date=2026-11-22"


def report(api, name, query=DAYS, who=AGENT):
    reply = api.call("GET", f"/support/analytics/{name}?{query}", api.bearer(*who))
    assert reply.status_code == 200, reply.text
    return reply


def test_intents_marks_service_levels_and_savings_of_a_day(api):
    answered = opened(api, CANCEL)
    handed = opened(api, HURT)
    path = f"/support/conversations/{answered['conversation_id']}"
    mark = {"message_id": answered["reply_id"], "rating": 4, "was_helpful": True}
    api.call("POST", f"{path}/feedback", json=mark)
    api.later(minutes=2)
    agent = api.agent_of(handed["conversation_id"])
    here = {"message": "here"}
    path = f"/support/conversations/{handed['conversation_id']}"
    api.call("POST", f"{path}/agent-message", agent, json=here)
    api.later(minutes=1)
    api.call("POST", f"{path}/resolve", agent)
    by_intent = {row["intent"]: row for row in report(api, "intents").json()}
    assert by_intent["cancel_ride"]["escalated_share"] == 0
    assert by_intent["urgent_issue"]["escalated_share"] == 1
    marks = report(api, "feedback").json()
    assert [(m["intent"], m["marks"], m["rating"], m["helpful_share"]) for m in marks] == [
        ("cancel_ride", 1, 4.0, 1.0)
    ]
    levels = {row["priority"]: row for row in report(api, "sla").json()}
    # answered after two minutes of one, resolved after three of five
    assert levels["URGENT"]["first_response_share"] == 0
    assert levels["URGENT"]["resolution_share"] == 1
    assert levels["LOW"]["resolution_share"] is None
    assert report(api, "savings", who=("root", Role.ADMIN)).json() == {
        "conversations": 2, "human_handled": 1, "cost_cents": 550, "savings_cents": 450,
    }  # fmt: skip


def test_questions_that_nothing_answered_stand_together_by_meaning(api):
    for text in (
        "do you also repair washing machines?",
        "could somebody repair my washing machine",
        "who was the first emperor of rome",
    ):
        assert opened(api, text)["action"] == "abstain"
    found = report(api, "gaps").json()
    assert [gap["count"] for gap in found] == [2, 1]
    assert "washing machine" in found[0]["example"]


def test_nightly_rows_come_as_json_and_as_csv(api):
    counts = dict.fromkeys(
        [
            "total_conversations", "human_handled_conversations", "ai_handled_conversations",
            "resolution_confirmed_count", "resolution_assumed_count", "resolution_agent_count",
            "savings_cents",
        ],
        0,
    )  # fmt: skip
    row = {**counts, "is_final": False, "automation_rate": None}
    replace_rows(api.platform.engine, AiPerformance, {"day": date(2026, 11, 22)}, [row])
    rows = report(api, "performance").json()
    assert (rows[0]["day"], rows[0]["automation_rate"]) == ("2026-11-22", None)
    page = report(api, "performance", f"{DAYS}&format=csv")
    assert page.headers["content-type"].startswith("text/csv")
    assert next(csv.DictReader(io.StringIO(page.text)))["day"] == "2026-11-22"
    assert report(api, "performance", f"{DAYS}&by=intent").json() == []


@pytest.mark.parametrize("name", ["performance", "intents", "feedback", "gaps", "sla"])
def test_users_read_no_reports_and_days_must_be_in_order(api, name):
    assert api.call("GET", f"/support/analytics/{name}?{DAYS}").status_code == 403
    wrong = "start_date=2026-11-22&end_date=2026-11-21"
    reply = api.call("GET", f"/support/analytics/{name}?{wrong}", api.bearer(*AGENT))
    assert (reply.status_code, "expected start_date" in reply.text) == (422, True)


def test_weeks_and_months_are_weighted_by_their_conversations(api):
    names = [
        "human_handled_conversations", "resolution_confirmed_count", "resolution_assumed_count",
        "resolution_agent_count",
    ]  # fmt: skip
    for day, total, share, marks in [(21, 10, 1.0, 5.0), (22, 30, 0.6, 3.0), (23, 5, 0.2, None)]:
        human = round(total * (1 - share))
        row = {
            **dict.fromkeys(names, 0), "total_conversations": total, "savings_cents": 100,
            "human_handled_conversations": human, "ai_handled_conversations": total - human,
            "automation_rate": share, "user_satisfaction_score": marks, "is_final": True,
        }  # fmt: skip
        replace_rows(api.platform.engine, AiPerformance, {"day": date(2026, 11, day)}, [row])
    days = "start_date=2026-11-01&end_date=2026-11-30"
    weeks = report(api, "reports/automation", days).json()
    assert [(w["week"], w["conversations"], w["savings_cents"]) for w in weeks] == [
        ("2026-W47", 40, 200), ("2026-W48", 5, 100),
    ]  # fmt: skip
    assert weeks[0]["containment"] == pytest.approx(0.7)
    month = report(api, "reports/satisfaction", days).json()
    assert month[0]["satisfaction"] == pytest.approx(3.5)
    assert month[0]["satisfaction_ai"] is None
    page = report(api, "reports/automation", f"{days}&format=csv").text
    assert page.splitlines()[0].startswith("week,days,conversations")


def test_the_last_day_there_is_has_no_day_after(api):
    for report in ("intents", "feedback", "sla", "performance"):
        path = f"/support/analytics/{report}?start_date=9999-12-31&end_date=9999-12-31"
        assert api.call("GET", path, api.bearer("root", Role.ADMIN)).status_code == 422
