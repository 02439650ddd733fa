"""Parts of a request's body that deciding looks at, read as little as possible.

Nothing here raises for what a client wrote: what is odd reads as absent. The provider
is the one to complain about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from routing.types import ChatRequest

_NOTHING = msgspec.Raw(b"null")


class Turn(msgspec.Struct, gc=False, frozen=True):
    """One message of a conversation, its content still JSON."""

    role: Any = None
    content: msgspec.Raw = _NOTHING

    @property
    def blocks(self) -> list[dict[str, Any]]:
        """The content blocks that are objects; plain text counts as one text block."""
        content = _parsed(self.content)
        if isinstance(content, str):
            return [{"type": "text", "text": content}]
        return dicts_in(content)


_TURNS = msgspec.json.Decoder(list[Turn])


def value(request: ChatRequest, name: str) -> Any:
    """Return the parsed top-level value of `name`; None when absent or unreadable."""
    raw = request.fields.get(name)
    return None if raw is None else _parsed(raw)


def turns(request: ChatRequest) -> list[Turn]:
    """Return the messages in order, without those of role `system`.

    System messages may stand anywhere in a conversation and are nobody's turn.
    Cost: one pass that builds no contents, 0.2 ms at 165 KB.
    """
    try:
        messages = _TURNS.decode(request.fields.get("messages", b"[]"))
    except (ValueError, RecursionError):
        return []
    return [turn for turn in messages if turn.role != "system"]


def holds(request: ChatRequest, name: str, words: Sequence[bytes]) -> bool:
    """Return whether the JSON of field `name` has one of `words` in it.

    A word with its quotes on can only be a key or a whole string: within a longer
    string quotes are escaped.
    """
    raw = bytes(request.fields.get(name, b""))
    return any(word in raw for word in words)


def dicts_in(values: Any) -> list[dict[str, Any]]:
    """Return the objects in `values`; none when that is not a list."""
    if not isinstance(values, list):
        return []
    return [entry for entry in values if isinstance(entry, dict)]


def strings_in(values: Any) -> Iterator[str]:
    """Yield every string anywhere in parsed JSON, keys left out, in no order."""
    waiting = [values]
    while waiting:
        entry = waiting.pop()
        if isinstance(entry, str):
            yield entry
        elif isinstance(entry, dict):
            waiting.extend(entry.values())
        elif isinstance(entry, list):
            waiting.extend(entry)


def text_of(blocks: Sequence[dict[str, Any]]) -> str:
    """Return the text blocks joined by line ends."""
    texts = (block.get("text") for block in blocks if block.get("type") == "text")
    return "\n".join(text for text in texts if isinstance(text, str))


def _parsed(raw: msgspec.Raw) -> Any:
    try:
        return msgspec.json.decode(raw)
    except (ValueError, RecursionError):
        return None
