"""The final answer in a text: what two texts can be compared by, whatever else is said.

A letter of a choice, a number, a label or a literal; found by form, not by language.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from routing.quality.spelling import canonical, is_plain_number

Kind = Literal["", "json", "letter", "boxed", "number", "label", "literal"]

_TAIL = 1_500
# A number further from the end than this is no conclusion.
_CONCLUSION = 160
_LABEL = 60
_MAX_FIELDS = 40
_MAX_WORDS = 8
_DEEP = 12

_RESULT = ("answer", "result", "output", "final", "label", "value")

CHOICE_LINE = re.compile(r"^[ \t]*[(\[]?([A-Z])[.)\]:][ \t]+\S", re.MULTILINE)
# A letter alone, marked as an answer: in brackets, bold, after a colon, or at the end.
_MARKED_LETTER = re.compile(
    r"(?:\(([A-Z])\)|\*\*\(?([A-Z])\)?[.)*:]|[:\uff1a]\s*\(?([A-Z])\b(?![a-z'\u2019])"
    r"|(?<![\w'\u2019])([A-Z])[.)]?\s*$)"
)
_LEADING_LETTER = re.compile(r"\s*\(?([A-Z])(?:[.):]|\s*$|\s*\n)")
_FENCED = re.compile(r"```[ \t]*(?:json)?[ \t]*\n(.*?)(?:\n[ \t]*```|\Z)", re.DOTALL)
_FIELD = re.compile(
    r'"([A-Za-z_][\w -]{0,40})"\s*:\s*'
    r'("(?:[^"\\\n]|\\.){0,120}"|-?\d[\d.,eE+-]{0,30}|true|false|null)\s*(?=[,}\n]|\Z)'
)
_BOXED = re.compile(r"\\(?:boxed|fbox)\s*\{")
_NUMBER = re.compile(
    r"(?<![\w.])[-\u2212]?(?:[$€£¥]\s*)?\d(?:[\d,'\u2019\u00a0\u202f]*\d)?(?:\.\d+)?(?:[eE][-+]?\d+)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A final answer: its kind ("" when none was found) and its canonical values.

    `fields` holds the short fields of a JSON answer, else one value under "". `at` is
    where in the text it stands, 0 at the beginning and 1 at the end.
    """

    kind: Kind = ""
    fields: tuple[tuple[str, str], ...] = ()
    at: float = 0.0

    @property
    def value(self) -> str:
        """The answer proper: the last field, "" when there is none."""
        return self.fields[-1][1] if self.fields else ""

    @property
    def named(self) -> str | None:
        """The last field whose name says that it is the result; None without one."""
        found = [value for path, value in self.fields if is_result(path)]
        return found[-1] if found else None


NO_ANSWER = Answer()


def answer_in(text: str, prompt: str) -> Answer:
    """Return the final answer in `text` to `prompt`.

    In this order: JSON by its short fields, a letter where the prompt offers choices, a
    boxed answer, a text that is short as a whole, the number a text concludes with
    where the prompt has numbers.
    """
    stripped = text.strip()
    if not stripped:
        return NO_ANSWER
    found = _json_answer(stripped)
    if found is None and len(CHOICE_LINE.findall(prompt)) >= 2:
        found = _letter_answer(stripped, prompt)
    if found is None:
        found = _boxed_answer(stripped) or _label_answer(stripped, prompt)
    return found or _number_answer(stripped, prompt) or NO_ANSWER


def short_fields(value: Any) -> tuple[tuple[str, str], ...]:
    """Return the short scalars of parsed JSON, each with its path, in a fixed order."""
    found: list[tuple[str, str]] = []
    _collect(value, "", found, 0)
    return tuple(found)


