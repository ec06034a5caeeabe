"""How people react to the answers: satisfied or not, saying it again, asking for a person, leaving.

Whether an answer was right decides it; the engine never learns which it was.
"""

from collections.abc import Sequence

import numpy as np

from core.enums import Action
from core.errors import BadInput
from core.intents import UNKNOWN
from simulator.book import Day
from simulator.city import City
from simulator.policies import Answer, Reply
from simulator.randomness import stream
from simulator.talks import DAY_S, Line, Talk, begin_all, new_id
from simulator.texts import Text, Texts

MAX_TURNS = 3
REPLY_S = 1.0
"""When a user has the reply. What it really took is measured and kept as ``processing_time_ms``;
the city's clock does not run on it, or no two runs would give the same days."""
NEEDS_A_PERSON = frozenset({"safety_concern", "urgent_issue", "talk_to_human", "fraud_report"})
CONTENT_IF_RIGHT, CONTENT_IF_RELATED, CONTENT_IF_WRONG = 0.93, 0.45, 0.10
CONFIRMS = 0.45
AGAIN, PERSON = 0.55, 0.22  # of the others: says it again, asks for a person; the rest leaves
RETURNS_IF_UNHAPPY, RETURNS_IF_HAPPY = 0.5, 0.02


def is_right(reply: Reply, about: Text) -> bool:
    """Whether this reply is what the question needed."""
    if about.intent in NEEDS_A_PERSON:
        return reply.action == Action.ESCALATE
    if about.intent == UNKNOWN:
        return reply.action == Action.ABSTAIN
    if reply.action != Action.ANSWER:
        return False
    return reply.kb_code == about.kb_code if about.kb_code else reply.intent == about.intent


def hold(city: City, d: Day, texts: Texts, answer: Answer) -> list[Talk]:
    """All conversations that begin on a day, those of people who come back the same day included.

    ``answer`` is called once a turn with the whole day's messages.
    """
    rng = stream(city.params.seed, "conversations", d.market.day)
    first = begin_all(city, d, texts, rng)
    converse(first, texts, answer, rng)
    again = come_back(first, texts, rng)
    converse(again, texts, answer, rng)
    return sorted([*first, *again], key=lambda talk: talk.start)


def converse(talks: Sequence[Talk], texts: Texts, answer: Answer, rng: np.random.Generator) -> None:
    """Turn by turn until nobody has anything to say."""
    for turn in range(MAX_TURNS):
        speaking = [talk for talk in talks if talk.next is not None]
        if not speaking:
            return
        asks = [talk.ask(rng) for talk in speaking]
        replies = answer(asks)
        if len(replies) != len(asks):
            raise BadInput(f"expected {len(asks)} replies, one a message, got {len(replies)}")
        for talk, reply in zip(speaking, replies, strict=True):
            at = talk.lines[-1].at + REPLY_S
            talk.lines[-1].reply = reply
            talk.lines.append(Line("AI", reply.content, at, reply))
            react(talk, reply, texts, rng, last=turn == MAX_TURNS - 1)


def react(talk: Talk, reply: Reply, texts: Texts, rng: np.random.Generator, last: bool) -> None:
    """What the user makes of a reply."""
    said, talk.next = talk.next, None
    talk.right = is_right(reply, talk.asked)
    if reply.action == Action.ESCALATE:
        return
    related = reply.action == Action.ANSWER and reply.intent == talk.asked.intent
    content = CONTENT_IF_RELATED if related else CONTENT_IF_WRONG
    if reply.action != Action.ANSWER and not talk.right:
        content = 0.0
    if rng.random() < (CONTENT_IF_RIGHT if talk.right else content):
        talk.satisfied = True
        talk.confirmed = reply.action == Action.ANSWER and rng.random() < CONFIRMS
        return
    choice = rng.random()
    if last or choice >= AGAIN + PERSON:
        talk.gave_up = True
    elif choice < AGAIN:
        talk.next = texts.another(said or talk.asked, rng)
    else:
        talk.next = texts.any_of("talk_to_human", rng) or talk.asked
        talk.asked = talk.next


def come_back(talks: Sequence[Talk], texts: Texts, rng: np.random.Generator) -> list[Talk]:
    """People who leave without help often ask the same again, hours later.

    Only the same day: a day must not depend on the answers of another.
    """
    again = []
    for talk in talks:
        chance = RETURNS_IF_HAPPY if talk.satisfied else RETURNS_IF_UNHAPPY * talk.gave_up
        start = talk.lines[-1].at + rng.uniform(1, 10) * 3600
        if rng.random() < chance and start < DAY_S:
            about = texts.another(talk.about, rng)
            blank = Talk(
                new_id(rng), talk.user_id, talk.audience, talk.channel, talk.loyalty,
                talk.order_id, talk.vertical, talk.flagged, about, about, start, about,
            )  # fmt: skip
            again.append(blank)
    return again
