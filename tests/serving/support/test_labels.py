"""The feedback loop: corrected, reviewed, learned from; without a personal value on the way."""

import pytest

from core.enums import Role
from core.params import load_params
from core.settings import Settings
from pipelines.context import Context
from pipelines.datasets import corrections
from tests.serving.support.test_conversations import HURT, opened

ADMIN = ("root", Role.ADMIN)
PHONE = "my number is +1 212 555 0123 and I think somebody stole my scooter"


def said_to_agent(api):
    """A conversation that an agent has: its path, the user's message, the agent's token."""
    said = opened(api, HURT)
    path = f"/support/conversations/{said['conversation_id']}"
    return path, said["message_id"], api.agent_of(said["conversation_id"])


def test_a_correction_waits_for_a_reviewer_and_is_then_learned_from(api):
    path, message_id, agent = said_to_agent(api)
    given = {"intent": "safety_concern"}
    made = api.call("POST", f"{path}/messages/{message_id}/label", agent, json=given)
    assert made.status_code == 201, made.text
    assert (made.json()["status"], made.json()["guessed"]) == ("PENDING", "urgent_issue")
    queue = api.call("GET", "/support/label-reviews", api.bearer(*ADMIN)).json()
    one = f"/support/label-reviews/{queue[0]['id']}"
    done = api.call("POST", one, api.bearer(*ADMIN), json={"accept": True}).json()
    assert (done["status"], done["label"]) == ("ACCEPTED", "safety_concern")
    again = api.call("POST", one, api.bearer(*ADMIN), json={"accept": False})
    assert (again.status_code, "was ACCEPTED by root" in again.text) == (409, True)
    ctx = Context(Settings(), load_params(api.platform.settings.params))
    ctx.__dict__["engine"] = api.platform.engine
    rows = corrections.accepted("2026-11-22", ctx)
    assert rows[["text", "label"]].values.tolist() == [[HURT, "safety_concern"]]
    assert corrections.accepted("2026-11-21", ctx).empty


def test_an_answer_that_did_not_help_waits_without_a_label_and_without_the_phone(api):
    said = opened(api, PHONE)
    path = f"/support/conversations/{said['conversation_id']}/feedback"
    mark = {"message_id": said["reply_id"], "rating": 1, "was_helpful": False}
    assert api.call("POST", path, json=mark).status_code == 201
    waiting = api.call("GET", "/support/label-reviews", api.bearer(*ADMIN)).json()[0]
    assert (waiting["source"], waiting["label"]) == ("FEEDBACK", None)
    assert "555" not in waiting["text"]
    one = f"/support/label-reviews/{waiting['id']}"
    unnamed = api.call("POST", one, api.bearer(*ADMIN), json={"accept": True})
    assert (unnamed.status_code, "name the intent" in unnamed.text) == (422, True)
    named = {"accept": True, "label": "fraud_report"}
    assert api.call("POST", one, api.bearer(*ADMIN), json=named).json()["label"] == "fraud_report"
    # marked once more: what the reviewer said stands
    assert api.call("POST", path, json=mark).status_code == 201


@pytest.mark.parametrize(("intent", "status"), [("safety_concern", 403), ("made_up", 403)])
def test_users_correct_nothing(api, intent, status):
    path, message_id, _ = said_to_agent(api)
    given = {"intent": intent}
    made = api.call("POST", f"{path}/messages/{message_id}/label", json=given)
    assert made.status_code == status


def test_a_label_that_does_not_exist_and_the_assistants_own_words_are_refused(api):
    path, message_id, agent = said_to_agent(api)
    wrong = api.call("POST", f"{path}/messages/{message_id}/label", agent, json={"intent": "x"})
    assert (wrong.status_code, "expected one of account_login" in wrong.text) == (422, True)
    reply = api.call("GET", path, agent).json()["messages"][1]["id"]
    own = api.call("POST", f"{path}/messages/{reply}/label", agent, json={"intent": "unknown"})
    assert own.status_code == 422
