"""Escalation rules as data: conditions in a small closed language, first match by priority wins.

A condition is ``{"field", "op", "value"}``, ``{"all": [...]}`` or ``{"any": [...]}``. It is checked
when it is read; nothing is ever evaluated as code.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from core.errors import BadInput

KINDS: Mapping[str, type] = {
    "intent": str,
    "sos_words": float,
    "danger_probability": float,
    "fraud_flagged": bool,
    "sentiment_score": float,
    "previous_sentiment_score": float,
    "after_ai_answer": bool,
    "answer_confidence": float,
    "loyalty_tier": str,
    "in_scope": bool,
    "low_confidence_turns": float,
    "turns_without_progress": float,
    "engine_error": bool,
}
FIELDS = frozenset(KINDS)
DEEPEST = 10
"""Conditions within conditions."""
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "in": lambda value, options: value in options,
}


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Compare(_Closed):
    """One field against one value; a field that is not known never matches."""

    field: str
    op: Literal["<", "<=", ">", ">=", "==", "!=", "in"]
    value: Any

    def matches(self, facts: Mapping[str, Any]) -> bool:
        given = facts.get(self.field)
        return given is not None and _COMPARE[self.op](given, self.value)


class All(_Closed):
    """Every part matches."""

    all: Annotated[list["Condition"], Field(min_length=1, max_length=20)]

    def matches(self, facts: Mapping[str, Any]) -> bool:
        return all(part.matches(facts) for part in self.all)


class AnyOf(_Closed):
    """At least one part matches."""

    any: Annotated[list["Condition"], Field(min_length=1, max_length=20)]

    def matches(self, facts: Mapping[str, Any]) -> bool:
        return any(part.matches(facts) for part in self.any)


Condition = Compare | All | AnyOf
All.model_rebuild()
AnyOf.model_rebuild()
_CONDITION: TypeAdapter[Condition] = TypeAdapter(Condition)


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of ``escalation_rules``, checked."""

    name: str
    condition: Condition
    reason_codes: tuple[str, ...]
    priority: str
    specialization: str
    specialization_by_intent: Mapping[str, str]

    def team(self, intent: str) -> str:
        """Who takes over: the team of this intent, where the row names one."""
        return self.specialization_by_intent.get(intent, self.specialization)


def parse(name: str, condition: Mapping[str, Any], action: Mapping[str, Any]) -> Rule:
    """A rule from its row.

    Raises
    ------
    BadInput
        If the condition is not of the language or names a field nobody fills.
    """
    try:
        parsed = _CONDITION.validate_python(dict(condition))
    except ValidationError as error:
        raise BadInput(f"rule {name!r}: {error.error_count()} problems in {condition}") from None
    unknown = _fields(parsed) - FIELDS
    if unknown:
        raise BadInput(f"rule {name!r}: expected fields of {sorted(FIELDS)}, got {sorted(unknown)}")
    return Rule(
        name,
        parsed,
        tuple(action["reason_codes"]),
        str(action["priority"]),
        str(action["specialization"]),
        dict(action.get("specialization_by_intent", {})),
    )


def check_values(rule: Rule) -> None:
    """BadInput for what somebody who writes a rule should not be able to write.

    A value that cannot be compared would fail on every message, and hand all of them over.
    """
    _check(rule.name, rule.condition, 0)


def _check(name: str, condition: Condition, depth: int) -> None:
    if depth > DEEPEST:
        raise BadInput(f"rule {name!r}: expected at most {DEEPEST} conditions within each other")
    if not isinstance(condition, Compare):
        for part in condition.all if isinstance(condition, All) else condition.any:
            _check(name, part, depth + 1)
        return
    kind, value = KINDS[condition.field], condition.value
    if condition.op == "in":
        fits = isinstance(value, list | tuple) and all(_is(kind, one) for one in value)
    else:
        fits = _is(kind, value)
    if not fits:
        wanted = f"a list of {kind.__name__}" if condition.op == "in" else kind.__name__
        raise BadInput(f"rule {name!r}: {condition.field} {condition.op} expects {wanted}")


def _is(kind: type, value: Any) -> bool:
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, kind)


def _fields(condition: Condition) -> set[str]:
    if isinstance(condition, Compare):
        return {condition.field}
    parts = condition.all if isinstance(condition, All) else condition.any
    return set().union(*(_fields(part) for part in parts))


def first_match(rules: Sequence[Rule], facts: Mapping[str, Any]) -> Rule | None:
    """The first rule, in the order given (by priority), whose condition holds."""
    return next((rule for rule in rules if rule.condition.matches(facts)), None)
