"""Which conversation a request belongs to, and where in it we are.

Identities are digests: nothing of what a client wrote is kept.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Any

import msgspec

from routing.request_parts import Turn, turns
from routing.types import ChatRequest

SESSION_HEADER = "x-claude-code-session-id"
AGENT_HEADER = "x-claude-code-agent-id"
DIGEST_BYTES = 16

# Claude Code's attribution line differs between sessions in three hex digits.
_ATTRIBUTION = re.compile(rb"x-anthropic-billing-header:[^\\\"]*")
# Clients move this mark to the newest message of each request.
_CACHE_MARK = re.compile(rb'"cache_control"\s*:\s*(?:\{[^{}]*\}|null)\s*,?\s*')
_NOTHING = msgspec.Raw(b"")


class _Metadata(msgspec.Struct, gc=False, frozen=True):
    user_id: str | None = None


class _Block(msgspec.Struct, gc=False, frozen=True):
    type: Any = None
    id: Any = None


_BLOCKS = msgspec.json.Decoder(list[_Block])


def conversation_of(request: ChatRequest) -> bytes:
    """Return the digest that all requests of one conversation share.

    What tells is, in this order: the session header, `metadata.user_id`, the system
    prompt and first message. A subagent is a conversation of its own.
    Cost: without a header one pass over the messages, and over the first of them.
    """
    headers = dict(request.headers)
    agent = headers.get(AGENT_HEADER, "").encode()
    if session := headers.get(SESSION_HEADER, ""):
        return digest_of(b"session", session.encode(), agent)
    if user := _user_id(request):
        return digest_of(b"user", user.encode(), agent)
    return digest_of(b"prefix", *_prefix(request), agent)


def session_of(request: ChatRequest) -> bytes | None:
    """Return the digest of the agent session that asks, with all its subagents.

    None when the client names none: not every program that asks often is an agent.
    Cost: nothing but a look at the headers and at `metadata`.
    """
    if session := dict(request.headers).get(SESSION_HEADER, ""):
        return digest_of(b"session", session.encode())
    user = _user_id(request) if "metadata" in request.fields else ""
    return digest_of(b"user", user.encode()) if "session" in user else None


def turn_of(request: ChatRequest) -> bytes:
    """Return a digest of what the client asks: model, system prompt and messages.

    Clients that try again may drop betas, fields or streaming; it stays one turn.
    Cost: one pass over the body, 0.1 ms for 165 KB.
    """
    system = bytes(request.fields.get("system", _NOTHING))
    messages = bytes(request.fields.get("messages", _NOTHING))
    return digest_of(b"turn", request.model.encode(), system, messages)


def called_by_last_answer(request: ChatRequest) -> str | None:
    """Return the id of the first tool the last answer called, in a tool loop.

    That is when results of tools came after it; else None.
    Cost: one pass over the messages, contents of the newest ones only.
    """
    answered = False
    for turn in reversed(turns(request)):
        blocks = _blocks(turn)
        if turn.role == "assistant":
            ids = (block.id for block in blocks if block.type == "tool_use")
            called = next((id_ for id_ in ids if isinstance(id_, str)), None)
            return called if answered else None
        answered = answered or any(block.type == "tool_result" for block in blocks)
    return None


def is_subagent(request: ChatRequest) -> bool:
    """Return whether a subagent of Claude Code asks."""
    return any(name == AGENT_HEADER for name, _ in request.headers)


def digest_of(*parts: bytes) -> bytes:
    """Return the digest of `parts`, each told from its neighbours by its length."""
    # Processors have instructions for it: three times as fast as blake2b.
    digest = sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8))
        digest.update(part)
    return digest.digest()[:DIGEST_BYTES]


def _user_id(request: ChatRequest) -> str:
    try:
        found = msgspec.json.decode(
            request.fields.get("metadata", b"null"), type=_Metadata | None
        )
    except (ValueError, RecursionError):
        return ""
    return (found.user_id or "") if found else ""


def _prefix(request: ChatRequest) -> tuple[bytes, bytes]:
    system = bytes(request.fields.get("system", _NOTHING))
    first = next((bytes(turn.content) for turn in turns(request)), b"")
    return _unmarked(_ATTRIBUTION.sub(b"", system)), _unmarked(first)


def _unmarked(raw: bytes) -> bytes:
    """`raw` without its cache marks, and without the comma before one that stood last.

    Within a string quotes are escaped: with plain ones it can only be a key.
    """
    kept, at = [], 0
    for mark in _CACHE_MARK.finditer(raw):
        before = raw[at : mark.start()]
        at = mark.end()
        kept.append(before.rstrip(b", \n\r\t") if raw[at : at + 1] == b"}" else before)
    return b"".join(kept) + raw[at:]


def _blocks(turn: Turn) -> list[_Block]:
    try:
        return _BLOCKS.decode(turn.content)
    except (ValueError, RecursionError):
        return []
