"""The final answer of a draft: whether there is one, where, and how it looks."""

from __future__ import annotations

import re

from routing.quality.features.prompt import choices_in
from routing.quality.features.reading import (
    Reading,
    covered,
    holds,
    length,
    share,
    words_in,
)

NAMES = (
    "answer_found",
    "answer_marked",
    "answer_at",
    "answer_fields",
    "answer_length",
    "answer_number",
    "answer_number_size",
    "answer_fraction",
    "answer_negative",
    "answer_round",
    "answer_symbolic",
    "answer_quoted",
    "answer_sequence",
    "answer_truth",
    "answer_in_ask",
    "answer_said_before",
    "answer_alone",
    "answer_letter_place",
    "answer_choice_length",
    "answer_choice_said",
    "answer_choice_lead",
    "answer_choice_number_said",
)

_MARKS = (
    "\\boxed",
    "answer is",
    "answer:",
    '"answer"',
    "final answer",
    "antwort",
    "réponse",
    "respuesta",
    "resposta",
    "ответ",
    "答案",
    "答え",
    "####",
)
_SYMBOL = re.compile(r"[\\√π^]|sqrt|[a-z]\b")


def measure(reading: Reading) -> dict[str, float]:
    """Return the features of the final answer by name."""
    answer, value = reading.answer, final_value(reading)
    return {
        "answer_found": float(bool(answer.kind)),
        "answer_marked": holds(_MARKS, reading.text[-1_500:].lower()),
        "answer_at": answer.at,
        "answer_fields": length(len(answer.fields)),
        "answer_length": length(len(value)),
        "answer_alone": float(0 < len(reading.text.strip()) <= 40),
        **_number(value),
        **_literal(value),
        **_said(reading, value),
        **_choice(reading),
    }


def final_value(reading: Reading) -> str:
    """Return the answer proper: of several fields, the one named so, else the last."""
    named = reading.answer.named
    return reading.answer.value if named is None else named


def _number(value: str) -> dict[str, float]:
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    is_number = number == number and abs(number) != float("inf")
    return {
        "answer_number": float(is_number),
        "answer_number_size": length(abs(number)) if is_number else 0.0,
        "answer_fraction": float(is_number and number != int(number)),
        "answer_negative": float(is_number and number < 0),
        "answer_round": float(is_number and number != 0 and number % 10 == 0),
    }


def _literal(value: str) -> dict[str, float]:
    return {
        "answer_symbolic": float(_SYMBOL.search(value) is not None and len(value) < 80),
        "answer_quoted": float(value[:1] in ("'", '"')),
        "answer_sequence": length(value.count(",")) if value[:1] in "[({" else 0.0,
        "answer_truth": float(value.lower() in ("true", "false", "none", "yes", "no")),
    }


def _said(reading: Reading, value: str) -> dict[str, float]:
    """Whether the answer stands in the prompt, and how often in the text before it."""
    if not value:
        return {"answer_in_ask": 0.0, "answer_said_before": 0.0}
    if value.replace(".", "", 1).lstrip("-").isdigit():
        asked = value in reading.prompt_numbers
        said = reading.numbers.count(value)
    else:
        asked = value in reading.prompt
        said = reading.text.count(value[:80])
    return {"answer_in_ask": float(asked), "answer_said_before": length(said)}


def _choice(reading: Reading) -> dict[str, float]:
    """How the chosen line compares with the others, by what the draft says of each."""
    features = dict.fromkeys(NAMES[-5:], 0.0)
    if reading.answer.kind != "letter":
        return features
    choices = choices_in(reading.prompt)
    letter = reading.answer.value
    said = set(reading.words)
    shares = {key: covered(words_in(line), said) for key, line in choices.items()}
    lengths = [len(line) for line in choices.values()]
    others = [entry for key, entry in shares.items() if key != letter]
    chosen = choices.get(letter, "")
    return {
        "answer_letter_place": share(ord(letter[:1] or "A") - ord("A"), 10),
        "answer_choice_length": share(len(chosen), max(lengths, default=0)),
        "answer_choice_said": shares.get(letter, 0.0),
        "answer_choice_lead": shares.get(letter, 0.0) - max(others, default=0.0),
        "answer_choice_number_said": _numbers_said(chosen, reading),
    }


def _numbers_said(line: str, reading: Reading) -> float:
    numbers = re.findall(r"\d+(?:\.\d+)?", line.replace(",", ""))
    return covered(numbers, reading.numbers)
