"""A mail that comes in becomes a conversation, or the next message of the one it answers.

By `POST /support/mail` from a mail provider, or from a mailbox (`mail_servers`). A mail comes once,
however often it is delivered; one that was stored and not answered is answered when it comes again.
"""

import hashlib
import logging
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from sqlalchemy.engine import Connection, Row
from sqlalchemy.exc import IntegrityError
from starlette.concurrency import run_in_threadpool

from core.enums import Channel, Role
from core.errors import Conflict, NotThere
from engines.support.mail import Mail, parse, user_of
from serving.api.callers import Found
from serving.api.identity import Caller
from serving.api.platform import Platform
from serving.api.problems import documented
from serving.schemas import Closed
from serving.signing import HEADER, check
from serving.support import talk
from store import mail as kept
from store.db import read

log = logging.getLogger(__name__)
MEDIA_TYPE = "message/rfc822"
router = APIRouter(
    prefix="/mail", tags=["mail"], responses=documented(401, 404, 409, 413, 422, 429, 503)
)


class Outcome(StrEnum):
    """OPENED a conversation, CONTINUED one, came before (REPEATED), or was written by no person
    (IGNORED)."""

    OPENED = "OPENED"
    CONTINUED = "CONTINUED"
    REPEATED = "REPEATED"
    IGNORED = "IGNORED"


class MailOut(Closed):
    """What became of a mail."""

    outcome: Outcome


@router.post(
    "",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def receive_mail(
    request: Request,
    found: Found,
    signature: Annotated[
        str | None,
        Header(alias=HEADER, description="t=<unix seconds>,v1=<hex HMAC-SHA256 of 't.body'>"),
    ] = None,
) -> MailOut:
    """A mail as it came (RFC 5322), from whoever knows TRIPO_MAIL_WEBHOOK_SECRET."""
    secret = found.settings.mail_webhook_secret.get_secret_value()
    if not secret:
        raise NotThere("mails are not taken here: TRIPO_MAIL_WEBHOOK_SECRET is not set")
    body = await request.body()
    check(signature, body, secret, found.clock())
    return MailOut(outcome=await run_in_threadpool(receive, found, body))


def receive(found: Platform, raw: bytes) -> Outcome:
    """Store a mail's message and answer it.

    Raises
    ------
    BadInput
        For what is no mail, or has nothing written in it.
    TooManyCalls
        For more mails of one address than ``params.mail.per_address``; this one is not stored.
    """
    mail = parse(raw)
    if mail.automatic:
        log.info("a mail that no person wrote was left: %s", mail.mail_id)
        return Outcome.IGNORED
    user_id = user_of(mail.address)
    known = read(found.engine, lambda c: kept.by_ids(c, [mail.mail_id, *mail.references]))
    for row in known:
        if row.mail_id == mail.mail_id:
            return _again(found, mail, row)
    found.limits.count_mail(user_id)
    # somebody else's answer to our mail, forwarded perhaps, is no message of this user's
    thread = {row.mail_id: row for row in known if row.user_id == user_id}
    nearest = next((thread[name] for name in mail.references if name in thread), None)
    try:
        return _stored(found, mail, user_id, nearest)
    except IntegrityError:
        if not read(found.engine, lambda c: kept.by_ids(c, [mail.mail_id])):
            raise  # it is not that the same mail was delivered twice at once
        return Outcome.REPEATED


def _again(found: Platform, mail: Mail, row: Row[Any]) -> Outcome:
    if row.user_id == user_of(mail.address):
        caller = Caller(row.user_id, Role.SERVICE)
        talk.say(found, caller, row.conversation_id, mail.text, _client_id(mail))
    return Outcome.REPEATED


def _stored(found: Platform, mail: Mail, user_id: str, nearest: Row[Any] | None) -> Outcome:
    caller = Caller(user_id, Role.SERVICE)

    def note(connection: Connection, message: Row[Any]) -> None:
        kept.received(connection, message, mail, message.created_at)

    if nearest is not None:
        try:
            talk.say(found, caller, nearest.conversation_id, mail.text, _client_id(mail), also=note)
            return Outcome.CONTINUED
        except Conflict as ended:  # too long ago: another matter begins
            log.info("a mail begins a new conversation: %s", ended)
    talk.open_conversation(
        found, caller, user_id, Channel.EMAIL, mail.text,
        client_message_id=_client_id(mail), also=note,
    )  # fmt: skip
    return Outcome.OPENED


def _client_id(mail: Mail) -> str:
    return hashlib.sha256(mail.mail_id.encode()).hexdigest()
