"""An Anthropic prompt in the order of the prompt cache: tools, system, messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, get_args

import msgspec

from routing.simulator.values import CacheTtl, PromptBlock

# An image costs by its size on screen, not by the length of its base64 text.
_IMAGE_CHARS = 6000


def prompt_blocks(fields: Mapping[str, Any]) -> list[PromptBlock]:
    """Return the parts of the prompt with their cache marks.

    A mark at the top level of the body marks the last part.
    """
    tools = fields.get("tools")
    blocks = [_block("tool", t) for t in (tools if isinstance(tools, list) else ())]
    blocks += _content_blocks("system", fields.get("system"))
    for message in fields.get("messages", ()):
        blocks += _content_blocks(message["role"], message.get("content"))
    ttl = _ttl(fields)
    if blocks and ttl is not None:
        blocks[-1] = replace(blocks[-1], ttl=ttl)
    return blocks


def _content_blocks(role: str, content: Any) -> Iterator[PromptBlock]:
    if isinstance(content, str):
        yield _text_block(role, content, None)
    elif isinstance(content, list):
        for part in content:
            yield _block(role, part)


def _block(role: str, part: Any) -> PromptBlock:
    ttl = _ttl(part)
    if not isinstance(part, dict):
        return _text_block(role, str(part), ttl)
    if part.get("type") == "text" and isinstance(part.get("text"), str):
        return _text_block(role, part["text"], ttl)
    # A mark moves on with the conversation: it is no part of what is cached.
    unmarked = {name: value for name, value in part.items() if name != "cache_control"}
    content = msgspec.json.encode(unmarked)
    chars = _IMAGE_CHARS if part.get("type") == "image" else len(content)
    return PromptBlock(content=role.encode() + content, chars=chars, ttl=ttl)


def _text_block(role: str, text: str, ttl: CacheTtl | None) -> PromptBlock:
    return PromptBlock(content=f"{role}\n{text}".encode(), chars=len(text), ttl=ttl)


def _ttl(part: Any) -> CacheTtl | None:
    mark = part.get("cache_control") if isinstance(part, Mapping) else None
    if not isinstance(mark, Mapping) or mark.get("type") != "ephemeral":
        return None
    ttl = mark.get("ttl", "5m")
    return ttl if ttl in get_args(CacheTtl) else "5m"
