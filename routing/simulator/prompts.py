"""Reading prompts: what both wire shapes share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

import msgspec

from routing.simulator.values import Rejected

# Claude Code puts its own notes into user turns; they are not what the user asked.
_NOTE = "<system-reminder>"
_PIECE = re.compile(r"[^\s,]+[\s,]*|[\s,]+")
_NOT_ANSWERED = ("stream", "stream_options", "metadata", "user")


def invalid(message: str) -> Rejected:
    """Return the error for a request that is wrong in itself."""
    return Rejected(400, "invalid_request_error", message)


def decoded(body: bytes) -> dict[str, Any]:
    """Return the body's JSON object.

    Raises:
        Rejected: it is not one.
    """
    try:
        fields = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise invalid(f"The request body is not valid JSON: {error}") from error
    if not isinstance(fields, dict):
        raise invalid("The request body must be an object")
    return fields


def checked_model(fields: Mapping[str, Any]) -> str:
    """Return the `model` of a request that also has messages.

    Raises:
        Rejected: either is missing or not what it should be.
    """
    model = fields.get("model")
    if not isinstance(model, str) or not model:
        raise invalid("model: Field required")
    messages = fields.get("messages")
    if not isinstance(messages, list) or not messages:
        raise invalid("messages: at least one message is required")
    if not all(
        isinstance(m, dict) and isinstance(m.get("role"), str) for m in messages
    ):
        raise invalid("messages: each must be an object with a role")
    return model


def digest_of(fields: Mapping[str, Any], seed: int) -> bytes:
    """Return what an answer depends on: the seed and all that shapes the answer."""
    shaping = {k: v for k, v in fields.items() if k not in _NOT_ANSWERED}
    return blake2b(
        msgspec.json.encode(shaping), digest_size=16, key=str(seed).encode()
    ).digest()


def text_of(content: Any) -> str:
    """Return the texts of a message's content, notes of the client left out."""
    if isinstance(content, str):
        return content
    texts = (part["text"] for part in parts_of(content, "text"))
    return "\n".join(t for t in texts if isinstance(t, str) and not _is_note(t))


def parts_of(content: Any, kind: str) -> list[dict[str, Any]]:
    """Return the content blocks of one type; text blocks all have a `text`."""
    if not isinstance(content, list):
        return []
    parts = [p for p in content if isinstance(p, dict) and p.get("type") == kind]
    return [p for p in parts if kind != "text" or "text" in p]


def last_prompt(messages: Sequence[Mapping[str, Any]]) -> str:
    """Return the text of the last user turn, "" without one."""
    for message in reversed(messages):
        if message["role"] == "user":
            return text_of(message.get("content"))
    return ""


def strings_of(value: Any) -> tuple[str, ...]:
    """Return a string or a list of them as a tuple; anything else is left out."""
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list):
        return ()
    return tuple(item for item in listed if isinstance(item, str))


def pieces(text: str) -> Iterable[str]:
    """Return the text in the pieces it is streamed in: a word, or a JSON member."""
    return _PIECE.findall(text)


def _is_note(text: str) -> bool:
    return text.lstrip().startswith(_NOTE)