def _collect(value: Any, path: str, found: list[tuple[str, str]], depth: int) -> None:
    if len(found) >= _MAX_FIELDS or depth > _DEEP:
        return
    if isinstance(value, dict):
        for name, entry in value.items():
            _collect(entry, f"{path}/{name}", found, depth + 1)
    elif isinstance(value, list):
        for place, entry in enumerate(value[:_MAX_FIELDS]):
            _collect(entry, f"{path}/{place}", found, depth + 1)
    elif not isinstance(value, str) or _is_short(value, path):
        found.append((path, canonical(value)))


def _is_short(text: str, path: str) -> bool:
    """Whether a field is an answer by form or name, and not a sentence about one."""
    if len(text) > 2 * _LABEL:
        return False
    return text.strip().count(" ") < _MAX_WORDS or is_result(path)


def is_result(path: str) -> bool:
    """Return whether a field is named as what it all comes to."""
    return path.rpartition("/")[2].lower() in _RESULT


def json_in(text: str) -> Any:
    """Return the JSON object or list that `text` is or holds, None without one."""
    for candidate in _json_candidates(text):
        try:
            found = msgspec.json.decode(candidate)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict | list) and found:
            return found
    return None


def _json_candidates(text: str) -> list[str]:
    candidates = [text] if text[:1] in "{[" else []
    candidates += [found for found in _FENCED.findall(text)[-3:] if found]
    first, last = text.find("{"), text.rfind("}")
    if 0 <= first < last:
        candidates.append(text[first : last + 1])
    start = text.rfind("\n{")
    if 0 <= start < last:
        candidates.append(text[start : last + 1])
    return candidates


def _json_answer(text: str) -> Answer | None:
    if "{" not in text and text[0] != "[":
        return None
    parsed = json_in(text)
    fields = short_fields(parsed) if parsed is not None else _loose_fields(text)
    return Answer(kind="json", fields=fields, at=1.0) if fields else None


def _loose_fields(text: str) -> tuple[tuple[str, str], ...]:
    """The short fields of what is meant as JSON but does not parse."""
    last = dict(_FIELD.findall(text[-2 * _TAIL :]))
    return tuple(
        (f"/{name}", canonical(value.strip('"').replace('\\"', '"')))
        for name, value in last.items()
    )


def _letter_answer(text: str, prompt: str) -> Answer | None:
    offered = set(CHOICE_LINE.findall(prompt))
    start = max(0, len(text) - _TAIL)
    for match in reversed(list(_MARKED_LETTER.finditer(text, start))):
        letter = next(group for group in match.groups() if group)
        if letter in offered:
            return _one("letter", letter, match.start() / len(text))
    match_ = _LEADING_LETTER.match(text)
    if match_ and match_[1] in offered:
        return _one("letter", match_[1], 0.0)
    return None


def _boxed_answer(text: str) -> Answer | None:
    last = _last(_BOXED, text, _TAIL)
    if last is None:
        return None
    depth, end = 1, last.end()
    while end < len(text) and depth:
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        end += 1
    inner = text[last.end() : end - 1]
    return _one("boxed", canonical(inner), last.start() / len(text)) if inner else None


def _label_answer(text: str, prompt: str) -> Answer | None:
    """A short text as a whole, unless a number within it is what was asked for."""
    if len(text) > _LABEL or "\n" in text:
        return None
    value = canonical(text)
    if is_plain_number(value):
        return _one("number", value, 0.0)
    if len(_NUMBER.findall(text)) == 1 and any(map(str.isdigit, prompt)):
        return None
    return _one("label", value, 0.0)


def _number_answer(text: str, prompt: str) -> Answer | None:
    if not any(map(str.isdigit, prompt)):
        return None
    last = _last(_NUMBER, text, _CONCLUSION)
    if last is None:
        return None
    return _one("number", canonical(last[0]), last.start() / len(text))


def _last(pattern: re.Pattern[str], text: str, tail: int) -> re.Match[str] | None:
    """The last match that begins within the last `tail` characters."""
    found = list(pattern.finditer(text, max(0, len(text) - tail)))
    return found[-1] if found else None


def _one(kind: Kind, value: str, at: float) -> Answer:
    return Answer(kind=kind, fields=(("", value),), at=at)
