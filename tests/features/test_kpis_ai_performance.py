"""AIPerformanceMetrics against a slow, obvious count in plain Python."""

from datetime import timedelta
from statistics import fmean

import numpy as np
import pytest

from features.kpis.ai_performance import STORED, Rules, in_time, looked_at, metrics, responses
from tests.kpi_frames import at, connection, ibis_tables, rows

CON = connection()
SLA = {"URGENT": (1, 5), "HIGH": (5, 20), "MEDIUM": (15, 60), "LOW": (60, 1440)}
RULES = Rules(
    return_hours=72, cost_ai_cents=50, cost_human_cents=500, sla_minutes=SLA, final_after_days=8
)


def talks(seed: int, n: int = 80) -> tuple[list[dict], list[dict], list[dict]]:
    rng = np.random.default_rng(seed)
    conversations, messages, votes = [], [], []
    for i in range(n):
        began = at("18 00:00") + timedelta(minutes=int(rng.integers(0, 4 * 1440)))
        escalated = began + timedelta(minutes=1) if rng.random() < 0.3 else None
        resolved = began + timedelta(minutes=int(rng.integers(1, 90)))
        resolved = resolved if rng.random() < 0.8 else None
        kind = str(rng.choice(["CONFIRMED", "ASSUMED"])) if not escalated else "AGENT"
        conversations.append(
            {
                "id": f"K{i}", "user_id": f"U{rng.integers(12)}", "created_at": began,
                "intent": str(rng.choice(["refund_request", "smalltalk", "driver_eta"])),
                "priority": str(rng.choice(list(SLA))), "escalated_at": escalated,
                "first_agent_reply_at": escalated and escalated
                + timedelta(minutes=int(rng.integers(0, 20))),
                "resolved_at": resolved, "resolution_kind": resolved and kind,
                "reopened_at": resolved if rng.random() < 0.1 else None,
                "vertical": None if rng.random() < 0.3 else "RIDE",
            }
        )  # fmt: skip
        for k in range(int(rng.integers(0, 4))):
            messages.append(
                {
                    "id": f"M{i}-{k}", "conversation_id": f"K{i}",
                    "created_at": began + timedelta(hours=int(rng.integers(0, 240))),
                    "sender": str(rng.choice(["AI", "USER"])),
                    "confidence_score": float(rng.random()) if rng.random() < 0.8 else None,
                    "processing_time_ms": int(rng.integers(1, 900)),
                    "sources": [None, "[]", '[{"kb_code": "KB0001"}]'][int(rng.integers(3))],
                }
            )  # fmt: skip
        if rng.random() < 0.5:
            votes.append(
                {
                    "id": f"F{i}", "conversation_id": f"K{i}",
                    "created_at": began + timedelta(hours=int(rng.integers(0, 240))),
                    "user_rating": int(rng.integers(1, 6)),
                    "follow_up_required": bool(rng.random() < 0.2),
                }
            )  # fmt: skip
    return conversations, messages, votes


def computed(conversations, messages, votes, by=()) -> list[dict]:
    tables = ibis_tables(
        CON,
        conversations=rows("conversations", *conversations),
        messages=rows("messages", *messages),
        feedback=rows("feedback", *votes),
    )
    asked = tables["conversations"]
    said, rated = (in_time(tables[name], asked, RULES) for name in ("messages", "feedback"))
    facts = looked_at(asked, asked, said, rated, RULES)
    return metrics(facts, responses(facts, said), by).to_pyarrow().to_pylist()


def mean(values: list) -> float | None:
    return fmean(values) if values else None


