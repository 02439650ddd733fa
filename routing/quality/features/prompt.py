"""What kind of thing is asked, and how much of it."""

from __future__ import annotations

import re

from routing.quality.answers import CHOICE_LINE
from routing.quality.features.reading import (
    DENSE,
    FORMULA,
    LATEX,
    Reading,
    count_of,
    holds,
    length,
    mean,
    sentences_in,
    share,
)

NAMES = (
    "ask_length",
    "ask_turns",
    "ask_system_length",
    "ask_tools",
    "ask_choices",
    "ask_choice_length",
    "ask_choices_numeric",
    "ask_question_length",
    "ask_numbers",
    "ask_number_size",
    "ask_decimals",
    "ask_percent",
    "ask_json",
    "ask_code",
    "ask_loops",
    "ask_branches",
    "ask_methods",
    "ask_brackets",
    "ask_quoted",
    "ask_formulas",
    "ask_latex",
    "ask_questions",
    "ask_lines",
    "ask_sentences",
    "ask_sentence_length",
    "ask_word_length",
    "ask_distinct",
    "ask_capitals",
    "ask_dense_script",
)

_CODE = ("```", "[PYTHON]", "def ", "function", "class ", "=>", "#include", ";\n")
_LOOP = re.compile(r"\b(?:for|while|map|filter|forEach)\b")
_BRANCH = re.compile(r"\b(?:if|elif|else|switch|case|try|except|catch)\b")
_METHOD = re.compile(r"\.\w+\(")
_BRACKET = re.compile(r"[\[({]")
_QUOTED = re.compile(r"'[^'\n]{0,80}'|\"[^\"\n]{0,80}\"")
_QUESTION = re.compile(r"[?\uff1f؟]")
_PERCENT = re.compile(r"[%\uff05‰]")
_CAPITAL = re.compile(r"[a-z,] [A-Z][a-z]")


def measure(reading: Reading) -> dict[str, float]:
    """Return the features of the prompt by name."""
    text = reading.prompt
    return {
        "ask_length": length(reading.prompt_characters),
        "ask_turns": length(reading.turns),
        "ask_system_length": length(reading.system_bytes),
        "ask_tools": length(len(reading.tools)),
        **_choices(text),
        **_numbers(reading),
        **_code(text),
        **_prose(reading),
        "ask_json": float(reading.json_declared or "json" in text or "JSON" in text),
        "ask_formulas": count_of(FORMULA, text, "$\\"),
        "ask_latex": count_of(LATEX, text, "\\"),
    }


def choices_in(text: str) -> dict[str, str]:
    """Return what is offered by letter: the lines that begin with one, in order."""
    found: dict[str, str] = {}
    for match in CHOICE_LINE.finditer(text):
        end = text.find("\n", match.end())
        line = text[match.end() - 1 : end if end >= 0 else len(text)]
        found[match[1]] = line.strip()
    return found


def _choices(text: str) -> dict[str, float]:
    choices = choices_in(text)
    first = CHOICE_LINE.search(text)
    numeric = [any(c.isdigit() for c in line[:6]) for line in choices.values()]
    return {
        "ask_choices": length(len(choices)),
        "ask_choice_length": length(mean([len(line) for line in choices.values()])),
        "ask_choices_numeric": mean([float(entry) for entry in numeric]),
        "ask_question_length": length(first.start() if first else 0),
    }


def _numbers(reading: Reading) -> dict[str, float]:
    numbers = reading.prompt_numbers
    sizes = [length(float(n[:18])) for n in numbers[:40]]
    return {
        "ask_numbers": length(len(numbers)),
        "ask_number_size": mean(sizes),
        "ask_decimals": share(sum("." in n for n in numbers), len(numbers)),
        "ask_percent": count_of(_PERCENT, reading.prompt),
    }


def _code(text: str) -> dict[str, float]:
    is_code = holds(_CODE, text)
    program = text if is_code else ""
    return {
        "ask_code": is_code,
        "ask_loops": count_of(_LOOP, program),
        "ask_branches": count_of(_BRANCH, program),
        "ask_methods": count_of(_METHOD, program),
        "ask_brackets": count_of(_BRACKET, program),
        "ask_quoted": count_of(_QUOTED, text),
    }


def _prose(reading: Reading) -> dict[str, float]:
    text, words = reading.prompt, reading.prompt_words
    sentences = sentences_in(text)
    return {
        "ask_questions": count_of(_QUESTION, text),
        "ask_lines": length(text.count("\n")),
        "ask_sentences": length(sentences),
        "ask_sentence_length": length(len(words) / (sentences + 1)),
        "ask_word_length": mean([*map(len, words[:400])]),
        "ask_distinct": share(len(set(words)), len(words)),
        "ask_capitals": count_of(_CAPITAL, text),
        "ask_dense_script": share(_dense_in(text), len(text)),
    }


def _dense_in(text: str) -> int:
    return 0 if text.isascii() else len(DENSE.findall(text))
