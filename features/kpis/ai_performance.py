"""AIPerformanceMetrics of domain.md 3: per UTC day of creation, and by slice.

A hand-over's clock starts at the escalation: the first reply is the agent's, and an escalated
conversation without one, or without a resolution, is outside its target. Means of fractions are
taken over whole billionths, so that a sum does not depend on the order of its rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from features.kpis.measures import Ratio, ratios

DAY = "day"
DIMENSIONS = {
    "intent": "intent",
    "complexity": "complexity",
    "priority": "priority",
    "vertical": "vertical",
    "language": "language_code",
    "channel": "channel",
}
NO_VALUE = "none"
BILLION = 1_000_000_000
MS_PER_MINUTE = 60_000

RATIOS = (
    Ratio("automation_rate", "ai_handled_conversations", "total_conversations"),
    Ratio("automated_resolution_rate", "clean_by_ai", "total_conversations"),
    Ratio("avg_confidence_score", "confidence_sum", "confidences", 1 / BILLION),
    Ratio("avg_response_time_seconds", "response_ms", "responses", 1 / 1000),
    Ratio("avg_resolution_time_minutes", "resolution_ms", "resolved", 1 / MS_PER_MINUTE),
    Ratio("user_satisfaction_score", "rating_sum", "ratings"),
    Ratio("user_satisfaction_score_ai", "rating_sum_ai", "ratings_ai"),
    Ratio("user_satisfaction_score_human", "rating_sum_human", "ratings_human"),
    Ratio("first_contact_resolution_rate", "clean_by_ai", "resolved_by_ai"),
    Ratio("escalation_rate", "escalated", "total_conversations"),
    Ratio("kb_hit_rate", "ai_messages_citing", "ai_messages"),
    Ratio("cost_per_conversation_cents", "cost_cents", "total_conversations"),
    Ratio("sla_first_response_rate", "replied_in_time", "escalated"),
    Ratio("sla_resolution_rate", "resolved_in_time", "escalated"),
)
COUNTS = (
    "total_conversations",
    "human_handled_conversations",
    "ai_handled_conversations",
    "resolution_confirmed_count",
    "resolution_assumed_count",
    "resolution_agent_count",
    "savings_cents",
)
PERCENTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
STORED = (
    *COUNTS,
    *(ratio.name for ratio in RATIOS),
    *(f"{name}_response_time_ms" for name in PERCENTILES),
)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the definitions leave to the business."""

    return_hours: int
    cost_ai_cents: int
    cost_human_cents: int
    sla_minutes: Mapping[str, tuple[int, int]]
    final_after_days: int


def in_time(rows: ir.Table, conversations: ir.Table, rules: Rules) -> ir.Table:
    """The messages or feedback of ``conversations`` that came before their day's row was final.

    A reply after midnight or a vote of next week counts on the day its conversation began; what is
    later counts nowhere, so that a row does not depend on the days it is computed together with.
    """
    began = conversations.select(of_id="id", of_day=conversations.created_at.date())
    joined = rows.join(began, rows.conversation_id == began.of_id)
    return joined.filter(_before_final(joined.created_at, joined.of_day, rules)).select(
        *rows.columns
    )


def _before_final(at: ir.TimestampValue, day: ir.DateValue, rules: Rules) -> ir.Value:
    return at.date() <= day + ibis.interval(days=rules.final_after_days)


def looked_at(
    conversations: ir.Table, later: ir.Table, messages: ir.Table, feedback: ir.Table, rules: Rules
) -> ir.Table:
    """One row per conversation with all that its metrics add up, and its slice values.

    ``later`` holds the conversations that may be a return: those of the same days and after;
    ``messages`` and ``feedback`` are as `in_time` gives them.
    """
    c = conversations.mutate(
        day=conversations.created_at.date(),
        human=conversations.escalated_at.notnull() | conversations.assigned_agent_id.notnull(),
        escalated=conversations.escalated_at.notnull(),
        resolved=conversations.resolved_at.notnull(),
        **{name: conversations[column].coalesce(NO_VALUE) for name, column in DIMENSIONS.items()},
    )
    said = _by_message(messages)
    joined = c.left_join(said, c.id == said.conversation_id)
    votes = _by_feedback(feedback)
    joined = joined.left_join(votes, joined.id == votes.of_conversation)
    back = _returned(c, later, rules)
    joined = joined.left_join(back, joined.id == back.returned_id)
    return _facts(joined, rules)


def _ms(late: ir.TimestampValue, early: ir.TimestampValue) -> ir.Value:
    return late.delta(early, unit="millisecond")


