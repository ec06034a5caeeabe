"""Whether another wording of an answer says what the answer says: no more, no less, nothing else.

The check errs on one side: a good wording that it refuses costs nothing, since the answer itself is
told instead. It reads words, not meaning, and English only: two words that change places inside one
clause without a number stay unseen.
"""

import re
from collections import Counter
from enum import StrEnum
from functools import cache

from engines.support import language
from features import figures
from features.text import terms, words

SHORTEST, LONGEST = 0.5, 1.5
"""Bounds of the length, as shares of the answer's."""
SUPPORT = 0.7
"""Share of a sentence's content words that must be the answer's."""
CLAUSE_SUPPORT = 0.6
"""Share of the shorter of two clauses with the same number or "not" that both must have."""
COVERAGE = 0.5
"""Share of the content words of each of the answer's sentences that must be left."""
ECHO_WORDS = 4
"""So many words of the user's in a row are an echo if the answer does not have them."""


class Fault(StrEnum):
    """What is wrong with a wording; the values label a metric."""

    EMPTY = "empty"
    LENGTH = "length"
    CHARACTER = "character"
    LINK = "link"
    NUMBER = "number"
    FIGURE = "figure"
    NEGATION = "negation"
    QUALIFIER = "qualifier"
    PROMISE = "promise"
    NAME = "name"
    CLAIM = "claim"
    UNSUPPORTED = "unsupported"
    OMITTED = "omitted"
    MOVED = "moved"
    ECHO = "echo"
    LANGUAGE = "language"


_VALUES = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14,
    "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20,
    "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_NEGATIONS = """
