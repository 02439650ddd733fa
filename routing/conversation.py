"""Which conversation a request belongs to, and where in it we are.

Identities are digests: nothing of what a client wrote is kept.
"""

from __future__ import annotations

import re
from hashlib import blake2b

import msgspec

from routing.request_parts import turns
from routing.types import ChatRequest

SESSION_HEADER = "x-claude-code-session-id"
AGENT_HEADER = "x-claude-code-agent-id"
DIGEST_BYTES = 16

# Claude Code's attribution line differs between sessions in three hex digits.
_ATTRIBUTION = re.compile(rb"x-anthropic-billing-header:[^\\\"]*")
_NOTHING = msgspec.Raw(b"")


class _Metadata(msgspec.Struct, gc=False, frozen=True):
    user_id: str | None = None


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


def turn_of(request: ChatRequest) -> bytes:
    """Return a digest of what the client asks: model, system prompt and messages.

    Clients that try again may drop betas, fields or streaming; it stays one turn.
    Cost: one pass over the body, 0.1 ms for 100 KB.
    """
    system = bytes(request.fields.get("system", _NOTHING))
    messages = bytes(request.fields.get("messages", _NOTHING))
    return digest_of(b"turn", request.model.encode(), system, messages)


def is_subagent(request: ChatRequest) -> bool:
    """Return whether a subagent of Claude Code asks."""
    return any(name == AGENT_HEADER for name, _ in request.headers)


def digest_of(*parts: bytes) -> bytes:
    """Return the digest of `parts`, each told from its neighbours by its length."""
    digest = blake2b(digest_size=DIGEST_BYTES)
    for part in parts:
        digest.update(len(part).to_bytes(8))
        digest.update(part)
    return digest.digest()


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
    return _ATTRIBUTION.sub(b"", system), first