def _facts(t: ir.Table, rules: Rules) -> ir.Table:
    by_ai = t.resolved & ~t.human
    spoiled = t.reopened_at.notnull() | t.follow_up.fill_null(False) | t.returned_id.notnull()
    cost = ibis.ifelse(t.human, rules.cost_human_cents, rules.cost_ai_cents)
    first, whole = (
        ibis.cases(*((t.priority == str(p), m[i] * MS_PER_MINUTE) for p, m in _sla(rules)))
        for i in (0, 1)
    )
    counted = {
        "total_conversations": ibis.literal(1),
        "human_handled_conversations": t.human,
        "ai_handled_conversations": ~t.human,
        "escalated": t.escalated,
        "resolved": t.resolved,
        "resolved_by_ai": by_ai,
        "clean_by_ai": by_ai & ~spoiled,
        "resolution_ms": ibis.ifelse(t.resolved, _ms(t.resolved_at, t.created_at), 0),
        "resolution_confirmed_count": t.resolved & (t.resolution_kind == "CONFIRMED"),
        "resolution_assumed_count": t.resolved & (t.resolution_kind == "ASSUMED"),
        "resolution_agent_count": t.resolved & (t.resolution_kind == "AGENT"),
        "cost_cents": cost,
        "savings_cents": rules.cost_human_cents - cost,
        "replied_in_time": t.escalated & (_ms(t.first_agent_reply_at, t.escalated_at) <= first),
        "resolved_in_time": t.escalated & (_ms(t.resolved_at, t.escalated_at) <= whole),
        **{name: t[name] for name in (*_MESSAGE_SUMS, "rating_sum", "ratings")},
        "rating_sum_ai": ibis.ifelse(t.human, 0, t.rating_sum),
        "ratings_ai": ibis.ifelse(t.human, 0, t.ratings),
        "rating_sum_human": ibis.ifelse(t.human, t.rating_sum, 0),
        "ratings_human": ibis.ifelse(t.human, t.ratings, 0),
    }
    filled = {name: value.cast("int64").coalesce(0) for name, value in counted.items()}
    return t.select("id", DAY, *DIMENSIONS, **filled)


def _sla(rules: Rules) -> list[tuple[str, tuple[int, int]]]:
    return sorted(rules.sla_minutes.items())


_MESSAGE_SUMS = (
    "ai_messages",
    "ai_messages_citing",
    "confidence_sum",
    "confidences",
    "response_ms",
    "responses",
)


def _by_message(messages: ir.Table) -> ir.Table:
    """Sums over the AI messages of each conversation. A list of sources that is not empty cites."""
    m = messages.filter(messages.sender == "AI")
    cites = m.sources.notnull() & ~m.sources.strip().isin(["", "[]", "null"])
    return m.group_by("conversation_id").aggregate(
        ai_messages=m.count(),
        ai_messages_citing=m.count(where=cites),
        confidence_sum=(m.confidence_score * BILLION).round().cast("int64").sum(),
        confidences=m.confidence_score.count(),
        response_ms=m.processing_time_ms.sum(),
        responses=m.processing_time_ms.count(),
    )


def _by_feedback(feedback: ir.Table) -> ir.Table:
    return feedback.group_by(feedback.conversation_id.name("of_conversation")).aggregate(
        rating_sum=feedback.user_rating.sum(),
        ratings=feedback.user_rating.count(),
        follow_up=feedback.follow_up_required.any(),
    )


def _returned(c: ir.Table, later: ir.Table, rules: Rules) -> ir.Table:
    """Resolved conversations whose user came back with the same intent soon enough to count."""
    done = c.filter(c.resolved & c.intent.notnull()).select(
        "id", "user_id", "resolved_at", DAY, asked="intent"
    )
    again = later.select(
        again_id=later.id, who=later.user_id, about=later.intent, came_at=later.created_at
    )
    pairs = done.join(again, [done.user_id == again.who, done.asked == again.about])
    until = pairs.resolved_at + ibis.interval(hours=rules.return_hours)
    back = pairs.filter(
        (pairs.came_at > pairs.resolved_at) & (pairs.came_at <= until),
        _before_final(pairs.came_at, pairs[DAY], rules),
        pairs.id != pairs.again_id,
    )
    return back.select(returned_id=back.id).distinct()


def metrics(facts: ir.Table, messages: ir.Table, by: Sequence[str] = ()) -> ir.Table:
    """The stored columns per day and ``by``, one row for each that has a conversation.

    ``messages`` are those with their conversation's day and dimensions, as `responses` gives them.
    """
    groups = [DAY, *by]
    added = [c for c in facts.columns if c not in ("id", DAY, *DIMENSIONS)]
    summed = facts.group_by(groups).aggregate(**{c: facts[c].sum().cast("int64") for c in added})
    times = messages.group_by(groups).aggregate(
        **{
            f"{name}_response_time_ms": messages.processing_time_ms.quantile(share)
            for name, share in PERCENTILES.items()
        }
    )
    joined = summed.left_join(times, groups)
    return ratios(joined, RATIOS).select(*groups, *STORED)


def responses(facts: ir.Table, messages: ir.Table) -> ir.Table:
    """Response times of AI messages with the day and dimensions of their conversation."""
    m = messages.filter((messages.sender == "AI") & messages.processing_time_ms.notnull())
    places = facts.select("id", DAY, *DIMENSIONS)
    joined = m.select("conversation_id", "processing_time_ms").join(
        places, places.id == m.conversation_id
    )
    return joined.select(DAY, *DIMENSIONS, "processing_time_ms")
