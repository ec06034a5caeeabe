"""Escalation rules are data in a closed language; the first match wins."""

import pytest

from core.errors import BadInput
from engines.support.rules import check_values, first_match, parse
from store.seeds import RULES

SHIPPED = [parse(name, condition, action) for name, condition, action in RULES]
CALM = {
    "intent": "driver_eta",
    "sos_words": 0,
    "danger_probability": 0.1,
    "fraud_flagged": False,
    "sentiment_score": 0.0,
    "previous_sentiment_score": None,
    "after_ai_answer": False,
    "answer_confidence": 0.9,
    "loyalty_tier": "BASIC",
    "in_scope": True,
    "low_confidence_turns": 0,
    "turns_without_progress": 0,
    "engine_error": False,
}


@pytest.mark.parametrize(
    ("changed", "reason", "priority"),
    [
        ({"intent": "urgent_issue"}, "SAFETY", "URGENT"),
        ({"sos_words": 1}, "SAFETY", "URGENT"),
        ({"danger_probability": 0.3}, "SAFETY", "URGENT"),
        ({"intent": "talk_to_human"}, "USER_REQUEST", "MEDIUM"),
        ({"fraud_flagged": True}, "FRAUD_REPORT", "HIGH"),
        (
            {"sentiment_score": -0.9, "previous_sentiment_score": -0.85, "after_ai_answer": True},
            "NEGATIVE_SENTIMENT",
            "HIGH",
        ),
        ({"intent": "complaint", "answer_confidence": 0.6}, "HIGH_PRIORITY_INTENT", "HIGH"),
        (
            {"loyalty_tier": "PLATINUM_RIDER", "answer_confidence": 0.6},
            "HIGH_VALUE_CUSTOMER",
            "HIGH",
        ),
        ({"low_confidence_turns": 2}, "LOW_CONFIDENCE", "MEDIUM"),
        ({"engine_error": True}, "AI_ERROR", "HIGH"),
    ],
)
def test_each_shipped_rule_escalates_what_it_is_for(changed, reason, priority):
    rule = first_match(SHIPPED, {**CALM, **changed})
    assert rule is not None
    assert (rule.reason_codes[0], rule.priority) == (reason, priority)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"sentiment_score": -0.9, "after_ai_answer": True},
        {"sentiment_score": -0.9, "previous_sentiment_score": -0.9},
        {"intent": "complaint", "answer_confidence": 0.7},
        {"intent": "unknown", "in_scope": False, "low_confidence_turns": 2},
    ],
)
def test_nothing_else_escalates(changed):
    assert first_match(SHIPPED, {**CALM, **changed}) is None


def test_safety_comes_before_everything():
    facts = {**CALM, "intent": "safety_concern", "fraud_flagged": True, "engine_error": True}
    assert first_match(SHIPPED, facts).reason_codes == ("SAFETY",)


def test_a_fact_that_is_not_known_matches_nothing():
    rule = parse("r", {"field": "answer_confidence", "op": "!=", "value": 1}, RULES[0][2])
    assert first_match([rule], {"answer_confidence": None}) is None


@pytest.mark.parametrize(
    "condition",
    [
        {"field": "intent", "op": "eval", "value": "1"},
        {"field": "__class__", "op": "==", "value": 1},
        {"all": []},
        {"any": [{"field": "intent"}]},
        {"code": "import os"},
    ],
)
def test_what_is_not_of_the_language_is_refused(condition):
    with pytest.raises(BadInput, match="rule 'odd'"):
        parse("odd", condition, RULES[0][2])


@pytest.mark.parametrize(
    ("field", "op", "value"),
    [
        ("sentiment_score", "<", "bad"), ("intent", "==", 7), ("intent", "in", "complaint"),
        ("intent", "in", [7]), ("sos_words", ">", True), ("in_scope", "==", 1),
    ],
)  # fmt: skip
def test_a_value_that_no_message_can_be_compared_with_is_refused(field, op, value):
    condition = {"all": [{"field": field, "op": op, "value": value}]}
    with pytest.raises(BadInput, match=f"{field} {op} expects"):
        check_values(parse("x", condition, ACTION))


def test_the_rules_that_are_shipped_could_be_written_by_hand():
    for rule in SHIPPED:
        check_values(rule)


def test_conditions_lie_in_each_other_ten_deep_and_no_deeper():
    condition = {"field": "intent", "op": "==", "value": "x"}
    for _ in range(10):
        condition = {"any": [condition]}
    check_values(parse("x", condition, ACTION))
    with pytest.raises(BadInput, match="within each other"):
        check_values(parse("x", {"any": [condition]}, ACTION))


ACTION = {"reason_codes": ["SAFETY"], "priority": "LOW", "specialization": "GENERAL"}
