"""The parts of a request and its draft that features look at, cut to a bounded size."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log1p
from typing import Any

from routing.quality.answers import Answer, answer_in
from routing.request_parts import dicts_in, text_of, turns, value
from routing.types import ChatRequest, Completion

# What is read of a long text: its beginning and its end.
HEAD_CHARACTERS = 3_000
TAIL_CHARACTERS = 5_000
_MAX_WORDS = 1_000
_MAX_TOOLS = 64
_MAX_CALLS = 32

_WORD = re.compile(r"[^\W\d_]{2,}")
# The same of a text that is ASCII in lower case, in half the time.
_ASCII_WORD = re.compile(r"[a-z]{2,}")
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")

# What prompts and drafts are both looked through for.
FORMULA = re.compile(r"\$[^$\n]{1,300}\$|\\[(\[]")
LATEX = re.compile(r"\\[a-zA-Z]{2,}")
_SENTENCE = re.compile(r"[.!?।؟](?:\s|$)")
_DENSE_SENTENCE = "。\uff01\uff1f"
# Scripts that put many words between two spaces.
DENSE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was read. Texts are windows; `*_characters` are the true lengths.

    `prompt` is the newest turn of the client, `turns` how many messages there are.
    `answer` is the final answer as `answers.py` finds it.
    """

    prompt: str
    prompt_characters: int
    prompt_words: tuple[str, ...]
    prompt_numbers: tuple[str, ...]
    turns: int
    system_bytes: int
    tools: tuple[dict[str, Any], ...]
    json_declared: bool
    text: str
    text_characters: int
    words: tuple[str, ...]
    numbers: tuple[str, ...]
    thinking: bool
    calls: tuple[dict[str, Any], ...]
    answer: Answer


def read(request: ChatRequest, draft: Completion) -> Reading:
    """Return what features need of `request` and `draft`. Cost: one pass over both."""
    conversation = turns(request)
    blocks = conversation[-1].blocks if conversation else []
    asked = text_of(blocks)
    said = draft.text
    prompt, text = window(asked), window(said)
    return Reading(
        prompt=prompt,
        prompt_characters=len(asked),
        prompt_words=words_in(prompt),
        prompt_numbers=numbers_in(prompt),
        turns=len(conversation),
        system_bytes=len(bytes(request.fields.get("system", b""))),
        tools=tuple(dicts_in(value(request, "tools"))[:_MAX_TOOLS]),
        json_declared=_declares_json(request),
        text=text,
        text_characters=len(said),
        words=words_in(text),
        numbers=numbers_in(text),
        thinking=any(block.get("type") == "thinking" for block in draft.blocks),
        calls=tuple(draft.tool_uses[:_MAX_CALLS]),
        answer=answer_in(text, prompt),
    )


def window(text: str) -> str:
    """Return `text`, or its beginning and end when it is long."""
    if len(text) <= HEAD_CHARACTERS + TAIL_CHARACTERS:
        return text
    return f"{text[:HEAD_CHARACTERS]}\n{text[-TAIL_CHARACTERS:]}"


def words_in(text: str) -> tuple[str, ...]:
    """Return the words of two letters and more in lower case, the first 1,000."""
    lowered = text.lower()
    pattern = _ASCII_WORD if lowered.isascii() else _WORD
    return tuple(pattern.findall(lowered)[:_MAX_WORDS])


def numbers_in(text: str) -> tuple[str, ...]:
    """Return the numbers as written, without thousands separators; 500 at most."""
    found = NUMBER.findall(text)[:500]
    # All at once: a comma can only stand within one of them.
    return tuple("\n".join(found).replace(",", "").split("\n")) if found else ()


def share(part: float, whole: float) -> float:
    """Return `part` of `whole`, 0 when there is nothing; bounded by 0 and 1."""
    return min(1.0, max(0.0, part / whole)) if whole > 0 else 0.0


def length(count: float) -> float:
    """Return a length on a scale where doubling adds the same: ln(1 + count)."""
    return log1p(max(0.0, count))


def covered(these: Iterable[str], by: Iterable[str]) -> float:
    """Return the share of distinct `these` that occur among `by`."""
    distinct = set(these)
    return share(len(distinct.intersection(by)), len(distinct))


def count_of(pattern: re.Pattern[str], text: str, signs: str = "") -> float:
    """Return how often `pattern` occurs in `text`, as a length.

    Every match has one of `signs`, where they are told: a text without is not searched.
    """
    if signs and not any(sign in text for sign in signs):
        return 0.0
    return length(len(pattern.findall(text)))


def sentences_in(text: str) -> int:
    """Return how many sentences end in `text`."""
    dense = sum(map(text.count, _DENSE_SENTENCE))
    return dense + len(_SENTENCE.findall(text))


def has(pattern: re.Pattern[str], text: str) -> float:
    """Return 1.0 when `pattern` occurs in `text`, else 0.0."""
    return float(pattern.search(text) is not None)


def holds(parts: Iterable[str], text: str) -> float:
    """Return 1.0 when any of `parts` stands in `text`, else 0.0."""
    return float(any(part in text for part in parts))


def mean(values: Sequence[float]) -> float:
    """Return the mean, 0 of nothing."""
    return sum(values) / len(values) if values else 0.0


def _declares_json(request: ChatRequest) -> bool:
    config = value(request, "output_config")
    declared = config.get("format") if isinstance(config, dict) else None
    return isinstance(declared or value(request, "output_format"), dict)