no not never none nothing nobody nowhere neither nor without cannot cant dont wont isnt arent doesnt
didnt wasnt werent shouldnt couldnt wouldnt unable hardly
"""
# each must stand as often as in the answer: one more or one less is another rule
_QUALIFIERS = """
if unless only except until within before after always must may might should least most more less
fewer above below over under up early earlier late later first second third last once twice half
double triple quarter dozen hundred thousand million every each all any both either few several
couple today tomorrow yesterday tonight monday tuesday wednesday thursday friday saturday sunday
january february march april june july august september october november december am pm noon
midnight daily weekly monthly yearly been already done was were
"""
_PROMISES = """
refund refundable free guarantee credit compensate compensation reimburse waive waiver bonus
discount gift complimentary promise instantly immediately voucher coupon cash certainly definitely
absolutely forever unlimited reward cashback priority approved eligible entitled asap
"""
_COURTESIES = """
sure happy glad help thank thanks sorry hi hello hey please simply just quickly easy easily great
question course know let need want like here understand frustrating hope happily good right ask
"""
_SPEAKERS = "i i'm i'd i'll i've we we're we'd we'll we've our us me my"
_COURTEOUS_FORMS = "that's here's you'd you're it's"
_OPPOSITES = ("un", "in", "im", "ir", "dis", "non", "de")

_NUMBER = re.compile(r"\d+(?:[.,:/-]\d+)*")
_PLAIN_NUMBER = re.compile(r"(?!0\d)(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")
_LINK = re.compile(r"https?:|www\.|\S+@\S+|\b\w[\w-]*(?:\.[\w-]+)*\.[a-z]{2,}\b", re.IGNORECASE)
_NAME = re.compile(r"\b[A-Z][\w'’]*")
_CLAIM = re.compile(r"\b(?:i|we) ?(?:['’](?:ve|ll)|have|had|did|will|can|just|already)\b", re.I)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_CLAUSE = re.compile(r"[,;:.!?]\s+|\n+|\s[-–—]\s|\b(?:and|or|but|then|while|whereas)\b", re.I)
_PLAIN = frozenset(" .,;:!?'\"’‘“”")
_LAST_LATIN = 0x024F


def faults(rephrased: str, source_text: str, user_message: str) -> list[str]:
    """Everything wrong with ``rephrased`` as another wording of ``source_text``; empty: it may be
    told.

    Numbers come in the order of the source and none is lost; figures with their units, negations
    and qualifiers stand as often as there; promises, names and links are the source's. A number,
    a promise, a negation or a "we" stays with the words that it belongs to.
    """
    if not rephrased.strip():
        return [Fault.EMPTY.value]
    if not SHORTEST <= len(rephrased) / max(len(source_text), 1) <= LONGEST:
        return [Fault.LENGTH.value]  # alone: the other checks need not read an endless text
    checks = {
        Fault.CHARACTER: bool(_characters(rephrased) - _characters(source_text)),
        Fault.LINK: not _links(rephrased) <= _links(source_text),
        Fault.NUMBER: not _same_numbers(_numbers(rephrased), _numbers(source_text)),
        Fault.FIGURE: _figures(rephrased) != _figures(source_text),
        Fault.NEGATION: _negations(rephrased) != _negations(source_text),
        Fault.QUALIFIER: _qualifiers(rephrased) != _qualifiers(source_text),
        Fault.PROMISE: not _promises(rephrased) <= _promises(source_text),
        Fault.NAME: not _names(rephrased) <= {*words(source_text)},
        Fault.CLAIM: len(_CLAIM.findall(rephrased)) > len(_CLAIM.findall(source_text)),
        Fault.UNSUPPORTED: _unsupported(rephrased, source_text),
        Fault.OMITTED: _lacks(source_text, _content(rephrased), COVERAGE),
        Fault.MOVED: _moved(rephrased, source_text),
        Fault.ECHO: _echoed(rephrased, source_text, user_message),
        Fault.LANGUAGE: {language.detect(rephrased), language.detect(source_text)}
        != {language.ENGLISH},
    }
    return [fault.value for fault, wrong in checks.items() if wrong]


def _characters(text: str) -> Counter[str]:
    """Signs that carry meaning or markup, and letters of other scripts, by how often they stand."""
    return Counter(
        sign
        for sign in text
        if sign not in _PLAIN
        and not (sign.isascii() and sign.isalnum())
        and not (sign.isalpha() and ord(sign) <= _LAST_LATIN)
    )


def _links(text: str) -> set[str]:
    return {match[0].lower().rstrip(".,;:!?") for match in _LINK.finditer(text)}


def _numbers(text: str) -> list[str]:
    """Every number, written in digits or in words, in the order of the text."""
    found = [(match.start(), _plain(match[0])) for match in _NUMBER.finditer(text)]
    for match in re.finditer(r"[a-z]+", text.lower()):
        if match[0] in _VALUES:
            found.append((match.start(), str(_VALUES[match[0]])))
    return [number for _, number in sorted(found)]


def _plain(number: str) -> str:
    """A number as one writes it without thousands marks and idle zeros, a date as it is."""
    if not _PLAIN_NUMBER.fullmatch(number):
        return number
    whole, _, part = number.replace(",", "").partition(".")
    return f"{whole}.{part.rstrip('0')}".rstrip(".")


def _same_numbers(said: list[str], known: list[str]) -> bool:
    """The known ones in their order; one that repeats may be said less often, never none."""
    rest = iter(known)
    return {*said} == {*known} and all(number in rest for number in said)


def _figures(text: str) -> set[figures.Figure]:
    return {figure for figure, _ in figures.find(text)}


def _negations(text: str) -> int:
    return sum(map(_negates, words(text)))


def _negates(word: str) -> bool:
    return word in _words_of(_NEGATIONS) or word.endswith("n't")


def _qualifiers(text: str) -> Counter[str]:
    return Counter(word for word in words(text) if word in _words_of(_QUALIFIERS))


def _promises(text: str) -> set[str]:
    return {*terms(text)} & _stems_of(_PROMISES)


@cache
def _words_of(text: str) -> frozenset[str]:
    return frozenset(words(text))


@cache
def _stems_of(text: str) -> frozenset[str]:
    return frozenset(terms(text))


def _names(text: str) -> set[str]:
    """Capitalised words in lower case; small words and courtesies name nothing."""
    found = (word for match in _NAME.finditer(text) for word in words(match[0]))
    return {word for word in found if _content(word)}


def _content(text: str) -> set[str]:
    """Stems that say something; numbers and negations are looked at for themselves."""
    small = _stems_of(f"{_COURTESIES} {_COURTEOUS_FORMS} {_SPEAKERS} {_NEGATIONS}")
    return {
        term for term in {*terms(text)} - small if not (term[0].isdigit() or term.endswith("n't"))
    }


def _unsupported(said: str, known: str) -> bool:
    """A sentence has too many words of its own, or turns a word into its opposite."""
    source = _content(known)
    new = _content(said) - source
    turned = {prefix + word for word in source for prefix in _OPPOSITES}
    turned |= {word.removeprefix(prefix) for word in source for prefix in _OPPOSITES}
    return bool(new & turned) or _lacks(said, source, SUPPORT)


def _lacks(text: str, among: set[str], share: float) -> bool:
    """Some sentence has less than that share of its content words ``among`` others."""
    contents = map(_content, _SENTENCE.split(text))
    return any(len(content & among) < share * len(content) for content in contents)


def _moved(said: str, known: str) -> bool:
    """A key has come to stand in a clause that shares too few words with each clause it is from."""
    source = [(_keys(clause), _content(clause)) for clause in _CLAUSE.split(known)]
    for clause in _CLAUSE.split(said):
        content = _content(clause)
        for key in _keys(clause) if content else ():
            if not any(_akin(content, home) for keys, home in source if key in keys):
                return True
    return False


def _akin(clause: set[str], other: set[str]) -> bool:
    return len(clause & other) >= CLAUSE_SUPPORT * min(len(clause), len(other))


def _keys(clause: str) -> set[str]:
    """What must stay with its words: numbers, promises, a "not", a "we"."""
    said = words(clause)
    negated = {"not"} if any(map(_negates, said)) else set()
    speaking = {"we"} if _words_of(_SPEAKERS) & {*said} else set()
    return {*_numbers(clause), *_promises(clause), *negated, *speaking}


def _echoed(said: str, known: str, asked: str) -> bool:
    return bool((_runs(said) & _runs(asked)) - _runs(known))


def _runs(text: str) -> set[tuple[str, ...]]:
    found = words(text)
    return {tuple(found[i : i + ECHO_WORDS]) for i in range(len(found) - ECHO_WORDS + 1)}
