"""Any server that speaks Chat Completions, such as Ollama, vLLM or llama.cpp.

What one of them wants otherwise stands in the quirks of its provider row.
"""

from __future__ import annotations

from routing.providers import chat
from routing.providers.base import Adapter

ADAPTER = Adapter(
    label="OpenAI-compatible server",
    dialect="openai",
    build=chat.build_request,
    present=chat.present,
)
