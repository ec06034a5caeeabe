"""Rows of one support conversation, for tests of retention and backups."""

import uuid
from datetime import datetime, timedelta

from sqlalchemy.engine import Engine

from store.db import session
from store.tables import ResponseFeedback, SupportConversation, SupportMessage


def add_conversation(engine: Engine, number: int, at: datetime, messages: int = 2) -> None:
    """A resolved conversation with alternating messages and feedback on the second."""
    conversation = uuid.uuid5(uuid.NAMESPACE_OID, f"c{number}")
    with session(engine) as unit:
        unit.add(
            SupportConversation(
                id=conversation,
                user_id=f"R{number:06d}",
                channel="CHAT",
                status="RESOLVED",
                ai_handled=True,
                priority="LOW",
                intent="driver_eta",
                complexity="simple",
                language_code="en",
                created_at=at,
                updated_at=at + timedelta(minutes=5),
                resolved_at=at + timedelta(minutes=5),
                resolution_kind="CONFIRMED",
            )
        )
        unit.flush()
        ids = [uuid.uuid5(conversation, f"m{seq}") for seq in range(1, messages + 1)]
        unit.add_all(
            SupportMessage(
                id=ids[seq - 1],
                conversation_id=conversation,
                seq=seq,
                sender="USER" if seq % 2 else "AI",
                message_type="TEXT",
                content=f"Message {seq}",
                sources=[{"kb_code": "KB0001", "item_version": 1, "score": 0.9}],
                created_at=at + timedelta(minutes=seq),
            )
            for seq in range(1, messages + 1)
        )
        unit.flush()
        unit.add(
            ResponseFeedback(
                id=uuid.uuid5(conversation, "f"),
                message_id=ids[1],
                conversation_id=conversation,
                user_rating=5,
                was_helpful=True,
                created_at=at + timedelta(minutes=4),
            )
        )
