"""The mailbox that is read (IMAP) and the server that sends (SMTP), where they are configured.

Addresses are ``imaps://user:password@host/Mailbox`` and ``smtps://user:password@host``, or
``smtp+starttls://``; without encryption only on this machine.
"""

import imaplib
import logging
import random
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from sqlalchemy.engine import Row

from core.errors import BadInput, Conflict, NotThere, TooManyCalls
from engines.support.mail import MOST_BYTES, Reply, compose
from serving.api.platform import Platform
from serving.support.mail import receive
from store import mail as kept
from store.db import read, write

log = logging.getLogger(__name__)
TIMEOUT_S = 15.0
AT_ONCE = 50
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
PORTS = {"smtps": 465, "smtp+starttls": 587, "smtp": 25, "imaps": 993, "imap": 143}
PLAIN = {"smtp", "imap"}
LONGEST_WAIT = timedelta(hours=1)
ONE_TRY = timedelta(minutes=2)
"""Longer than the server may take over one mail; nobody else tries it meanwhile."""
REFUSALS = (
    smtplib.SMTPRecipientsRefused,
    smtplib.SMTPResponseException,
    smtplib.SMTPNotSupportedError,
    ValueError,  # what cannot be written as a command or a header
)


def address_of(url: str, kinds: str) -> SplitResult:
    """A server's address; BadInput for a scheme not of ``kinds``, or one that would send passwords
    over a network as they are."""
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.scheme.startswith(kinds) or not parts.hostname:
        got = f"{parts.scheme}://" if parts.scheme else "none of a known kind"
        raise BadInput(f"expected an address like {kinds}s://user:password@host, got {got}")
    if parts.scheme in PLAIN and parts.hostname not in LOOPBACK:
        raise BadInput(f"{parts.scheme}:// is for this machine only; use {kinds}s://")
    return parts


def send_waiting(found: Platform) -> int:
    """Send every reply whose time has come; how many have gone."""
    now = found.clock()
    waiting = read(found.engine, lambda c: kept.due(c, now, AT_ONCE))
    if not waiting:
        return 0
    try:
        with _smtp(found.settings.smtp_url.get_secret_value()) as server:
            return sum(_sent(found, server, row) for row in waiting)
    except (OSError, smtplib.SMTPException) as error:
        # the next look comes at its time all the same; what was sent is marked
        log.warning("mails wait: %s: %s", type(error).__name__, error)
        return 0


def _sent(found: Platform, server: smtplib.SMTP, row: Row[Any]) -> bool:
    sender, now = found.settings.mail_from, found.clock()
    if row.attempts >= found.params.mail.attempts:  # the last tries ended without a word
        return _refused(found, row, None, "no answer")
    if not write(found.engine, partial(kept.claimed, mail=row, until=now + ONE_TRY)):
        return False
    reply = Reply(row.mail_id, row.in_reply_to, sender, row.address, row.subject, row.content)
    options = () if row.address.isascii() else ("SMTPUTF8",)
    try:
        server.sendmail(sender, [row.address], compose(reply, now), options)
    except REFUSALS as error:
        with suppress(smtplib.SMTPException):
            server.rset()
        return _refused(found, row, _again_at(found, row, error, now), _named(error))
    write(found.engine, partial(kept.sent, mail=row, now=now))
    return True


def _refused(found: Platform, row: Row[Any], again: datetime | None, why: str) -> bool:
    write(found.engine, partial(kept.failed, mail=row, again_at=again))
    # what the server said may name the address
    told = "it waits" if again else "given up"
    log.warning("mail %s was refused, %s: %s", row.mail_id, told, why)
    return False


def _codes(error: Exception) -> list[int]:
    codes = [code for code, _ in getattr(error, "recipients", {}).values()]
    return codes or [getattr(error, "smtp_code", 0)]


def _named(error: Exception) -> str:
    return f"{type(error).__name__} {min(_codes(error)) or ''}".strip()


def _again_at(found: Platform, row: Row[Any], error: Exception, now: datetime) -> datetime | None:
    """When to try once more: later each time; never after a refusal for good, or too many."""
    params, code = found.params.mail, min(_codes(error))
    # what is wrong with our own address is mended here, and the mails go out then
    for_good = (code == 0 or code >= 500) and not isinstance(error, smtplib.SMTPSenderRefused)
    if for_good or row.attempts + 1 >= params.attempts:
        return None
    wait = timedelta(seconds=params.first_wait_s * 2**row.attempts)
    return now + min(wait, LONGEST_WAIT) * random.uniform(1, 1.5)  # noqa: S311 -- spreads them


@contextmanager
def _smtp(url: str) -> Iterator[smtplib.SMTP]:
    parts = address_of(url, "smtp")
    host, port = str(parts.hostname), parts.port or PORTS[parts.scheme]
    if parts.scheme == "smtps":
        secure = ssl.create_default_context()
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_S, context=secure)
    else:
        server = smtplib.SMTP(host, port, timeout=TIMEOUT_S)
    with server:
        if parts.scheme == "smtp+starttls":
            server.starttls(context=ssl.create_default_context())
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        yield server


def read_mailbox(found: Platform) -> int:
    """Take in every unread mail; each is marked as read once it is stored. How many there were.

    Of a large one the beginning is read: its text stands before what is attached. What is none,
    says nothing, or is one of too many of an address is flagged besides, for a person to look at.
    """
    parts = address_of(found.settings.imap_url.get_secret_value(), "imap")
    with _imap(parts) as box:
        box.select(unquote(parts.path.strip("/")) or "INBOX")
        _, listed = box.uid("SEARCH", "UNSEEN")
        numbers = listed[0].split()[:AT_ONCE] if listed and listed[0] else []
        for number in numbers:
            _, answer = box.uid("FETCH", number, f"(BODY.PEEK[]<0.{MOST_BYTES}>)")
            raw = next((part[1] for part in answer if isinstance(part, tuple)), b"")
            box.uid("STORE", number, "+FLAGS", _flags(found, raw, number))
        return len(numbers)


def _flags(found: Platform, raw: bytes, number: bytes) -> str:
    try:
        receive(found, raw)
    except (BadInput, Conflict, NotThere, TooManyCalls) as error:
        log.warning("mail %s was not taken and is flagged: %s", number.decode(), error)
        return r"(\Seen \Flagged)"
    return r"(\Seen)"


@contextmanager
def _imap(parts: SplitResult) -> Iterator[imaplib.IMAP4]:
    host, port = str(parts.hostname), parts.port or PORTS[parts.scheme]
    try:
        if parts.scheme == "imaps":
            secure = ssl.create_default_context()
            box: imaplib.IMAP4 = imaplib.IMAP4_SSL(
                host, port, ssl_context=secure, timeout=TIMEOUT_S
            )
        else:
            box = imaplib.IMAP4(host, port, timeout=TIMEOUT_S)
        with box:
            box.login(unquote(parts.username or ""), unquote(parts.password or ""))
            yield box
    except imaplib.IMAP4.error as error:
        raise OSError(f"the mailbox did not answer as expected: {error}") from None
