"""What the writer of a mail wrote now: without the mails before it, and without a signature.

A stranger's text goes through this: every rule looks at a line, or at a few beside it, and no
pattern can try the same characters again and again.
"""

import html
import re

_HEADER = re.compile(
    r"\*{0,2}(from|sent|date|to|cc|subject|de|enviado|fecha|para|asunto|envoyé|à|objet|von|gesendet"
    r"|an|betreff) ?\*{0,2} ?:",
    re.IGNORECASE,
)
_FIRST_HEADER = re.compile(r"\*{0,2}(from|de|von) ?\*{0,2} ?:", re.IGNORECASE)
_RULE = re.compile(r"_{20,}")
_FORWARDED = re.compile(
    r"-{2,} ?(original message|forwarded message|mensaje original|mensaje reenviado"
    r"|message d'origine|message transféré|ursprüngliche nachricht|weitergeleitete nachricht)"
    r" ?-{2,}",
    re.IGNORECASE,
)
_WROTE = re.compile(r"\b(wrote|escribió|a écrit|schrieb)\b", re.IGNORECASE)
_OPENS = ("On ", "El ", "Le ", "Am ")
_CLOSING = re.compile(
    r"((best|kind|warm|warmest) )?regards|sincerely( yours)?|yours (sincerely|truly|faithfully)"
    r"|(un )?saludos?( cordial(es)?)?|atentamente|cordialement|bien à vous"
    r"|(mit freundlichen|viele|beste) grüßen?",
    re.IGNORECASE,
)
_DEVICE = re.compile(
    r"(sent from my|sent from outlook|get outlook for|enviado desde|envoyé de mon|envoyé depuis"
    r"|von meinem) ?.{0,60}",
    re.IGNORECASE,
)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*+)[^<>]*+>|<[!?][^<>]*+>")
_UNSTORABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
BLOCKS = frozenset({"p", "div", "br", "tr", "li", "h1", "h2", "h3", "blockquote"})
HIDDEN = frozenset({"script", "style", "title", "blockquote"})
LONGEST_ATTRIBUTION = 400
NEAR = 5
"""Lines within which the headers of a quoted mail stand together."""
SHORT = 60
"""Characters of a line of a signature below its closing."""


def storable(text: str) -> str:
    """Without the characters that a database or a header refuses; half a character is unknown."""
    return _UNSTORABLE.sub(lambda found: "\ufffd" if found[0] >= "\ud800" else "", text)


def words_of_page(page: str) -> str:
    """The words of an HTML page, without what it hides or quotes; a block ends a line."""
    parts: list[str] = []
    hidden = position = 0
    page = _without_comments(page)
    for tag in _TAG.finditer(page):
        if not hidden:
            parts.append(page[position : tag.start()])
        position, name = tag.end(), (tag[2] or "").lower()
        if name in HIDDEN:
            hidden = max(hidden + (-1 if tag[1] else 1), 0)
        if name in BLOCKS:
            parts.append("<br>")  # no text holds it: every tag was cut
    if not hidden:
        parts.append(page[position:])
    blocks = "".join(parts).split("<br>")
    lines = (" ".join(html.unescape(block).split()) for block in blocks)
    return "\n".join(line for line in lines if line)


def _without_comments(page: str) -> str:
    parts, position = [], 0
    while (start := page.find("<!--", position)) >= 0:
        parts.append(page[position:start])
        end = page.find("-->", start)
        if end < 0:
            return "".join(parts)
        position = end + 3
    return "".join([*parts, page[position:]])


def written_now(text: str) -> str:
    """A mail's plain text without quoted mails, wherever they stand, and without a signature."""
    lines = [line.strip() for line in text.splitlines()]
    kept: list[str] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        if line.startswith(">"):
            _drop_attribution(kept)
            at += 1
        elif span := _attribution(lines, at):
            at += span
            if not _quoted_next(lines, at):
                break  # the mail before follows as it was
        elif line == "--" or _begins_history(lines, at):
            break
        else:
            kept.append(line)
            at += 1
    return "\n".join(_without_closing(kept)).strip()


def _drop_attribution(kept: list[str]) -> None:
    """A quote follows: a line above it that names an address says whose it is, in any language."""
    last = next((i for i in reversed(range(max(len(kept) - 2, 0), len(kept))) if kept[i]), None)
    if last is not None and "@" in kept[last] and kept[last].endswith(":"):
        del kept[last:]


def _attribution(lines: list[str], at: int) -> int:
    """How many lines say "On <a day>, somebody wrote:"; 0: none do."""
    if not lines[at].startswith(_OPENS):
        return 0
    for span in (1, 2, 3):
        said = " ".join(lines[at : at + span])
        if len(said) > LONGEST_ATTRIBUTION:
            return 0
        if said.endswith(":") and _WROTE.search(said):
            # a day or an address tells it from "On my way the driver wrote:"
            return span if "@" in said or any(c.isdigit() for c in said) else 0
    return 0


def _quoted_next(lines: list[str], at: int) -> bool:
    return next((line for line in lines[at : at + 3] if line), "").startswith(">")


def _begins_history(lines: list[str], at: int) -> bool:
    """The mail before, as programs put it below a reply without marking its lines."""
    line = lines[at]
    if _RULE.fullmatch(line) or _FORWARDED.fullmatch(line):
        return True
    if not _FIRST_HEADER.match(line):
        return False
    beside = lines[at + 1 : at + 1 + NEAR]
    return sum(_HEADER.match(other) is not None for other in beside) >= 2


def _without_closing(lines: list[str]) -> list[str]:
    """Without "Sent from my phone", and without "Best regards" and the short lines below it."""
    lines = _without_end(lines)
    if lines and _DEVICE.fullmatch(lines[-1]):
        lines = _without_end(lines[:-1])
    for at in range(max(len(lines) - NEAR, 1), len(lines)):
        closes = _CLOSING.fullmatch(lines[at].rstrip(",.! ")) is not None
        if closes and all(len(line) <= SHORT and "?" not in line for line in lines[at:]):
            return _without_end(lines[:at])
    return lines


def _without_end(lines: list[str]) -> list[str]:
    end = len(lines)
    while end and not lines[end - 1]:
        end -= 1
    return lines[:end]
