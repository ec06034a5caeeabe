"""What people say of messages becomes labels to review: no personal values, but its origin."""

from typing import Any

from sqlalchemy.engine import Connection, Row

from engines.support.redaction import redact
from features.text import MAX_CHARACTERS, normalise
from serving.api.platform import Platform
from store import conversations as kept
from store import labels
from store.erasure import pseudonym
from store.tables import LabelSource


def suggest(
    connection: Connection,
    found: Platform,
    row: Row[Any],
    message: Row[Any],
    source: LabelSource,
    by: str,
    label: str | None = None,
) -> None:
    """Keep a message for review: redacted, with where it comes from; its writer only as an HMAC."""
    secret = found.settings.pseudonym_secret.get_secret_value()
    reply = kept.reply_to(connection, message.id)
    # what stands for a personal value can be longer than the value
    text = redact(normalise(message.content))[:MAX_CHARACTERS]
    labels.suggest(connection, {
        "message_id": message.id, "source": source, "text": text,
        "guessed": message.intent, "label": label, "release": reply.release if reply else None,
        "writer": pseudonym(row.user_id, secret), "suggested_by": by,
        "created_at": found.clock(),
    })  # fmt: skip
