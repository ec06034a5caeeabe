"""Endpoints of escalation rules: read, create, edit, take out; checked when they are written."""

import uuid
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field, StringConstraints
from sqlalchemy.engine import Connection, Row
from sqlalchemy.exc import IntegrityError

from core.enums import Priority, ReasonCode, Specialization
from core.errors import Conflict
from engines.support.rules import check_values, parse
from serving.api.callers import Admin, Found, Staff
from serving.api.platform import Platform
from serving.api.problems import documented
from serving.schemas import STORABLE, Closed, shown
from store import audit
from store import rules as kept
from store.db import read, write

router = APIRouter(
    prefix="/escalation-rules",
    tags=["escalation rules"],
    responses=documented(401, 403, 404, 409, 422, 429, 503),
)

Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), STORABLE
]


class RuleActionIn(Closed):
    """Where a conversation goes, why, how urgently, and how many are expected to."""

    reason_codes: Annotated[list[ReasonCode], Field(min_length=1, max_length=2)]
    priority: Priority
    specialization: Specialization
    specialization_by_intent: dict[str, Specialization] = {}  # noqa: RUF012 -- pydantic copies it
    budget_share: Annotated[float, Field(ge=0, le=1)] = 1.0


class RuleIn(Closed):
    """An escalation rule: a condition in the language of `engines.support.rules`."""

    rule_name: Name
    condition: dict[str, Any]
    action: RuleActionIn
    priority: Annotated[int, Field(ge=1, le=10_000)]
    active: bool = True


class RuleOut(Closed):
    """A rule as it is kept."""

    id: uuid.UUID
    rule_name: str
    condition: dict[str, Any]
    action: dict[str, Any]
    priority: int
    active: bool
    created_at: datetime


@router.get("")
def list_rules(_who: Staff, found: Found) -> list[RuleOut]:
    """All rules, in the order they are checked."""
    return [shown(RuleOut, row) for row in read(found.engine, kept.every)]


@router.post("", status_code=201)
def create(given: RuleIn, who: Admin, found: Found) -> RuleOut:
    """A new rule; it decides within a second."""
    values, now = _checked(given), found.clock()

    def work(connection: Connection) -> Row[Any]:
        rule_id = kept.create(connection, values, now)
        audit.record(connection, who.subject, who.role, "rule.create", str(rule_id), now, values)
        return kept.find(connection, rule_id)

    return _written(found, work)


@router.put("/{rule_id}")
def edit(rule_id: uuid.UUID, given: RuleIn, who: Admin, found: Found) -> RuleOut:
    """The rule as it should be from now on."""
    values, now = _checked(given), found.clock()

    def work(connection: Connection) -> Row[Any]:
        kept.change(connection, rule_id, values)
        audit.record(connection, who.subject, who.role, "rule.edit", str(rule_id), now, values)
        return kept.find(connection, rule_id)

    return _written(found, work)


@router.delete("/{rule_id}", status_code=204)
def delete(rule_id: uuid.UUID, who: Admin, found: Found) -> None:
    """The rule is gone; what it said stays in the audit log."""
    now = found.clock()

    def work(connection: Connection) -> None:
        row = kept.find(connection, rule_id)
        told = {"rule_name": row.rule_name, "condition": row.condition, "action": row.action}
        kept.delete(connection, rule_id)
        audit.record(connection, who.subject, who.role, "rule.delete", str(rule_id), now, told)

    write(found.engine, work)
    found.live.refresh_soon()


def _checked(given: RuleIn) -> dict[str, Any]:
    """The rule's columns; BadInput for a condition that is not of the language."""
    # before it is written as JSON, which fails on what is nested too deep
    action = given.action.model_dump(mode="json")
    check_values(parse(given.rule_name, given.condition, action))
    return given.model_dump(mode="json")


def _written(found: Platform, work: Any) -> RuleOut:
    try:
        row = write(found.engine, work)
    except IntegrityError:
        raise Conflict("there is a rule of this name; edit it, or choose another name") from None
    found.live.refresh_soon()
    rule: RuleOut = shown(RuleOut, row)
    return rule
