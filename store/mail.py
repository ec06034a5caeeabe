"""Mails of conversations: each comes once; each reply goes out until it has gone or is given up.

A reply is queued in the transaction that stores the message it carries: nothing said to somebody
who writes by e-mail is lost, whatever dies in between.
"""

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from core.enums import Channel
from store.conversations import CONVERSATION, MESSAGE
from store.tables import Base, MailMessage, MailState

MAIL = Base.metadata.tables[MailMessage.__tablename__]


def by_ids(connection: Connection, mail_ids: Iterable[str]) -> list[Row[Any]]:
    """Those of these mails that are known, with user_id of their conversation."""
    chosen = (
        sa.select(MAIL, CONVERSATION.c.user_id)
        .join(CONVERSATION, MAIL.c.conversation_id == CONVERSATION.c.id)
        .where(MAIL.c.mail_id.in_(list(mail_ids)))
    )
    return list(connection.execute(chosen).all())


def received(connection: Connection, message: Row[Any], mail: Any, now: datetime) -> None:
    """Note the mail that a user's message came in; IntegrityError if it came before."""
    connection.execute(MAIL.insert().values(
        id=uuid.uuid4(), mail_id=mail.mail_id, conversation_id=message.conversation_id,
        message_id=message.id, state=MailState.RECEIVED, address=mail.address,
        subject=mail.subject, in_reply_to=None, attempts=0, created_at=now,
    ))  # fmt: skip


def queue_reply(
    connection: Connection, conversation: Row[Any], message: Row[Any], now: datetime
) -> None:
    """A message to a user who writes by e-mail has to go out; of other channels nothing has."""
    if conversation.channel != Channel.EMAIL:
        return
    came = sa.select(MAIL).where(
        (MAIL.c.conversation_id == conversation.id) & (MAIL.c.state == MailState.RECEIVED)
    )
    last = connection.execute(came.order_by(MAIL.c.created_at.desc()).limit(1)).one_or_none()
    if last is None:  # begun by a service, which knows no address
        return
    connection.execute(MAIL.insert().values(
        id=uuid.uuid4(), mail_id=f"{message.id}@support", conversation_id=conversation.id,
        message_id=message.id, state=MailState.WAITING, address=last.address,
        subject=last.subject, in_reply_to=last.mail_id, attempts=0, next_attempt_at=now,
        created_at=now,
    ))  # fmt: skip


def due(connection: Connection, now: datetime, limit: int = 50) -> list[Row[Any]]:
    """Replies that wait and whose time has come, oldest first, with the text they carry."""
    waiting = (MAIL.c.state == MailState.WAITING) & (MAIL.c.next_attempt_at <= now)
    chosen = (
        sa.select(MAIL, MESSAGE.c.content)
        .join(MESSAGE, MAIL.c.message_id == MESSAGE.c.id)
        .where(waiting)
        .order_by(MAIL.c.created_at, MESSAGE.c.seq)
        .limit(limit)
    )
    return list(connection.execute(chosen).all())


def claimed(connection: Connection, mail: Row[Any], until: datetime) -> bool:
    """Take a waiting mail for one try, which counts from now on; False: another worker has it.

    Whoever dies over it leaves it waiting until ``until``.
    """
    same = (MAIL.c.id == mail.id) & (MAIL.c.state == MailState.WAITING)
    taken = same & (MAIL.c.attempts == mail.attempts)
    values = {"attempts": mail.attempts + 1, "next_attempt_at": until}
    return connection.execute(MAIL.update().where(taken).values(values)).rowcount == 1


def sent(connection: Connection, mail: Row[Any], now: datetime) -> None:
    """It has gone."""
    _change(connection, mail, state=MailState.SENT, sent_at=now)


def failed(connection: Connection, mail: Row[Any], again_at: datetime | None) -> None:
    """It has not gone; None: it is given up."""
    state = MailState.FAILED if again_at is None else MailState.WAITING
    _change(connection, mail, state=state, next_attempt_at=again_at)


def _change(connection: Connection, mail: Row[Any], **values: Any) -> None:
    connection.execute(MAIL.update().where(MAIL.c.id == mail.id).values(values))
