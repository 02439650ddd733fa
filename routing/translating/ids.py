"""Ids of tool calls, from one API's history into the other's, without any memory.

Source: OpenAI takes tool call ids of 40 characters at most; the Messages API takes
letters, digits, `_` and `-`, and no id twice in a conversation.
"""

from __future__ import annotations

import re
from hashlib import sha256

MAX_FOREIGN_CHARS = 40
_PLAIN = re.compile(rf"[A-Za-z0-9_-]{{1,{MAX_FOREIGN_CHARS}}}")
_OWN = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MINTED = re.compile(rf"toolu_x[0-9a-f]{{8}}_({_PLAIN.pattern})")


def minted(foreign: str, *salt: str) -> str:
    """Return the id the Messages API sees in place of `foreign`.

    `salt` is what makes it unique when a server numbers its calls anew in each answer:
    the same words give the same id. `foreign_of` gives the foreign id back, unless it
    holds what no id may.
    """
    if foreign.startswith("toolu_") and _OWN.fullmatch(foreign) and not any(salt):
        return foreign
    if _PLAIN.fullmatch(foreign):
        return f"toolu_x{_digest(*salt)[:8]}_{foreign}"
    return f"toolu_{_digest(foreign, *salt)[:24]}"


def foreign_of(own: str) -> str:
    """Return the id a Chat Completions server sees in place of `own`."""
    found = _MINTED.fullmatch(own)
    if found:
        return found[1]
    if _PLAIN.fullmatch(own):
        return own
    return f"call_{_digest(own)[:24]}"


class ForeignIds:
    """The foreign ids of one conversation: two calls never share one."""

    def __init__(self) -> None:
        self._own_by_foreign: dict[str, str] = {}

    def of(self, own: str) -> str:
        """Return the foreign id of `own`; its own one where that id is taken."""
        foreign = foreign_of(own)
        if self._own_by_foreign.setdefault(foreign, own) == own:
            return foreign
        return f"call_{_digest(own)[:24]}"


class MintedIds:
    """The ids a history of Chat Completions has in the Messages API.

    A result belongs to the newest call of its id: small servers use ids again.
    """

    def __init__(self) -> None:
        self._newest: dict[str, str] = {}

    def of_call(self, foreign: str, position: int) -> str:
        """Return the id of a call in the message at `position`."""
        again = foreign in self._newest
        own = minted(foreign, str(position)) if again else minted(foreign)
        self._newest[foreign] = own
        return own

    def of_result(self, foreign: str) -> str:
        """Return the id that a result refers to."""
        return self._newest.get(foreign) or minted(foreign)


def _digest(*parts: str) -> str:
    digest = sha256()
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8))
        digest.update(encoded)
    return digest.hexdigest()
