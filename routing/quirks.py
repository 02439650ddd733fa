"""How a server that speaks the Chat Completions API differs from the others: data.

An adapter reads these in place of asking who the provider is. Each kind of provider
has its usual ones, a provider's row may overrule them; `docs/adding-a-provider.md` says
what each one is for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import (
    dataclass,
    fields,
    replace,
)
from typing import Any

# The words a quirk may be, where it is more than true or false.
WORDS: Mapping[str, tuple[str, ...]] = {
    "max_tokens_field": ("max_tokens", "max_completion_tokens"),
    "system_role": ("system", "developer"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """What a server takes and how it wants it said.

    `max_tokens_field`: the name it has for the limit of an answer. `system_role`: the
    role of system prompts. `stream_usage`: takes `stream_options.include_usage`.
    `parallel_tool_calls`, `strict_tools`, `json_schema`, `reasoning_effort` and
    `logprobs`: takes the parameter of that name. `files`: takes PDFs as `file` parts.
    `count_streams`: streams of clients that speak the dialect too are asked for their
    usage, and the chunk that tells it stays with us.
    """

    max_tokens_field: str = "max_tokens"
    system_role: str = "system"
    stream_usage: bool = True
    parallel_tool_calls: bool = True
    strict_tools: bool = False
    json_schema: bool = True
    reasoning_effort: bool = False
    logprobs: bool = False
    files: bool = False
    count_streams: bool = False


NAMES = tuple(field.name for field in fields(Quirks))
USUAL = Quirks()


def with_said(usual: Quirks, said: Mapping[str, Any]) -> Quirks:
    """Return the quirks of a provider: its kind's, overruled by what its row says.

    What is not a quirk or has a wrong value says nothing.
    """
    told = {name: value for name, value in said.items() if problem(name, value) is None}
    return replace(usual, **told)


def problem(name: str, value: Any) -> str | None:
    """Return what is wrong with a quirk, in words; None when it is one."""
    if name not in NAMES:
        return f"{name} is no quirk; there are {', '.join(NAMES)}"
    words = WORDS.get(name)
    if words is not None and value not in words:
        return f"{name} is one of {', '.join(words)}"
    if words is None and not isinstance(value, bool):
        return f"{name} is true or false"
    return None
