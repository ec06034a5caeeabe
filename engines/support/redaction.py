"""Take what identifies a person out of a text before it is logged, stored or embedded."""

from engines.support.entities import find

PERSONAL = frozenset(
    {"phone", "email", "card", "plate", "user_id", "order_id", "trip_id", "payment_id"}
)


def redact(text: str) -> str:
    """The text with every personal value replaced by its type in brackets."""
    for entity in reversed(find(text)):
        if entity.type in PERSONAL:
            text = f"{text[: entity.start]}[{entity.type}]{text[entity.end :]}"
    return text
