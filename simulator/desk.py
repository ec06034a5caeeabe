"""The agents' desk and the end of conversations: who takes over, when, and how it is resolved."""

from dataclasses import dataclass

import numpy as np

from core.enums import Action, Priority, ResolutionKind
from simulator.talks import Line, Talk

AGENTS = 24
# mean minutes in the queue, to the first reply, to the resolution
PACE = {
    Priority.URGENT: (0.4, 0.3, 4.0),
    Priority.HIGH: (2.0, 1.0, 11.0),
    Priority.MEDIUM: (7.0, 2.0, 32.0),
    Priority.LOW: (22.0, 5.0, 240.0),
}
LOST_IN_QUEUE = 0.04
REOPENED = 0.015
SILENCE_S = 86_400.0
REPLIES = (
    "Hello, I am taking over from the assistant and have read the conversation so far.",
    "I have looked into this for you and settled it. You will find the details in your messages.",
)
NAN = float("nan")


@dataclass(slots=True)
class Ending:
    """How a conversation stands when the city ends; seconds since midnight, NaN for never."""

    status: str
    kind: str | None = None
    agent: str | None = None
    queued: float = NAN
    assigned: float = NAN
    agent_reply: float = NAN
    resolved: float = NAN
    first_resolved: float = NAN
    reopened: float = NAN
    closed: float = NAN
    satisfied: bool = False


def end(talk: Talk, rng: np.random.Generator) -> Ending:
    """Hand over, confirm, assume or close."""
    last = talk.lines[-1]
    if talk.escalated:
        ending = _by_agent(talk, rng)
    elif talk.confirmed:
        ending = _resolved(ResolutionKind.CONFIRMED, last.at + float(rng.uniform(15, 300)))
    elif last.reply is not None and last.reply.action == Action.ANSWER:
        ending = _resolved(ResolutionKind.ASSUMED, last.at)
    else:
        ending = Ending("CLOSED", closed=last.at + SILENCE_S)
    if not talk.escalated:
        ending.satisfied = talk.satisfied
    if not np.isnan(ending.resolved) and rng.random() < REOPENED:
        ending.reopened = ending.resolved + float(rng.uniform(0.5, 20)) * 3600
        ending.status, ending.kind, ending.resolved = "OPEN", None, NAN
    return ending


def _resolved(kind: ResolutionKind, at: float) -> Ending:
    return Ending("RESOLVED", kind, resolved=at, first_resolved=at)


def _by_agent(talk: Talk, rng: np.random.Generator) -> Ending:
    queued = talk.lines[-1].at
    reply = talk.replies[-1]
    wait, first, work = PACE[Priority(reply.priority)]
    assigned = queued + 60 * rng.exponential(wait)
    agent_reply = assigned + 60 * (0.2 + rng.exponential(first))
    resolved = agent_reply + 60 * (0.5 + rng.exponential(work))
    agent = f"AGT{int(rng.integers(AGENTS)):02d}"
    if rng.random() < LOST_IN_QUEUE:
        return Ending("ESCALATED", queued=queued)
    talk.lines.append(Line("AGENT", REPLIES[0], agent_reply))
    talk.lines.append(Line("AGENT", REPLIES[1], resolved))
    return Ending(
        "RESOLVED", ResolutionKind.AGENT, agent, queued, assigned, agent_reply, resolved, resolved,
        satisfied=bool(rng.random() < 0.88),
    )  # fmt: skip
