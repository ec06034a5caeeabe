"""What the engine does with a reading: escalation rules first, then the bands of confidence."""

import pytest

from core.params.decisions import SupportParams
from engines.support.policy import Message, Reading, decide, decide_after_failure
from engines.support.rules import parse
from store.seeds import RULES

PARAMS = SupportParams(clarify_margin=0.10, low_confidence=0.5, high_confidence=0.7)
SHIPPED = [parse(*row) for row in RULES]
ETA = {"kb_code": "KB0001", "item_version": 1, "intent": "driver_eta", "answer": "Soon."}
PROMO = {**ETA, "kb_code": "KB0002", "intent": "promo_code"}


def reading(**changed):
    """A rider asks where the driver is; the item found is right with 90 %."""
    usual = {
        "intent": "driver_eta",
        "second_intent": "pickup_location",
        "intent_confidence": 0.8,
        "margin": 0.6,
        "in_scope": True,
        "sentiment_score": 0.0,
        "item": ETA,
        "item_score": 0.9,
        "answer_confidence": 0.9,
        "danger_probability": 0.01,
    }
    return Reading(**{**usual, **changed})


def message(text="Where is my driver?", **changed):
    return Message(text=text, **changed)


@pytest.mark.parametrize(
    ("changed", "action"),
    [
        ({"answer_confidence": 0.9}, "answer"),
        ({"answer_confidence": 0.7}, "answer"),
        ({"answer_confidence": 0.69}, "answer"),
        ({"answer_confidence": 0.5}, "answer"),
        ({"answer_confidence": 0.6, "second_intent": "promo_code", "item": PROMO}, "answer"),
        ({"answer_confidence": 0.7, "item": PROMO}, "answer"),
        ({"answer_confidence": 0.69, "item": PROMO}, "abstain"),
        ({"answer_confidence": 0.69, "item": PROMO, "margin": 0.09}, "clarify"),
        ({"answer_confidence": 0.49}, "abstain"),
        ({"answer_confidence": 0.49, "margin": 0.10}, "abstain"),
        ({"answer_confidence": 0.49, "margin": 0.09}, "clarify"),
        ({"item": None, "answer_confidence": 0.0, "margin": 0.0}, "abstain"),
        ({"intent": "unknown", "in_scope": False, "margin": 0.0}, "abstain"),
        ({"intent": "talk_to_human"}, "escalate"),
    ],
)
def test_each_band_of_confidence_has_its_action(changed, action):
    assert decide(message(), reading(**changed), SHIPPED, PARAMS).action == action


def test_what_no_rule_hands_over_has_neither_reason_nor_team():
    found = decide(message(), reading(), SHIPPED, PARAMS)
    assert (found.reason_code, found.priority, found.specialization) == (None, "LOW", None)


def test_it_asks_which_of_two_only_once():
    close = reading(answer_confidence=0.4, margin=0.05)
    assert decide(message(), close, [], PARAMS).action == "clarify"
    assert decide(message(low_confidence_turns=1), close, [], PARAMS).action == "abstain"


@pytest.mark.parametrize(
    ("danger", "action", "reason", "priority", "team"),
    [
        (0.21, "escalate", "SAFETY", "URGENT", "SAFETY"),
        (0.20, "escalate", "SAFETY", "URGENT", "SAFETY"),
        (0.19, "answer", None, "LOW", None),
    ],
)
def test_a_message_that_is_probably_about_danger_goes_to_the_safety_team(
    danger, action, reason, priority, team
):
    found = decide(message(), reading(danger_probability=danger), SHIPPED, PARAMS)
    assert (found.action, found.reason_code) == (action, reason)
    assert (found.priority, found.specialization) == (priority, team)


def test_danger_is_handed_over_out_of_scope_and_without_an_item_too():
    lost = reading(
        intent="unknown", in_scope=False, item=None, answer_confidence=0.0, danger_probability=0.3
    )
    assert decide(message(), lost, SHIPPED, PARAMS).reason_code == "SAFETY"


def test_words_of_danger_need_no_model():
    found = decide(message("I am being followed"), reading(), SHIPPED, PARAMS)
    assert (found.reason_code, found.priority) == ("SAFETY", "URGENT")


@pytest.mark.parametrize(
    ("intent", "team"), [("payment_problem", "BILLING"), ("complaint", "GENERAL")]
)
def test_an_unsure_answer_about_a_payment_goes_to_billing(intent, team):
    unsure = reading(intent=intent, answer_confidence=0.6)
    found = decide(message(), unsure, SHIPPED, PARAMS)
    assert (found.reason_code, found.priority) == ("HIGH_PRIORITY_INTENT", "HIGH")
    assert found.specialization == team


def test_a_rule_without_teams_by_intent_sends_everybody_to_its_team():
    action = {"reason_codes": ["USER_REQUEST"], "priority": "LOW", "specialization": "FRAUD"}
    rule = parse("r", {"field": "intent", "op": "==", "value": "payment_problem"}, action)
    found = decide(message(), reading(intent="payment_problem"), [rule], PARAMS)
    assert found.specialization == "FRAUD"


@pytest.mark.parametrize(
    ("item", "reason"), [(ETA, "LOW_CONFIDENCE"), (None, "NO_KNOWLEDGE_FOUND")]
)
def test_the_second_turn_without_a_good_answer_goes_to_a_person(item, reason):
    poor = reading(item=item, answer_confidence=0.3)
    assert decide(message(), poor, SHIPPED, PARAMS).action == "abstain"
    again = decide(message(low_confidence_turns=1), poor, SHIPPED, PARAMS)
    assert (again.action, again.reason_code, again.priority) == ("escalate", reason, "MEDIUM")


@pytest.mark.parametrize(
    ("given", "reason", "priority", "team"),
    [
        (message(), "AI_ERROR", "HIGH", "GENERAL"),
        (message(turns_without_progress=3, low_confidence_turns=2), "AI_ERROR", "HIGH", "GENERAL"),
        (message("call the police"), "SAFETY", "URGENT", "SAFETY"),
        (message(fraud_flagged=True), "FRAUD_REPORT", "HIGH", "FRAUD"),
    ],
)
def test_after_a_failure_the_rules_see_what_needs_no_model(given, reason, priority, team):
    found = decide_after_failure(given, SHIPPED)
    assert (found.action, found.reason_code) == ("escalate", reason)
    assert (found.priority, found.specialization) == (priority, team)


def test_after_a_failure_the_row_of_the_rule_says_how_urgent_it_is():
    action = {"reason_codes": ["AI_ERROR"], "priority": "MEDIUM", "specialization": "BILLING"}
    row = parse("edited", {"field": "engine_error", "op": "==", "value": True}, action)
    found = decide_after_failure(message(), [row])
    assert (found.priority, found.specialization) == ("MEDIUM", "BILLING")


def test_after_a_failure_a_person_takes_over_whatever_the_rules_are():
    cannot_compare = parse("odd", {"field": "sos_words", "op": "<", "value": "many"}, RULES[0][2])
    for rules in ([], [cannot_compare]):
        found = decide_after_failure(message(), rules)
        assert (found.action, found.reason_code, found.priority) == ("escalate", "AI_ERROR", "HIGH")
