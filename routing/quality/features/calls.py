"""Tool calls beside what was asked and what was offered."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from routing.quality.features.reading import (
    Reading,
    covered,
    length,
    mean,
    share,
    words_in,
)

NAMES = (
    "calls_made",
    "calls_without",
    "calls_text_beside",
    "calls_distinct_tools",
    "calls_repeated",
    "calls_arguments",
    "calls_optional_share",
    "calls_optional_left",
    "calls_unseen_values",
    "calls_unseen_numbers",
    "calls_empty_values",
    "calls_default_values",
    "calls_nested",
    "calls_value_length",
    "calls_enum_values",
    "calls_conjunctions",
    "calls_conjunctions_each",
    "calls_numbers_unused",
    "calls_ask_covered",
    "calls_name_in_ask",
    "calls_description_overlap",
    "calls_overlap_lead",
    "calls_required_missing",
    "calls_type_mismatch",
    "offered_parameters",
    "offered_required",
    "offered_overlap",
    "offered_alike",
)

_AND = re.compile(
    r"\b(?:and|also|then|both|each|und|auch|et|aussi|y|también|e|também|и|также)\b|[,;、\uff0c\uff1b]|和|と",
    re.IGNORECASE,
)
_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+")
_MAX_VALUES = 120
_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "float": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "dict": (dict,),
}


def measure(reading: Reading) -> dict[str, float]:
    """Return the features of tool calls by name; all 0 where no tool is offered."""
    if not reading.tools:
        return dict.fromkeys(NAMES, 0.0)
    tools = {str(tool.get("name")): tool for tool in reading.tools}
    asked = set(reading.prompt_words)
    values = [v for call in reading.calls for v in scalars_in(call.get("input"))]
    return {
        **_counts(reading),
        **_values(reading, values[:_MAX_VALUES]),
        **_asked(reading, values),
        **_fit(reading, tools),
        **_overlaps(reading, tools, asked),
    }


def _counts(reading: Reading) -> dict[str, float]:
    calls = reading.calls
    names = {str(call.get("name")) for call in calls}
    distinct = {f"{call.get('name')}{call.get('input')!r:.2000}" for call in calls}
    return {
        "calls_made": length(len(calls)),
        "calls_without": float(not calls),
        "calls_text_beside": length(reading.text_characters) if calls else 0.0,
        "calls_distinct_tools": length(len(names)),
        "calls_repeated": float(len(distinct) < len(calls)),
    }


def _values(reading: Reading, values: Sequence[Any]) -> dict[str, float]:
    prompt, numbers = reading.prompt.casefold(), set(reading.prompt_numbers)
    texts = [v for v in values if isinstance(v, str)]
    figures = [
        v for v in values if isinstance(v, int | float) and not isinstance(v, bool)
    ]
    seen = [_is_seen(text, prompt, reading.prompt_words) for text in texts]
    known = [f"{figure:g}" in numbers or str(figure) in numbers for figure in figures]
    inputs = [call.get("input") for call in reading.calls]
    nested = [
        any(isinstance(v, dict | list) for v in i.values())
        for i in inputs
        if isinstance(i, dict)
    ]
    return {
        "calls_unseen_values": 1.0 - mean(seen) if seen else 0.0,
        "calls_unseen_numbers": share(known.count(False), len(known)),
        "calls_empty_values": share(sum(not v and v != 0 for v in values), len(values)),
        "calls_nested": mean([float(entry) for entry in nested]),
        "calls_value_length": length(mean([len(text) for text in texts])),
    }


def scalars_in(value: Any) -> list[Any]:
    """Return the scalars within parsed JSON, 120 at most, in order."""
    found: list[Any] = []
    waiting = [value]
    while waiting and len(found) < _MAX_VALUES:
        entry = waiting.pop()
        if isinstance(entry, dict):
            waiting.extend(reversed(list(entry.values())[:_MAX_VALUES]))
        elif isinstance(entry, list):
            waiting.extend(reversed(entry[:_MAX_VALUES]))
        else:
            found.append(entry)
    return found


def _is_seen(text: str, prompt: str, words: tuple[str, ...]) -> float:
    """How much of an argument the client wrote: 1 as it is, else its share of words."""
    plain = text[:2_000].casefold().strip()
    return 1.0 if plain in prompt else covered(words_in(plain), words)


def _asked(reading: Reading, values: Sequence[Any]) -> dict[str, float]:
    tail = reading.prompt[-2_000:]
    several = len(_AND.findall(tail))
    used = {f"{v:g}" if isinstance(v, int | float) else str(v) for v in values}
    in_texts = set(re.findall(r"\d+(?:\.\d+)?", " ".join(str(v)[:200] for v in values)))
    said = {w for v in values if isinstance(v, str) for w in words_in(v[:500])}
    unused = [n for n in reading.prompt_numbers if n not in used and n not in in_texts]
    return {
        "calls_conjunctions": length(several),
        "calls_conjunctions_each": length(several / (len(reading.calls) or 1)),
        "calls_numbers_unused": share(len(unused), len(reading.prompt_numbers)),
        "calls_ask_covered": covered(reading.prompt_words, said),
    }


def _fit(reading: Reading, tools: dict[str, dict[str, Any]]) -> dict[str, float]:
    """How the arguments fit what each called tool declares."""
    given = optional = left = missing = mismatched = enums = defaults = 0
    for call in reading.calls:
        properties, required = _declared(tools.get(str(call.get("name")), {}))
        arguments = call.get("input")
        arguments = arguments if isinstance(arguments, dict) else {}
        given += len(arguments)
        optional += sum(name not in required for name in arguments)
        left += sum(n not in required and n not in arguments for n in properties)
        missing += sum(name not in arguments for name in required)
        for name, value in list(arguments.items())[:_MAX_VALUES]:
            declared = properties.get(name)
            declared = declared if isinstance(declared, dict) else {}
            mismatched += not _is_of_type(value, declared.get("type"))
            enums += "enum" in declared
            description = str(declared.get("description", ""))[-300:].casefold()
            defaults += (
                "default" in description and str(value).casefold()[:50] in description
            )
    return {
        "calls_arguments": length(given),
        "calls_optional_share": share(optional, given),
        "calls_optional_left": length(left),
        "calls_required_missing": length(missing),
        "calls_type_mismatch": length(mismatched),
        "calls_enum_values": share(enums, given),
        "calls_default_values": share(defaults, given),
    }


def _declared(tool: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    schema = tool.get("input_schema")
    schema = schema if isinstance(schema, dict) else {}
    properties, required = schema.get("properties"), schema.get("required")
    names = required if isinstance(required, list) else []
    return (
        properties if isinstance(properties, dict) else {},
        [name for name in names if isinstance(name, str)],
    )


def _is_of_type(value: Any, name: Any) -> bool:
    types = _JSON_TYPES.get(name) if isinstance(name, str) else None
    if types is None:
        return True
    return isinstance(value, types) and (bool in types or not isinstance(value, bool))


def _overlaps(
    reading: Reading, tools: dict[str, dict[str, Any]], asked: set[str]
) -> dict[str, float]:
    """How the words of tools meet the words of the prompt."""
    about = {name: _words_of(tool) for name, tool in tools.items()}
    fits = {name: covered(words, asked) for name, words in about.items()}
    called = [str(call.get("name")) for call in reading.calls]
    called_fits = [fits.get(name, 0.0) for name in called]
    others = [fit for name, fit in fits.items() if name not in called]
    parts = [covered([p.lower() for p in _PARTS.findall(n)], asked) for n in called]
    declared = [_declared(tool) for tool in tools.values()]
    sets = list(about.values())[:12]
    alike = [covered(a, b) for i, a in enumerate(sets) for b in sets[i + 1 :]]
    return {
        "calls_name_in_ask": mean(parts),
        "calls_description_overlap": mean(called_fits),
        "calls_overlap_lead": mean(called_fits) - max(others, default=0.0),
        "offered_parameters": length(mean([len(d[0]) for d in declared])),
        "offered_required": length(mean([len(d[1]) for d in declared])),
        "offered_overlap": max(fits.values(), default=0.0),
        "offered_alike": max(alike, default=0.0),
    }


def _words_of(tool: dict[str, Any]) -> set[str]:
    name = " ".join(_PARTS.findall(str(tool.get("name"))[:200]))
    return set(words_in(f"{name} {str(tool.get('description', ''))[:600]}"))
