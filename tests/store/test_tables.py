"""What the constraints of the support, premium and KPI tables refuse, on both databases."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError, StatementError

from core.errors import RowRefused
from store.db import read, session, write
from store.rows import replace_rows
from store.tables import (
    AiPerformance,
    Base,
    DriverQualification,
    KnowledgeItem,
    KnowledgeItemVersion,
    PremiumMetrics,
    ResponseFeedback,
    SupportAgent,
    SupportConversation,
    SupportMessage,
)
from tests.store.conversations import add_conversation

AT = datetime(2026, 11, 21, 6, tzinfo=UTC)
DAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("table", "change"),
    [
        (SupportConversation, {"channel": "FAX"}),
        (SupportConversation, {"sentiment_score": 1.01}),
        (SupportConversation, {"resolved_at": None}),
        (SupportConversation, {"updated_at": datetime(2026, 11, 20, tzinfo=UTC)}),
        (SupportConversation, {"escalation_reason": "x" * 501}),
        (SupportConversation, {"assigned_agent_id": "0" * 32}),
        (SupportMessage, {"content": ""}),
        (SupportMessage, {"content": "x" * 5001}),
        (SupportMessage, {"confidence_score": -0.1}),
        (SupportMessage, {"seq": 1}),
        (SupportMessage, {"processing_time_ms": -1}),
        (ResponseFeedback, {"user_rating": 6}),
        (ResponseFeedback, {"user_comment": "x" * 1001}),
    ],
)
def test_a_value_outside_of_the_domain_is_refused(
    store: Engine, table: type[Base], change: dict[str, Any]
) -> None:
    add_conversation(store, 1, AT)
    with pytest.raises((DBAPIError, StatementError, RowRefused)):
        write(store, lambda connection: connection.execute(sa.update(table).values(**change)))


def test_deleting_a_conversation_takes_messages_and_feedback_along(store: Engine) -> None:
    add_conversation(store, 1, AT)
    add_conversation(store, 2, AT)
    gone = sa.delete(SupportConversation).where(SupportConversation.user_id == "R000001")
    write(store, lambda connection: connection.execute(gone))
    for table, left in ((SupportMessage, 2), (ResponseFeedback, 1)):
        query = sa.select(sa.func.count()).select_from(table)
        assert read(store, lambda connection, query=query: connection.scalar(query)) == left


def test_an_agent_never_holds_more_than_the_limit(store: Engine) -> None:
    with session(store) as unit:
        unit.add(
            SupportAgent(
                user_id="agent-01",
                name="Agent 01",
                specialization="GENERAL",
                language_skills=["en"],
                availability_status="AVAILABLE",
                created_at=AT,
                updated_at=AT,
            )
        )
    with pytest.raises(DBAPIError):
        write(store, lambda c: c.execute(sa.update(SupportAgent).values(current_load=6)))


def item(code: str, **change: Any) -> KnowledgeItem:
    return KnowledgeItem(
        **{
            "kb_code": code,
            "category": "rides",
            "intent": "driver_eta",
            "question": "Where is my driver?",
            "variants": ["how long until pickup"],
            "answer": "Open the trip to see the driver on the map.",
            "keywords": ["eta"],
            "service_types": ["RIDE"],
            "audience": "RIDER",
            "language_code": "en",
            "status": "ACTIVE",
            "last_updated": AT,
            "created_at": AT,
            **change,
        }
    )


def test_versions_of_items_are_numbered_over_all_items_and_numbers_never_return(
    store: Engine,
) -> None:
    with session(store) as unit:
        first, second = item("KB0001"), item("KB0002")
        unit.add_all([first, second])
        unit.flush()
        for number, owner in enumerate((first, second, first), start=1):
            unit.add(
                KnowledgeItemVersion(
                    item_id=owner.id,
                    item_version=1 if number < 3 else 2,
                    status="ACTIVE",
                    item={"answer": f"Answer {number}"},
                    edited_at=AT,
                )
            )
            unit.flush()
        last = unit.scalars(sa.select(sa.func.max(KnowledgeItemVersion.seq))).one()
    write(store, lambda c: c.execute(sa.delete(KnowledgeItem).where(KnowledgeItem.kb_code != "x")))
    with session(store) as unit:
        again = item("KB0003")
        unit.add(again)
        unit.flush()
        version = KnowledgeItemVersion(
            item_id=again.id, item_version=1, status="ACTIVE", item={}, edited_at=AT
        )
        unit.add(version)
        unit.flush()
        assert version.seq > last == 3


def test_a_knowledge_base_code_exists_once(store: Engine) -> None:
    with pytest.raises(DBAPIError), session(store) as unit:
        unit.add_all([item("KB0001"), item("KB0001")])


def performance(**change: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "total_conversations": 10,
        "human_handled_conversations": 2,
        "ai_handled_conversations": 8,
        "automation_rate": 0.8,
        "resolution_confirmed_count": 3,
        "resolution_assumed_count": 4,
        "resolution_agent_count": 1,
        "savings_cents": 3600,
        "is_final": False,
    }
    return {**row, **change}


def test_a_day_without_conversations_has_null_rates(store: Engine) -> None:
    row = performance(
        total_conversations=0,
        human_handled_conversations=0,
        ai_handled_conversations=0,
        automation_rate=None,
    )
    assert replace_rows(store, AiPerformance, {"day": DAY}, [row]) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"ai_handled_conversations": 9},
        {"automation_rate": 1.1},
        {"user_satisfaction_score": 0.5},
        {"is_final": None},
    ],
)
def test_performance_that_cannot_be_is_refused(store: Engine, change: dict[str, Any]) -> None:
    with pytest.raises(RowRefused):
        replace_rows(store, AiPerformance, {"day": DAY}, [performance(**change)])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"gates_passed": False}, "qualified_passed_gates"),
        ({"tier": "NONE"}, "tier_is_for_qualified"),
        ({"qualified": False}, "tier_is_for_qualified"),
        ({"probability": 1.5}, "probability_range"),
    ],
)
def test_a_contradictory_qualification_is_refused(
    store: Engine, change: dict[str, Any], said: str
) -> None:
    row = {
        "driver_id": "D1",
        "qualified": True,
        "gates_passed": True,
        "tier": "GOLD",
        "probability": 0.97,
        "reasons": [{"gate": "rides", "value": 612, "needed": 500}],
    }
    assert replace_rows(store, DriverQualification, {"evaluated_on": DAY}, [row]) == 1
    with pytest.raises(RowRefused, match=said):
        replace_rows(store, DriverQualification, {"evaluated_on": DAY}, [{**row, **change}])


def test_premium_shares_are_shares(store: Engine) -> None:
    row = {
        "ride_completed": 10,
        "premium_requests": 0,
        "premium_completed": 0,
        "premium_revenue_cents": -1200,  # bonus and refunds can exceed what premium brought
        "adoption": 0.0,
    }
    assert replace_rows(store, PremiumMetrics, {"day": DAY}, [row]) == 1
    with pytest.raises(RowRefused, match="match_rate"):
        replace_rows(store, PremiumMetrics, {"day": DAY}, [{**row, "match_rate": 2.0}])
