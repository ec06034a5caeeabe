"""The rows a new store starts with: escalation rules (docs/domain.md section 2.4) and agents.

A rule's condition is data: ``{"field", "op", "value"}`` or ``{"any": [...]}``, ``{"all": [...]}``.
Its action names the reason code, the priority, who takes over, and the budget as a share of all
conversations. Seeding never touches a row that is there: rules and agents are edited in the store.
"""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from core.enums import AgentAvailability, Priority, ReasonCode, Specialization
from store.db import write
from store.tables import Base, EscalationRule, SupportAgent

NAMESPACE = uuid.UUID("6f0c2f0a-54b1-5d4e-9d55-0a1c0c1b8f04")


def _is(field: str, op: str, value: Any) -> dict[str, Any]:
    return {"field": field, "op": op, "value": value}


def _to(
    reasons: list[ReasonCode],
    priority: Priority,
    team: Specialization,
    budget_share: float,
    team_by_intent: dict[str, Specialization] | None = None,
) -> dict[str, Any]:
    return {
        "reason_codes": [str(reason) for reason in reasons],
        "priority": str(priority),
        "specialization": str(team),
        "specialization_by_intent": {k: str(v) for k, v in (team_by_intent or {}).items()},
        "budget_share": budget_share,
    }


# name, condition, action; the order is the priority
RULES: tuple[tuple[str, dict[str, Any], dict[str, Any]], ...] = (
    (
        "Safety",
        {
            "any": [
                _is("intent", "in", ["safety_concern", "urgent_issue"]),
                _is("sos_words", ">", 0),
                # a missed danger costs more than a person asked in vain
                _is("danger_probability", ">=", 0.2),
            ]
        },
        _to([ReasonCode.SAFETY], Priority.URGENT, Specialization.SAFETY, 0.02),
    ),
    (
        "A person was asked for",
        _is("intent", "in", ["talk_to_human"]),
        _to([ReasonCode.USER_REQUEST], Priority.MEDIUM, Specialization.GENERAL, 0.05),
    ),
    (
        "Fraud",
        {"any": [_is("intent", "in", ["fraud_report"]), _is("fraud_flagged", "==", True)]},
        _to([ReasonCode.FRAUD_REPORT], Priority.HIGH, Specialization.FRAUD, 0.005),
    ),
    (
        "Very negative twice",
        # consecutive USER messages at or below the threshold, the last one after an AI answer
        {
            "all": [
                _is("sentiment_score", "<=", -0.8),
                _is("previous_sentiment_score", "<=", -0.8),
                _is("after_ai_answer", "==", True),
            ]
        },
        _to([ReasonCode.NEGATIVE_SENTIMENT], Priority.HIGH, Specialization.GENERAL, 0.03),
    ),
    (
        "Priority intent, unsure answer",
        {
            "all": [
                _is("intent", "in", ["complaint", "payment_problem"]),
                _is("answer_confidence", "<", 0.7),
            ]
        },
        _to(
            [ReasonCode.HIGH_PRIORITY_INTENT],
            Priority.HIGH,
            Specialization.GENERAL,
            0.03,
            {"payment_problem": Specialization.BILLING},
        ),
    ),
    (
        "Most loyal rider, unsure answer",
        {
            "all": [
                _is("loyalty_tier", "==", "PLATINUM_RIDER"),
                _is("answer_confidence", "<", 0.7),
            ]
        },
        _to([ReasonCode.HIGH_VALUE_CUSTOMER], Priority.HIGH, Specialization.GENERAL, 0.01),
    ),
    (
        "No good answer after two turns",
        {
            "any": [
                {"all": [_is("in_scope", "==", True), _is("low_confidence_turns", ">=", 2)]},
                _is("turns_without_progress", ">=", 3),
            ]
        },
        _to(
            [ReasonCode.LOW_CONFIDENCE, ReasonCode.NO_KNOWLEDGE_FOUND],
            Priority.MEDIUM,
            Specialization.GENERAL,
            0.04,
        ),
    ),
    (
        "Engine error",
        _is("engine_error", "==", True),
        _to([ReasonCode.AI_ERROR], Priority.HIGH, Specialization.GENERAL, 0.005),
    ),
)

# how many agents a team starts with, and the languages they speak
TEAMS: tuple[tuple[Specialization, tuple[tuple[str, ...], ...]], ...] = (
    (Specialization.SAFETY, (("en",), ("en", "es"), ("en", "fr"))),
    (Specialization.FRAUD, (("en",), ("en", "es"))),
    (Specialization.BILLING, (("en",), ("en", "es"), ("en", "fr"))),
    (Specialization.GENERAL, (("en",), ("en",), ("en", "es"), ("en", "fr"))),
)


def rules(at: datetime) -> list[dict[str, Any]]:
    """The shipped escalation rules as rows; ids are the same in every store."""
    return [
        {
            "id": uuid.uuid5(NAMESPACE, f"rule/{name}"),
            "rule_name": name,
            "condition": condition,
            "action": action,
            "priority": number,
            "active": True,
            "created_at": at,
        }
        for number, (name, condition, action) in enumerate(RULES, start=1)
    ]


def agents(at: datetime) -> list[dict[str, Any]]:
    """A small support team, named by number."""
    people = [(team, languages) for team, members in TEAMS for languages in members]
    return [
        {
            "id": uuid.uuid5(NAMESPACE, f"agent/{number}"),
            "user_id": f"agent-{number:02d}",
            "name": f"Agent {number:02d}",
            "specialization": team,
            "language_skills": list(languages),
            "availability_status": AgentAvailability.AVAILABLE,
            "created_at": at,
            "updated_at": at,
        }
        for number, (team, languages) in enumerate(people, start=1)
    ]


def seed(engine: Engine, at: datetime) -> dict[str, int]:
    """Insert the shipped rows that are not there yet; returns how many of each were new."""

    def work(connection: Connection) -> dict[str, int]:
        return {
            "escalation_rules": _insert_new(connection, EscalationRule, rules(at)),
            "support_agents": _insert_new(connection, SupportAgent, agents(at)),
        }

    return write(engine, work)


def _insert_new(connection: Connection, table: type[Base], rows: list[dict[str, Any]]) -> int:
    target = Base.metadata.tables[table.__tablename__]
    there = set(connection.scalars(sa.select(target.c.id)))
    new = [row for row in rows if row["id"] not in there]
    if new:
        connection.execute(target.insert(), new)
    return len(new)
