"""Mails in and out as data: what somebody wrote now, and how a reply finds its thread. No I/O."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, getaddresses
from typing import Any

from core.errors import BadInput
from engines.support.mail_words import storable, words_of_page, written_now
from features.text import MAX_CHARACTERS

MOST_BYTES = 1 << 20
MOST_READ = 50_000
"""Characters of a body that are looked at, before what is quoted is taken out."""
MOST_PARTS = 50
LONGEST_HEADER = 1_000
"""Characters of a header that are looked at: the parser's time grows with their square."""
LONGEST_SUBJECT, LONGEST_ADDRESS = 500, 320
MOST_REFERENCES = 50
NO_SUBJECT = "Your message"
_ID = re.compile(r"<([!-;=?-~]{1,255})>")
_ADDRESS = re.compile(r"[^\s@<>,;\"\x00-\x1f\x7f]{1,64}@[^\s@<>,;\"\x00-\x1f\x7f]{1,255}")
_REPLY = re.compile(r"^\s*(re|aw|sv|antw|rv)\s*:", re.IGNORECASE)


class _Bounded(EmailPolicy):
    """Reads the beginning of a header only."""

    def header_fetch_parse(self, name: str, value: str) -> Any:
        return super().header_fetch_parse(name, value[:LONGEST_HEADER])


class _Outgoing(EmailPolicy):
    """Writes the ids of a thread as they are: folded as words they would be encoded, and whoever
    gets them would not find the mail that they name."""

    IDS = frozenset({"message-id", "in-reply-to", "references"})

    def fold_binary(self, name: str, value: str) -> bytes:
        if name.lower() in self.IDS:
            return f"{name}: {value}{self.linesep}".encode("ascii")
        return super().fold_binary(name, value)


_READ = _Bounded(linesep="\r\n")
_WRITE = _Outgoing(linesep="\r\n")


@dataclass(frozen=True, slots=True)
class Mail:
    """``references``: ids of the mails that this one answers, nearest first; ``automatic``: written
    by no person, so that an answer would come back as the next mail."""

    mail_id: str
    references: tuple[str, ...]
    address: str
    subject: str
    text: str
    automatic: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes out: ``mail_id`` is the reply's own id, ``in_reply_to`` the mail it answers."""

    mail_id: str
    in_reply_to: str | None
    sender: str
    address: str
    subject: str
    text: str


def parse(raw: bytes) -> Mail:
    """An RFC 5322 message; what it quotes, and its signature, are left out of ``text``.

    Raises
    ------
    BadInput
        For what is no mail of one sender with something written in it.
    """
    if len(raw) > MOST_BYTES:
        raise BadInput(f"a mail: expected at most {MOST_BYTES} bytes, got {len(raw)}")
    try:
        return _read(_message(raw), raw)
    except (MessageError, ValueError, LookupError, TypeError, AttributeError) as error:
        # the parser is lenient with bytes, and then stumbles over what it let through
        raise BadInput(f"a mail: expected RFC 5322, got {type(error).__name__}") from None
    except RecursionError:
        raise BadInput("a mail: expected a few levels of parts and comments, got more") from None


def _message(raw: bytes) -> EmailMessage:
    parts = 0

    def part(policy: EmailPolicy) -> EmailMessage:
        nonlocal parts
        parts += 1
        if parts > MOST_PARTS:
            raise BadInput(f"a mail: expected at most {MOST_PARTS} parts, got more")
        return EmailMessage(policy=policy)

    factory: Any = part  # typeshed knows classes only
    policy: Any = _READ.clone(message_factory=factory)
    message: EmailMessage = message_from_bytes(raw, policy=policy)
    return message


def _read(message: EmailMessage, raw: bytes) -> Mail:
    address = _sender(message)
    text = _written(message)
    if not text:
        raise BadInput("a mail: expected some text besides what it quotes, got none")
    named = _ids(message, "message-id")
    # a mail without an id is known by its content, so that it comes once all the same
    own = named[0] if named else f"{hashlib.sha256(raw).hexdigest()}@no-id"
    before = reversed(_ids(message, "references"))
    references = tuple(dict.fromkeys([*_ids(message, "in-reply-to"), *before]))[:MOST_REFERENCES]
    subject = " ".join(storable(_header(message, "subject")).split())[:LONGEST_SUBJECT]
    automatic = _is_automatic(message)
    return Mail(own, references, address, subject or NO_SUBJECT, text, automatic)


def _ids(message: EmailMessage, name: str) -> list[str]:
    """The ids in a header as it came; of a long one the end, where the nearest mails stand."""
    came = next((str(v) for n, v in message.raw_items() if n.lower() == name), "")
    return _ID.findall(came[-MOST_REFERENCES * 257 :])


def _header(message: EmailMessage, name: str) -> str:
    return str(message.get(name, ""))


def _sender(message: EmailMessage) -> str:
    """The one address in From, in lower case."""
    found = [a.lower() for _, a in getaddresses([_header(message, "from")]) if a]
    if len(found) != 1 or not _ADDRESS.fullmatch(found[0]) or len(found[0]) > LONGEST_ADDRESS:
        raise BadInput(f"a mail: expected one address in From, got {len(found)} usable ones")
    return found[0]


def _is_automatic(message: EmailMessage) -> bool:
    """Vacation notes, bounces, lists (RFC 3834, section 2)."""
    submitted = _header(message, "auto-submitted").strip().lower()
    precedence = _header(message, "precedence").strip().lower()
    return (
        submitted not in ("", "no")
        or precedence in ("bulk", "junk", "list", "auto_reply")
        or _header(message, "return-path").strip() == "<>"
        or any(message.get(name) for name in ("list-id", "list-unsubscribe", "x-autoreply"))
        or message.get_content_type() in ("multipart/report", "message/delivery-status")
    )


def _written(message: EmailMessage) -> str:
    part = message.get_body(("plain", "html"))
    if part is None:
        return ""
    content = str(part.get_content())[:MOST_READ]
    if part.get_content_subtype() == "html":
        content = words_of_page(content)
    return storable(written_now(content))[:MAX_CHARACTERS].strip()


def user_of(address: str) -> str:
    """Who writes from an address; there is no directory that would say more."""
    return f"email:{hashlib.sha256(address.lower().encode()).hexdigest()[:40]}"


def answered(subject: str) -> str:
    """The subject of a reply."""
    return subject if _REPLY.match(subject) else f"Re: {subject}"


def compose(reply: Reply, at: datetime) -> bytes:
    """The reply as it travels: in the thread, marked as written by a machine, without markup."""
    # an address in other letters needs a server that takes such (RFC 6531)
    message = EmailMessage(policy=_WRITE.clone(utf8=not reply.address.isascii()))
    message["From"], message["To"] = reply.sender, reply.address
    message["Subject"] = answered(reply.subject)
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{reply.mail_id}>"
    if reply.in_reply_to:
        message["In-Reply-To"] = message["References"] = f"<{reply.in_reply_to}>"
    message["Auto-Submitted"] = "auto-replied"
    message.set_content(reply.text)
    return message.as_bytes()
