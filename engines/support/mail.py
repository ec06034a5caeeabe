"""Mails in and out as data: what somebody wrote now, and how a reply finds its thread. No I/O."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, getaddresses
from html.parser import HTMLParser

from core.errors import BadInput
from features.text import MAX_CHARACTERS

MOST_BYTES = 1 << 20
MOST_READ = 50_000
"""Characters of a body that are looked at, before what is quoted is taken out."""
LONGEST_ID, LONGEST_SUBJECT, LONGEST_ADDRESS = 255, 500, 320
MOST_REFERENCES = 50
NO_SUBJECT = "Your message"
_ID = re.compile(r"<([^<>\s]{1,255})>")
_ADDRESS = re.compile(r"[^\s@<>,;\"]{1,64}@[^\s@<>,;\"]{1,255}")
_REPLY = re.compile(r"^\s*(re|aw|sv|antw|rv)\s*:", re.IGNORECASE)
_ATTRIBUTION = re.compile(r"@.*:\s*$")
_LANGUAGES = ["en", "fr", "de"]


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
        message = message_from_bytes(raw, policy=SMTP)
        found = _read(message)
    except BadInput:
        raise
    except (MessageError, ValueError, LookupError, TypeError, AttributeError) as error:
        # the parser is lenient with bytes, and then stumbles over what it let through
        raise BadInput(f"a mail: expected RFC 5322, got {type(error).__name__}") from None
    return found


def _read(message: EmailMessage) -> Mail:
    address = _sender(message)
    text = _written(message)
    if not text:
        raise BadInput("a mail: expected some text besides what it quotes, got none")
    named = _ID.findall(_header(message, "message-id"))
    # a mail without an id is known by its content, so that it comes once all the same
    own = named[0] if named else f"{hashlib.sha256(message.as_bytes()).hexdigest()}@no-id"
    answered = _ID.findall(_header(message, "in-reply-to"))
    before = list(reversed(_ID.findall(_header(message, "references"))))
    references = tuple(dict.fromkeys([*answered, *before]))[:MOST_REFERENCES]
    subject = " ".join(_header(message, "subject").split())[:LONGEST_SUBJECT] or NO_SUBJECT
    return Mail(own[:LONGEST_ID], references, address, subject, text, _is_automatic(message))


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
    from mailparser_reply import EmailReplyParser

    part = message.get_body(("plain", "html"))
    if part is None:
        return ""
    content = "\n".join(str(part.get_content())[:MOST_READ].splitlines())
    if part.get_content_subtype() == "html":
        content = _Plain.of(content)
    mails = EmailReplyParser(languages=_LANGUAGES).read(content).replies
    return _unquoted(mails[0].body if mails else "")[:MAX_CHARACTERS].strip()


def _unquoted(text: str) -> str:
    """Without lines marked as quoted, nor the one in any language that says whose words follow."""
    lines = text.splitlines()
    kept = [line for line in lines if not line.lstrip().startswith(">")]
    while len(kept) < len(lines) and kept and not kept[-1].strip():
        kept.pop()
    if len(kept) < len(lines) and kept and _ATTRIBUTION.search(kept[-1]):
        kept.pop()
    return "\n".join(kept).strip()


class _Plain(HTMLParser):
    """The words of a page; a block ends a line."""

    BLOCKS = frozenset({"p", "div", "br", "tr", "li", "h1", "h2", "h3", "blockquote"})
    HIDDEN = frozenset({"script", "style", "head", "title", "blockquote"})

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.hidden = 0

    @classmethod
    def of(cls, page: str) -> str:
        parser = cls()
        parser.feed(page)
        parser.close()
        lines = (" ".join(line.split()) for line in "".join(parser.parts).splitlines())
        return "\n".join(line for line in lines if line)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.hidden += tag in self.HIDDEN
        if tag in self.BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in self.HIDDEN and self.hidden > 0
        if tag in self.BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.parts.append(data)


def answered(subject: str) -> str:
    """The subject of a reply."""
    return subject if _REPLY.match(subject) else f"Re: {subject}"


def compose(reply: Reply, at: datetime) -> bytes:
    """The reply as it travels: in the thread, marked as written by a machine, without markup."""
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = reply.sender, reply.address
    message["Subject"] = answered(reply.subject)
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{reply.mail_id}>"
    if reply.in_reply_to:
        message["In-Reply-To"] = message["References"] = f"<{reply.in_reply_to}>"
    message["Auto-Submitted"] = "auto-replied"
    message.set_content(reply.text)
    return message.as_bytes()
