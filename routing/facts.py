"""What is known of a model: its limits, what it can do, what it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

# Lowest first. Source: Anthropic API reference, `output_config.effort`.
EFFORTS = ("low", "medium", "high", "xhigh", "max")
THINKING_TYPES = ("adaptive", "between_tools", "disabled", "enabled")
# What is read of a model's capabilities; lists have more.
CAPABILITIES = (
    "image_input",
    "pdf_input",
    "structured_outputs",
    "server_tools",
    "thinking",
    "effort",
)
# What no list of models says, so operators may.
PARAMETER_RULES = ("sampling", "forced_tool_choice", "prefill")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What is known of one model; None means not known, never no.

    `thinking` holds the values of `thinking.type` that it accepts, all others it
    refuses. `efforts` are the levels of `output_config.effort`, lowest first, () when
    it takes none. `sampling`: whether it takes `temperature`, `top_p` and `top_k`.
    """

    max_input_tokens: int | None = None
    max_output_tokens: int | None = None
    image_input: bool | None = None
    pdf_input: bool | None = None
    structured_outputs: bool | None = None
    server_tools: bool | None = None
    thinking: frozenset[str] | None = None
    efforts: tuple[str, ...] | None = None
    sampling: bool | None = None
    forced_tool_choice: bool | None = None
    prefill: bool | None = None

    def or_else(self, other: ModelFacts) -> ModelFacts:
        """Return these facts, each one that is not known taken from `other`."""
        if other == UNKNOWN:
            return self
        known = {
            name: getattr(other, name) if getattr(self, name) is None else own
            for name in _NAMES
            for own in (getattr(self, name),)
        }
        return ModelFacts(**known)


_NAMES = tuple(field.name for field in fields(ModelFacts))
UNKNOWN = ModelFacts()


def read_facts(
    capabilities: Mapping[str, Any],
    parameter_rules: Mapping[str, Any],
    *,
    max_input_tokens: int | None = None,
    max_output_tokens: int | None = None,
) -> ModelFacts:
    """Return the facts in a model's `capabilities` and an operator's rules.

    What is left out or is not of the documented shape is not known.

    Source: Anthropic API reference, `capabilities` of a model in `GET /v1/models`.
    """
    return ModelFacts(
        max_input_tokens=max_input_tokens or None,
        max_output_tokens=max_output_tokens or None,
        image_input=_supported(capabilities.get("image_input")),
        pdf_input=_supported(capabilities.get("pdf_input")),
        structured_outputs=_supported(capabilities.get("structured_outputs")),
        server_tools=_supported(capabilities.get("server_tools")),
        thinking=_thinking(capabilities.get("thinking")),
        efforts=_efforts(capabilities.get("effort")),
        **{name: _boolean(parameter_rules.get(name)) for name in PARAMETER_RULES},
    )


def _thinking(capability: Any) -> frozenset[str] | None:
    """The types it accepts. A model that cannot think may still accept `disabled`."""
    types = _part(capability, "types")
    told = {name: _supported(_part(types, name)) for name in THINKING_TYPES}
    if any(told.values()) or _supported(capability) is False:
        return frozenset(name for name, accepted in told.items() if accepted)
    return None


def _efforts(capability: Any) -> tuple[str, ...] | None:
    if _supported(capability) is False:
        return ()
    return tuple(e for e in EFFORTS if _supported(_part(capability, e))) or None


def _supported(capability: Any) -> bool | None:
    return _boolean(_part(capability, "supported"))


def _part(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _boolean(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None