def share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def oracle(every: list[dict], day, messages: list[dict], votes: list[dict]) -> dict:
    """The definitions of domain.md 3, one conversation at a time."""
    its = [c for c in every if c["created_at"].date() == day]
    ids = {c["id"] for c in its}
    human = {c["id"] for c in its if c["escalated_at"]}
    said = [m for m in messages if m["conversation_id"] in ids and m["sender"] == "AI"]
    said, rated = (
        [
            r
            for r in found
            if r["conversation_id"] in ids and (r["created_at"].date() - day).days <= 8
        ]
        for found in (said, votes)
    )
    bad = {v["conversation_id"] for v in rated if v["follow_up_required"]}
    resolved = [c for c in its if c["resolved_at"]]
    by_ai = [c for c in resolved if c["id"] not in human]
    clean = [c for c in by_ai if not c["reopened_at"] and c["id"] not in bad and not came(c, every)]
    times = [m["processing_time_ms"] for m in said]
    handed = [c for c in its if c["escalated_at"]]
    cost = 50 * (len(its) - len(human)) + 500 * len(human)

    def in_time(column: str, which: int) -> int:
        limit = {c["id"]: timedelta(minutes=SLA[c["priority"]][which]) for c in handed}
        return sum(
            c[column] is not None and c[column] - c["escalated_at"] <= limit[c["id"]]
            for c in handed
        )

    kinds = [c["resolution_kind"] for c in resolved]
    return {
        "total_conversations": len(its),
        "human_handled_conversations": len(human),
        "ai_handled_conversations": len(its) - len(human),
        "automation_rate": share(len(its) - len(human), len(its)),
        "automated_resolution_rate": share(len(clean), len(its)),
        "first_contact_resolution_rate": share(len(clean), len(by_ai)),
        "avg_confidence_score": mean(
            [m["confidence_score"] for m in said if m["confidence_score"] is not None]
        ),
        "avg_response_time_seconds": mean(times) and fmean(times) / 1000,
        **{f"p{p}_response_time_ms": float(np.percentile(times, p)) for p in (50, 95, 99)},
        "avg_resolution_time_minutes": mean(
            [(c["resolved_at"] - c["created_at"]).total_seconds() / 60 for c in resolved]
        ),
        "user_satisfaction_score": mean([v["user_rating"] for v in rated]),
        "user_satisfaction_score_ai": mean(
            [v["user_rating"] for v in rated if v["conversation_id"] not in human]
        ),
        "user_satisfaction_score_human": mean(
            [v["user_rating"] for v in rated if v["conversation_id"] in human]
        ),
        "escalation_rate": share(len(handed), len(its)),
        "resolution_confirmed_count": kinds.count("CONFIRMED"),
        "resolution_assumed_count": kinds.count("ASSUMED"),
        "resolution_agent_count": kinds.count("AGENT"),
        "kb_hit_rate": share(sum(m["sources"] not in (None, "[]") for m in said), len(said)),
        "cost_per_conversation_cents": share(cost, len(its)),
        "savings_cents": 500 * len(its) - cost,
        "sla_first_response_rate": share(in_time("first_agent_reply_at", 0), len(handed)),
        "sla_resolution_rate": share(in_time("resolved_at", 1), len(handed)),
    }


def came(c: dict, every: list[dict]) -> bool:
    """The same user with the same intent within 72 h after the resolution."""
    return any(
        other["user_id"] == c["user_id"]
        and other["intent"] == c["intent"]
        and other["id"] != c["id"]
        and timedelta(0) < other["created_at"] - c["resolved_at"] <= timedelta(hours=72)
        for other in every
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_column_is_what_counting_one_by_one_gives(seed):
    conversations, messages, votes = talks(seed)
    found = computed(conversations, messages, votes)
    assert len(found) == 4
    for row in found:
        wanted = oracle(conversations, row["day"], messages, votes)
        assert set(wanted) == set(STORED)
        assert row == {"day": row["day"], **{k: pytest.approx(v) for k, v in wanted.items()}}


def test_row_order_changes_nothing():
    conversations, messages, votes = talks(4)
    forward = computed(conversations, messages, votes, ["intent"])
    backward = computed(conversations[::-1], messages[::-1], votes[::-1], ["intent"])
    key = lambda row: (row["day"], row["intent"])  # noqa: E731
    assert sorted(forward, key=key) == sorted(backward, key=key)


@pytest.mark.parametrize(("hours", "rate"), [(72, 0.5), (73, 1.0)])
def test_a_return_counts_until_the_72nd_hour(hours, rate):
    began = at("18 08:00")
    done = {"resolved_at": began, "resolution_kind": "CONFIRMED"}
    first = {"id": "A", "created_at": began, **done}
    other = {"id": "B", "user_id": "somebody else", "created_at": began, **done}
    again = {"id": "C", "created_at": began + timedelta(hours=hours)}
    row = min(computed([first, other, again], [], []), key=lambda row: row["day"])
    assert row["first_contact_resolution_rate"] == rate


@pytest.mark.parametrize(("day", "rate"), [("26", 0.0), ("27", 1.0)])
def test_a_return_to_a_late_resolution_counts_until_the_row_is_final(day, rate):
    late = {"resolved_at": at("25 08:00"), "resolution_kind": "CONFIRMED"}
    first = {"id": "A", "created_at": at("18 08:00"), **late}
    again = {"id": "B", "created_at": at(f"{day} 07:00")}
    row = min(computed([first, again], [], []), key=lambda row: row["day"])
    assert row["first_contact_resolution_rate"] == rate


def test_replies_and_votes_after_midnight_count_on_the_day_the_conversation_began():
    talk = {"id": "A", "created_at": at("18 23:58")}
    answers = [
        {"id": "M1", "conversation_id": "A", "processing_time_ms": 100, "created_at": came}
        for came in (at("18 23:59"), at("19 00:01"), at("27 00:00"))
    ]
    answers[1] |= {"id": "M2", "processing_time_ms": 300}
    answers[2] |= {"id": "M3", "processing_time_ms": 5000}  # the row was final
    vote = {"conversation_id": "A", "user_rating": 2, "created_at": at("20 10:00")}
    row = computed([talk], answers, [vote])[0]
    assert (row["day"].day, row["p50_response_time_ms"]) == (18, 200.0)
    assert row["user_satisfaction_score"] == 2.0


def test_a_day_without_answers_has_no_response_time():
    row = computed([{"id": "A"}], [], [])[0]
    assert row["p50_response_time_ms"] is None and row["kb_hit_rate"] is None
    assert row["total_conversations"] == 1
