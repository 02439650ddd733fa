"""OpenAI's own API."""

from __future__ import annotations

from routing.providers import chat
from routing.providers.base import Adapter
from routing.quirks import Quirks

# Source: OpenAI API reference, "Create chat completion": `max_tokens` is refused by
# models that reason, and `developer` is what they call a system prompt.
ADAPTER = Adapter(
    label="OpenAI",
    dialect="openai",
    build=chat.build_request,
    present=chat.present,
    quirks=Quirks(
        max_tokens_field="max_completion_tokens",
        system_role="developer",
        strict_tools=True,
        files=True,
        count_streams=True,
    ),
)
