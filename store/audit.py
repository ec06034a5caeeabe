"""Who administered what: written in the transaction of the act itself."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection

from core.enums import Role
from store.tables import AuditEntry, Base

AUDIT = Base.metadata.tables[AuditEntry.__tablename__]


def record(
    connection: Connection,
    by: str,
    role: Role,
    action: str,
    subject: str,
    at: datetime,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """One act: ``action`` like rule.create, ``subject`` the id of what it was done to."""
    entry = {"id": uuid.uuid4(), "at": at, "by": by, "role": role, "action": action}
    more = {"subject": subject, "detail": dict(detail) if detail else None}
    connection.execute(AUDIT.insert().values(**entry, **more))
