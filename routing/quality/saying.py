"""What short answers come to when one is a bare value and the other a sentence.

A value is asserted at the end of a sentence ("The answer is 4."), or leads it ("Yes,
because ..."). Where no value is asserted, or something speaks against it, nothing is
compared.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from routing.quality.quantities import Relation, amount_in, compared
from routing.quality.spelling import canonical, same

# A bare value, and a line that may assert one.
_BARE = 80
_LINE = 240
_WORDS_OF_VALUE = 5

_WRAPPED = re.compile(r"```[ \t]*\w*[ \t]*\n(.*?)\n?[ \t]*```\s*", re.DOTALL)
_MARKS = re.compile(r"\*\*|__|\\[()\[\]]|(?<!\w)`|`(?!\w)|\$(?!\d)|(?<=[\d\w)])\$")
# What stands between a question and its value, in the languages we are asked in most.
_ASSERTS = re.compile(
    r"(?:\b(?:is|are|was|were|equals|equal|becomes|ist|sind|war|lautet|beträgt|est|"
    r"sont|vaut|égale|es|son|é|são|è|sono|är|равен|равно|равна|это)\b"
    r"|[=≈→]"
    r"|(?<![\d:])[:\uff1a](?!\d)|是|为|為|等于"
    r"|(?<=\w)[は은는](?=\s*\S))\s*"
)
_BEFORE_VALUE = re.compile(
    r"(?:(?:exactly|about|approximately|choice|answer|letter|equal to|to|the|an?|"
    r"die|der|das|option|la|le|les|el|los|choix|opción|вариант)\s+)+(?=\S)",
    re.IGNORECASE,
)
_AFTER_VALUE = re.compile(r"(?:です|である|입니다|이다)$")
_ENDING = " \t.!。\uff01,;“”„«»"
_AGAINST = re.compile(
    r"\b(?:not?|never|neither|nor|cannot|without|except|nicht|kein\w*|nie|pas|jamais|non|"
    r"nunca|não|не|нет|ni|aber|but|however|unless|maybe|perhaps)\b|n['\u2019]t\b|不|没|ない|"
    r"ません|아니|않",
    re.IGNORECASE,
)
_YES = frozenset(
    {
        "yes",
        "yeah",
        "ja",
        "oui",
        "sí",
        "si",
        "sim",
        "да",
        "是",
        "是的",
        "はい",
        "네",
        "예",
    }
)
_NO = frozenset(
    {
        "no",
        "nope",
        "nein",
        "non",
        "não",
        "nej",
        "нет",
        "否",
        "不是",
        "いいえ",
        "아니요",
        "아니오",
    }
)
_LEADS = re.compile(
    r"\s*([^\s.,;:!?()\u2014。\uff0c、\uff01]{1,40})\s*(?:[.,;:!\u2014。\uff0c、\uff01]|\s-\s|\n|$)"
)
_OPTION = re.compile(r"\s*\(?([A-Z])[).:]\s+\S")
_NUMBER = re.compile(r"(?<![\w.,])[-\u2212]?(?:[$€£¥]\s?)?\d+(?:[.,]\d+)*%?(?![\w])")
_WORDS_FIRST = re.compile(r"[^\W\d_]+ [^\W\d_]+ ")
_FIRST_OF_MORE = re.compile(r"\S+[,;:.!]\s")
_SENTENCE = re.compile(r"[.!?。\uff01\uff1f]\s*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a text says. `bare`: it is a value and nothing else.

    `value` is what it asserts, as it is written; `leads` what it begins with; `number`
    the only number in it. Each "" where there is none. `against`: words that may turn
    what it says into its opposite.
    """

    bare: bool
    value: str
    leads: str
    number: str
    against: bool

    @property
    def yes(self) -> bool | None:
        """Whether it begins with a yes, or a no; None with neither."""
        word = (self.leads or self.value).casefold()
        return True if word in _YES else False if word in _NO else None


def said_in(text: str) -> Said:
    """Return what `text` says. Reads its first and last line only."""
    plain = _unwrapped(text)
    lines = [line.strip() for line in plain.splitlines() if line.strip()]
    if not lines:
        return Said(bare=False, value="", leads="", number="", against=True)
    only = len(lines) == 1 and len(plain) <= _LINE
    bare = only and _is_bare(plain)
    numbers = _NUMBER.findall(plain) if only else []
    return Said(
        bare=bare,
        value=_without_brackets(plain) if bare else _asserted(lines[-1]),
        leads=_leading(lines[0]),
        number=numbers[0] if len(numbers) == 1 else "",
        against=_AGAINST.search(plain[:_LINE] + " " + plain[-_LINE:]) is not None,
    )


