"""Groq's API: OpenAI's shape, with a few parameters it refuses."""

from __future__ import annotations

from routing.providers import chat
from routing.providers.base import Adapter
from routing.quirks import Quirks

# Source: Groq documentation, "OpenAI compatibility": no logprobs, no files. A tool call
# that its model wrote wrongly comes as 400 `tool_use_failed`; see translating/failures.
ADAPTER = Adapter(
    label="Groq",
    dialect="openai",
    build=chat.build_request,
    present=chat.present,
    quirks=Quirks(max_tokens_field="max_completion_tokens", count_streams=True),
)
