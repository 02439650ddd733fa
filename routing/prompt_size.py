"""How long a prompt is, estimated without a tokenizer."""

from __future__ import annotations

import re

from routing.types import ChatRequest

# Source: Anthropic documentation, "Token counting": about 3.5 English characters a
# token with the newer tokenizers; JSON's own signs are counted with the text.
BYTES_PER_TOKEN = 3.5
# Source: Anthropic documentation, "Vision": an image costs up to about 1,600 tokens.
TOKENS_PER_MEDIUM = 1_600

# Those of the Messages API, then those that the Responses API has in their place.
_FIELDS = ("system", "tools", "messages", "instructions", "input")
# A long run of base64: an image or a document, whose bytes are no text.
_BASE64 = re.compile(rb'"(?:data:[^",]{0,100},)?[A-Za-z0-9+/]{2048,}={0,2}"')


def estimated_prompt_tokens(request: ChatRequest) -> int:
    """Return about how many tokens the prompt has; between half and twice the truth.

    Cost: one pass over the body when it is longer than a medium, else none.
    """
    tokens = 0.0
    for name in _FIELDS:
        raw = bytes(request.fields.get(name, b""))
        media = _media_bytes(raw)
        tokens += (len(raw) - sum(media)) / BYTES_PER_TOKEN
        tokens += len(media) * TOKENS_PER_MEDIUM
    return round(tokens)


def _media_bytes(raw: bytes) -> list[int]:
    if b'"base64"' not in raw and b";base64," not in raw:
        return []
    return [len(found[0]) for found in _BASE64.finditer(raw)]