def related(one: str, other: str) -> Relation | None:
    """Return how two answers relate; None where their form alone has to tell.

    That is so of two bare values and of two sentences that nothing speaks against.
    """
    first, second = said_in(one), said_in(other)
    if first.yes is not None and second.yes is not None:
        return _polar(first, second)
    found = _of_values(first.value, second.value)
    if found is not None or (first.bare and second.bare):
        return found
    if first.bare or second.bare:
        return _of_bare(*((first, second) if first.bare else (second, first)))
    return _of_sentences(first, second)


def _of_values(one: str, other: str) -> Relation | None:
    """What two asserted values come to where that is certain; None else."""
    if not (one and other):
        return None
    found = compared(one, other)
    if found is None and same(canonical(one), canonical(other)):
        return "agree"
    return found


def _of_sentences(first: Said, second: Said) -> Relation | None:
    if first.value and second.value and _of_a_kind(first.value, second.value):
        return "differ"
    told = first.number and second.number and not (first.against or second.against)
    return None if told else "not_comparable"


def _polar(first: Said, second: Said) -> Relation:
    if first.yes != second.yes:
        return "differ"
    turned = (said.against and said.yes for said in (first, second) if not said.bare)
    return "not_comparable" if any(turned) else "agree"


def _of_bare(bare: Said, sentence: Said) -> Relation:
    if sentence.leads and not sentence.against and _is(bare.value, sentence.leads):
        return "agree"
    if sentence.value:
        return "differ" if _of_a_kind(bare.value, sentence.value) else "not_comparable"
    if sentence.against or not sentence.number:
        return "not_comparable"
    return compared(bare.value, sentence.number) or "not_comparable"


def _of_a_kind(one: str, other: str) -> bool:
    """Whether both are numbers, or both are single words: then they can contradict."""
    if amount_in(one) and amount_in(other):
        return True
    return (
        not any(map(amount_in, (one, other)))
        and max(len(one.split()), len(other.split())) == 1
    )


def _is(one: str, other: str) -> bool:
    return compared(one, other) == "agree" or same(canonical(one), canonical(other))


def _unwrapped(text: str) -> str:
    stripped = text.strip()
    fenced = _WRAPPED.fullmatch(stripped)
    return _MARKS.sub("", fenced[1] if fenced else stripped).strip()


def _is_bare(text: str) -> bool:
    """Whether a line is no sentence: short, and nothing in it asserts."""
    if len(text) > _BARE or _OPTION.match(text):
        return False
    if text[:1] in "([{'\"" or amount_in(text):
        return True
    if _ASSERTS.search(text) or _has_lead(text):
        return False
    return len(text.split()) < 3 or not _SENTENCE.search(text)


def _has_lead(text: str) -> bool:
    """Whether words come before a number, or more after the first one's comma."""
    if _WORDS_FIRST.match(text) and _NUMBER.search(text):
        return True
    return not text[:1].isdigit() and bool(_FIRST_OF_MORE.match(text))


def _asserted(line: str) -> str:
    """The value at the end of a line, "" when the line asserts none."""
    ends = [found.end() for found in _ASSERTS.finditer(line[-_LINE:])]
    if not ends:
        return ""
    tail = line[-_LINE:]
    for end in ends:
        if option := _OPTION.match(_BEFORE_VALUE.sub("", tail[end:], count=1)):
            return option[1]
    value = _BEFORE_VALUE.sub("", tail[ends[-1] :].strip(), count=1)
    value = _without_brackets(_AFTER_VALUE.sub("", value.strip(_ENDING)))
    doubted = _AGAINST.search(value) or _AGAINST.search(tail[: ends[-1]])
    if not value or doubted or len(value.split()) > _WORDS_OF_VALUE:
        return ""
    return value


def _without_brackets(value: str) -> str:
    value = value.strip(_ENDING)
    return value[1:-1] if re.fullmatch(r"\(\w+\)", value) else value


def _leading(line: str) -> str:
    if option := _OPTION.match(line):
        return option[1]
    found = _LEADS.match(line)
    return found[1] if found else ""
