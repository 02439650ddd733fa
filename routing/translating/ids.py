"""Ids of tool calls, from one API's history into the other's, without any memory.

Source: OpenAI takes tool call ids of 40 characters at most; the Messages API takes
letters, digits, `_` and `-`, and no id twice in a conversation.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
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
        mark = _digest(*salt)[:8] if salt else _UNSALTED
        return f"toolu_x{mark}_{foreign}"
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

    A result belongs to the newest turn that calls by its id: small servers use ids
    again. Calls of one turn that share an id get its results in their order.
    """

    def __init__(self) -> None:
        self._open: dict[str, _Calls] = {}

    def of_call(self, foreign: str, position: int, index: int) -> str:
        """Return the id of the call at `index` in the message at `position`."""
        before = self._open.get(foreign)
        if before is None:
            own = minted(foreign)
        else:
            own = minted(foreign, str(position), str(index))
        if before is None or before.position != position:
            self._open[foreign] = _Calls(position, deque([own]))
        else:
            before.own.append(own)
        return own

    def of_result(self, foreign: str) -> str:
        """Return the id that the next result of `foreign` refers to."""
        calls = self._open.get(foreign)
        if calls is None:
            return minted(foreign)
        return calls.own.popleft() if len(calls.own) > 1 else calls.own[0]


@dataclass(frozen=True, slots=True)
class _Calls:
    """The calls of one turn by one foreign id; those whose result came are gone."""

    position: int
    own: deque[str]


def _digest(*parts: str) -> str:
    encoded = (part.encode("utf-8", "surrogatepass") for part in parts)
    framed = b"".join(len(part).to_bytes(8) + part for part in encoded)
    return sha256(framed).hexdigest()


_UNSALTED = _digest()[:8]
