"""The models the simulator lists, and how good a model's name makes it.

Every model name is answered, listed or not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from routing.simulator.values import Rejected, Tier

_TIER_WORDS: tuple[tuple[Tier, frozenset[str]], ...] = (
    (
        "low",
        frozenset({"haiku", "mini", "nano", "small", "draft", "luna", "instant"}),
    ),
    ("mid", frozenset({"sonnet", "medium", "terra"})),
)
_YES = {"supported": True}
_EFFORTS = ("low", "medium", "high", "xhigh", "max")


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A listed Claude model. `thinking` holds the accepted `thinking.type` values."""

    id: str
    line: str
    created: str
    thinking: frozenset[str]
    input_tokens: int = 1_000_000
    output_tokens: int = 128_000
    efforts: bool = True
    retires: str | None = None

    @property
    def display_name(self) -> str:
        """The name people see: "Claude Opus 5.5"."""
        family, *version = self.id.removeprefix("claude-").split("-")
        return f"Claude {family.title()} {'.'.join(version)}"


_ADAPTIVE = frozenset({"adaptive", "disabled", "between_tools"})
_ALWAYS_ON = frozenset({"adaptive"})
_EXTENDED = frozenset({"enabled", "disabled"})
_BOTH = _ADAPTIVE | _EXTENDED

# Newest first, as the API lists them. Ids, limits and thinking types follow the public
# documentation of November 2026; the dates are plausible, not facts.
CLAUDE_MODELS: tuple[Model, ...] = (
    Model(id="claude-opus-5-5", line="opus", created="2026-10-21", thinking=_ALWAYS_ON),
    Model(
        id="claude-sonnet-5-5", line="sonnet", created="2026-10-21", thinking=_ADAPTIVE
    ),
    Model(
        id="claude-haiku-5-5", line="haiku", created="2026-10-21", thinking=_ADAPTIVE
    ),
    Model(
        id="claude-fable-5-2", line="fable", created="2026-09-30", thinking=_ALWAYS_ON
    ),
    Model(
        id="claude-fable-5-1", line="fable", created="2026-08-31", thinking=_ALWAYS_ON
    ),
    Model(id="claude-opus-5", line="opus", created="2026-06-30", thinking=_ADAPTIVE),
    Model(
        id="claude-sonnet-5", line="sonnet", created="2026-06-30", thinking=_ADAPTIVE
    ),
    Model(id="claude-opus-4-8", line="opus", created="2026-05-15", thinking=_BOTH),
    Model(id="claude-opus-4-7", line="opus", created="2026-04-16", thinking=_BOTH),
    Model(id="claude-sonnet-4-6", line="sonnet", created="2026-02-17", thinking=_BOTH),
    Model(id="claude-opus-4-6", line="opus", created="2026-02-05", thinking=_BOTH),
    Model(
        id="claude-opus-4-5",
        line="opus",
        created="2025-11-24",
        thinking=_EXTENDED,
        input_tokens=200_000,
        output_tokens=64_000,
    ),
    Model(
        id="claude-haiku-4-5",
        line="haiku",
        created="2025-10-15",
        thinking=_EXTENDED,
        input_tokens=200_000,
        output_tokens=64_000,
        efforts=False,
    ),
    Model(
        id="claude-sonnet-4-5",
        line="sonnet",
        created="2025-09-29",
        thinking=_EXTENDED,
        input_tokens=200_000,
        output_tokens=64_000,
        efforts=False,
        retires="2026-11-30",
    ),
)
OPENAI_MODELS: tuple[tuple[str, str], ...] = (
    ("gpt-6-astra", "openai"),
    ("gpt-6.1-sol", "openai"),
    ("gpt-6.1-terra", "openai"),
    ("gpt-6-luna", "openai"),
    ("gpt-5-mini", "openai"),
    ("gpt-5-nano", "openai"),
    ("gpt-4o", "openai"),
    ("gpt-4o-mini", "openai"),
    ("llama-3.3-70b-versatile", "Meta"),
    ("llama-3.1-8b-instant", "Meta"),
)


def tier_of(model: str) -> Tier:
    """Return how good `model` is, by the words of its name; "high" when none tells.

    Words, not parts of words: "o4-mini" is low, "gemini" is not.
    """
    words = set(re.split(r"[^a-z]+", model.lower()))
    return next((tier for tier, known in _TIER_WORDS if words & known), "high")


def claude_page(query: Mapping[str, str]) -> dict[str, Any]:
    """Return the page of models that `limit`, `after_id` and `before_id` ask for.

    Raises:
        Rejected: `limit` is not a number from 1 to 1000.
    """
    models = _between(CLAUDE_MODELS, query.get("after_id"), query.get("before_id"))
    limit = _limit(query.get("limit", "20"))
    # Going backwards, the page is the one just before `before_id`.
    page = models[-limit:] if "before_id" in query else models[:limit]
    return {
        "data": [describe(model) for model in page],
        "has_more": len(models) > limit,
        "first_id": page[0].id if page else None,
        "last_id": page[-1].id if page else None,
    }


def find_model(model_id: str) -> Model:
    """Return the listed model of that id.

    Raises:
        Rejected: 404, no such model.
    """
    for model in CLAUDE_MODELS:
        if model.id == model_id:
            return model
    raise Rejected(404, "not_found_error", f"model: {model_id}")


def describe(model: Model) -> dict[str, Any]:
    """Return the model as the Anthropic API describes it.

    Source: `ModelInfo` of the Python SDK anthropic 2.12.0.
    """
    return {
        "type": "model",
        "id": model.id,
        "display_name": model.display_name,
        "created_at": f"{model.created}T00:00:00Z",
        "lifecycle": "deprecated" if model.retires else "active",
        "deprecated_at": f"{model.created}T00:00:00Z" if model.retires else None,
        "retires_at": f"{model.retires}T00:00:00Z" if model.retires else None,
        "line": model.line,
        "max_input_tokens": model.input_tokens,
        "max_tokens": model.output_tokens,
        "capabilities": _capabilities(model),
    }


def openai_page() -> dict[str, Any]:
    """Return the list of models as OpenAI gives it."""
    data = [
        {"id": name, "object": "model", "created": 1_767_225_600, "owned_by": owner}
        for name, owner in OPENAI_MODELS
    ]
    return {"object": "list", "data": data}


def _capabilities(model: Model) -> dict[str, Any]:
    simple = (
        "batch",
        "citations",
        "code_execution",
        "image_input",
        "pdf_input",
        "server_tools",
        "structured_outputs",
    )
    edits = ("clear_thinking_20251015", "clear_tool_uses_20250919", "compact_20260112")
    types = ("adaptive", "between_tools", "disabled", "enabled")
    return {
        **dict.fromkeys(simple, _YES),
        "context_management": {
            **_YES,
            **dict.fromkeys(edits, _YES),
        },
        "effort": {
            "supported": model.efforts,
            **{name: {"supported": model.efforts} for name in _EFFORTS},
        },
        "thinking": {
            **_YES,
            "types": {name: {"supported": name in model.thinking} for name in types},
        },
    }


def _between(
    models: Sequence[Model], after_id: str | None, before_id: str | None
) -> Sequence[Model]:
    ids = [model.id for model in models]
    start = ids.index(after_id) + 1 if after_id in ids else 0
    end = ids.index(before_id) if before_id in ids else len(ids)
    return models[start:end]


def _limit(text: str) -> int:
    limit = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= limit <= 1000:
        raise Rejected(400, "invalid_request_error", "limit: must be 1 to 1000")
    return limit
