"""The shipped escalation rules and agents, as docs/domain.md section 2.4 lists them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from core.enums import Priority, ReasonCode, Specialization
from core.intents import LABELS
from store.db import read, session, write
from store.seeds import agents, rules, seed
from store.tables import EscalationRule, SupportAgent

AT = datetime(2026, 11, 21, 6, tzinfo=UTC)
OPERATORS = {"in", "==", ">", ">=", "<", "<="}


def leaves(condition: dict[str, Any]) -> list[dict[str, Any]]:
    parts = condition.get("any") or condition.get("all")
    return [leaf for part in parts for leaf in leaves(part)] if parts else [condition]


def test_the_rules_come_in_the_order_and_with_the_budgets_of_the_table() -> None:
    found = [
        (
            row["priority"],
            row["action"]["reason_codes"][0],
            row["action"]["priority"],
            row["action"]["specialization"],
            row["action"]["budget_share"],
        )
        for row in rules(AT)
    ]
    assert found == [
        (1, "SAFETY", "URGENT", "SAFETY", 0.02),
        (2, "USER_REQUEST", "MEDIUM", "GENERAL", 0.05),
        (3, "FRAUD_REPORT", "HIGH", "FRAUD", 0.005),
        (4, "NEGATIVE_SENTIMENT", "HIGH", "GENERAL", 0.03),
        (5, "HIGH_PRIORITY_INTENT", "HIGH", "GENERAL", 0.03),
        (6, "HIGH_VALUE_CUSTOMER", "HIGH", "GENERAL", 0.01),
        (7, "LOW_CONFIDENCE", "MEDIUM", "GENERAL", 0.04),
        (8, "AI_ERROR", "HIGH", "GENERAL", 0.005),
    ]
    assert sum(share for *_, share in found) < 0.20  # the target for escalation


def test_a_payment_problem_goes_to_billing() -> None:
    by_intent = rules(AT)[4]["action"]["specialization_by_intent"]
    assert by_intent == {"payment_problem": "BILLING"}


def test_every_reason_code_has_a_rule() -> None:
    given = {code for row in rules(AT) for code in row["action"]["reason_codes"]}
    assert given == set(ReasonCode)


@pytest.mark.parametrize("row", rules(AT), ids=lambda row: row["rule_name"])
def test_a_condition_uses_known_operators_and_intents(row: dict[str, Any]) -> None:
    for leaf in leaves(row["condition"]):
        assert set(leaf) == {"field", "op", "value"}
        assert leaf["op"] in OPERATORS
        if leaf["field"] == "intent":
            assert set(leaf["value"]) <= set(LABELS)
    assert row["action"]["priority"] in set(Priority)


def test_every_team_has_two_members_and_one_who_speaks_spanish() -> None:
    people = agents(AT)
    for team in Specialization:
        members = [p for p in people if p["specialization"] == team]
        assert len(members) >= 2
        assert any("es" in p["language_skills"] for p in members)
    assert len({p["user_id"] for p in people}) == len(people) == 12


def test_seeding_again_keeps_what_people_edited(store: Engine) -> None:
    assert seed(store, AT) == {"escalation_rules": 8, "support_agents": 12}
    changed = sa.update(EscalationRule).where(EscalationRule.priority == 6).values(active=False)
    write(store, lambda connection: connection.execute(changed))
    assert seed(store, AT + timedelta(days=1)) == {"escalation_rules": 0, "support_agents": 0}
    query = sa.select(EscalationRule.priority).where(~EscalationRule.active)
    assert read(store, lambda connection: connection.scalars(query).all()) == [6]


def test_a_seeded_row_reads_back_typed(store: Engine) -> None:
    seed(store, AT)
    with session(store) as unit:
        rule = unit.scalars(sa.select(EscalationRule).order_by(EscalationRule.priority)).first()
        agent = unit.scalars(sa.select(SupportAgent).order_by(SupportAgent.user_id)).first()
        assert rule is not None
        assert agent is not None
        assert rule.condition["any"][0]["value"] == ["safety_concern", "urgent_issue"]
        assert rule.created_at == AT
        assert agent.specialization is Specialization.SAFETY
        assert (agent.max_concurrent, agent.current_load) == (5, 0)
