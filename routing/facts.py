"""What is known of a model: its limits, what it can do, what it refuses."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What is known of one model; None means not known, never no.

    `thinking` holds the values of `thinking.type` that it accepts, `efforts` the levels
    of `output_config.effort`, lowest first, () when it takes none. `sampling`: whether
    it takes `temperature`, `top_p` and `top_k`.
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


UNKNOWN = ModelFacts()
