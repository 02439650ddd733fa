"""How a draft is built: its length, its parts, how much it repeats."""

from __future__ import annotations

import re
import zlib

from routing.quality.features.reading import (
    DENSE,
    FORMULA,
    LATEX,
    Reading,
    count_of,
    covered,
    has,
    length,
    mean,
    sentences_in,
    share,
)

NAMES = (
    "draft_length",
    "draft_to_ask",
    "draft_empty",
    "draft_thinking",
    "draft_lines",
    "draft_items",
    "draft_headings",
    "draft_bold",
    "draft_code_blocks",
    "draft_formulas",
    "draft_latex",
    "draft_steps",
    "draft_sentences",
    "draft_sentence_length",
    "draft_word_length",
    "draft_distinct",
    "draft_repeated",
    "draft_compressed",
    "draft_unfinished",
    "draft_list_unfinished",
    "draft_ask_covered",
    "draft_from_ask",
    "draft_script_differs",
    "draft_numbers",
    "draft_numbers_from_ask",
    "draft_ask_numbers_used",
    "draft_questions",
    "draft_begins_as_json",
    "draft_json_parses",
)

_ITEM = re.compile(r"^[ \t]*(?:[-*•]|\d{1,3}[.)])[ \t]+", re.MULTILINE)
_NUMBERED = re.compile(r"^[ \t]*(\d{1,3})[.)][ \t]*(.*)$", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6} ", re.MULTILINE)
_BOLD = re.compile(r"\*\*[^*\n]{1,80}\*\*")
_CODE_FENCE = re.compile(r"^[ \t]*```", re.MULTILINE)
_STEP = re.compile(r"\n[ \t*]*(?:step\s*)?\d{1,2}[.):]", re.IGNORECASE)
_ENDED = re.compile(r"[.!?。\uff01\uff1f।؟:)\]}\"'`*”»|\d>~%]\s*\Z")
_QUESTION_END = re.compile(r"[?\uff1f؟]\s*\Z")
_SCRIPTS = (
    re.compile(r"[A-Za-zÀ-ɏ]"),
    re.compile(r"[\u0400-\u04ff]"),
    re.compile(r"[\u0600-\u06ff]"),
    DENSE,
    re.compile(r"[\u0900-\u097f]"),
)
_SAMPLE = 3_000
_SCRIPT = 600
_RUN = 6


def measure(reading: Reading) -> dict[str, float]:
    """Return the features of the draft's shape by name."""
    text = reading.text
    return {
        "draft_length": length(reading.text_characters),
        "draft_to_ask": length(reading.text_characters)
        - length(reading.prompt_characters),
        "draft_empty": float(not text.strip()),
        "draft_thinking": float(reading.thinking),
        "draft_begins_as_json": float(text.lstrip()[:1] in ("{", "[")),
        "draft_json_parses": float(reading.answer.kind == "json"),
        **_structure(text),
        **_prose(reading),
        **_endings(text),
        **_shared(reading),
    }


def repeated_share(words: tuple[str, ...], run: int = _RUN) -> float:
    """Return the share of runs of `run` words seen earlier; 0 for shorter texts."""
    count = len(words) - run + 1
    if count < 1:
        return 0.0
    runs = zip(*(words[at:] for at in range(run)), strict=False)
    return 1.0 - share(len(set(runs)), count)


def _structure(text: str) -> dict[str, float]:
    return {
        "draft_lines": length(text.count("\n")),
        "draft_items": count_of(_ITEM, text),
        "draft_headings": count_of(_HEADING, text, "#"),
        "draft_bold": count_of(_BOLD, text, "*"),
        "draft_code_blocks": length(_fences_in(text) // 2),
        "draft_formulas": count_of(FORMULA, text, "$\\"),
        "draft_latex": count_of(LATEX, text, "\\"),
        "draft_steps": count_of(_STEP, "\n" + text.replace("\\n", "\n")),
    }


def _fences_in(text: str) -> int:
    return len(_CODE_FENCE.findall(text)) if "```" in text else 0


def _prose(reading: Reading) -> dict[str, float]:
    text, words = reading.text, reading.words
    sentences = sentences_in(text)
    sample = text[-_SAMPLE:].encode("utf-8", "replace")
    packed = len(zlib.compress(sample, 1))
    return {
        "draft_sentences": length(sentences),
        "draft_sentence_length": length(len(words) / (sentences + 1)),
        "draft_word_length": mean([*map(len, words[:400])]),
        "draft_distinct": share(len(set(words)), len(words)),
        "draft_repeated": repeated_share(words),
        "draft_compressed": share(packed, len(sample)),
    }


def _endings(text: str) -> dict[str, float]:
    ended = not text.strip() or _ENDED.search(text, max(0, len(text) - 20))
    return {
        "draft_unfinished": float(not ended),
        "draft_list_unfinished": float(_is_list_unfinished(text)),
        "draft_questions": has(_QUESTION_END, text[-20:]),
    }


def _is_list_unfinished(text: str) -> bool:
    """Whether the last line is a numbered item without words, or one number missing."""
    items = _NUMBERED.findall(text[-_SAMPLE:])
    if len(items) < 2:
        return False
    return not items[-1][1].strip() and text.rstrip().endswith(items[-1][0] + ".")


def _shared(reading: Reading) -> dict[str, float]:
    numbers = reading.numbers
    return {
        "draft_ask_covered": covered(reading.prompt_words, reading.words),
        "draft_from_ask": covered(reading.words, reading.prompt_words),
        "draft_script_differs": _script_difference(reading.prompt, reading.text),
        "draft_numbers": length(len(numbers)),
        "draft_numbers_from_ask": covered(numbers, reading.prompt_numbers),
        "draft_ask_numbers_used": covered(reading.prompt_numbers, numbers),
    }


def _script_difference(prompt: str, text: str) -> float:
    """How differently two texts spread over scripts: 0 alike, 1 nothing in common."""
    asked, said = _scripts(prompt[:_SCRIPT]), _scripts(text[:_SCRIPT])
    if not any(asked) or not any(said):
        return 0.0
    return sum(abs(a - b) for a, b in zip(asked, said, strict=True)) / 2


def _scripts(text: str) -> list[float]:
    # ASCII holds none but the first.
    scripts = _SCRIPTS[:1] if text.isascii() else _SCRIPTS
    counts = [len(script.findall(text)) for script in scripts]
    counts += [0] * (len(_SCRIPTS) - len(counts))
    return [share(count, sum(counts)) for count in counts]
