"""Tool calls of a stream of chunks, put in the order blocks must come in.

Chunks of several calls may interleave, by index; blocks follow one another. So the
call that is open is told live, and whatever belongs elsewhere waits until the open one
is whole. Servers differ: no index, one index for all, the name last, or no id.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from routing.translating.values import Json, mapping, raw_object, string

# Far more than any answer has; OpenAI's models are given 128 tools at most.
MAX_CALLS = 256
# How often the arguments of one call are looked at for their end: once is the rule,
# and each costs a pass over all of them.
MAX_LOOKS = 16


class TooManyCalls(Exception):
    """An answer of more calls than anybody could mean."""


@dataclass(slots=True)
class OpenCall:
    """One call while its chunks come. `opened`: its block has begun."""

    number: int
    id: str = ""
    name: str = ""
    opened: bool = False
    _arguments: list[str] = field(default_factory=list)
    _told: int = 0
    _looks: int = 0
    _whole: bool | None = None

    def grow(self, text: str) -> None:
        """Add to the arguments."""
        self._arguments.append(text)
        self._whole = None

    @property
    def whole(self) -> bool:
        """Whether its arguments are JSON that nothing can follow.

        One that was looked at too often counts as none: what comes after it waits.
        """
        if self._whole is None:
            self._whole = self._ends_here()
        return self._whole

    def _ends_here(self) -> bool:
        last = self._arguments[-1] if self._arguments else ""
        # No more than a blank may follow the brace.
        if not last.isspace() and not last.rstrip().endswith("}"):
            return False
        self._looks += 1
        if self._looks > MAX_LOOKS:
            return False
        text = "".join(self._arguments)
        return text.rstrip().endswith("}") and raw_object(text) is not None

    def untold(self) -> str:
        """Return the arguments that are not told yet, and take them for told."""
        text = "".join(self._arguments[self._told :])
        self._told = len(self._arguments)
        return text


class CallLedger:
    """The calls of one answer in their order, by whatever its server tells them apart.

    Their blocks begin in that order: `unopened` relies on it.
    """

    def __init__(self) -> None:
        self.calls: list[OpenCall] = []
        self._by_index: dict[int, OpenCall] = {}
        self._by_id: dict[str, OpenCall] = {}
        self._opened = 0

    def add(self, delta: Json) -> OpenCall:
        """Return the call that `delta` belongs to, with what it adds.

        Raises TooManyCalls.
        """
        id_, function = string(delta.get("id")), mapping(delta, "function")
        call = self._call(delta.get("index"), id_, string(function.get("name")))
        if id_ and not call.id:
            call.id = id_
            self._by_id.setdefault(id_, call)
        call.name = call.name or string(function.get("name"))
        if text := string(function.get("arguments")):
            call.grow(text)
        return call

    def unopened(self) -> Iterator[OpenCall]:
        """Return the calls whose block has not begun, in order."""
        while self._opened < len(self.calls) and self.calls[self._opened].opened:
            self._opened += 1
        return islice(self.calls, self._opened, None)

    def _call(self, index: object, id_: str, name: str) -> OpenCall:
        numbered = isinstance(index, int)
        known = self._by_index.get(index) if isinstance(index, int) else self._last(id_)
        # One index for all: then a new id with a name begins another call.
        another = known is not None and id_ and known.id and id_ != known.id and name
        if known is None or another or (not numbered and not id_ and name):
            if len(self.calls) == MAX_CALLS:
                raise TooManyCalls
            known = OpenCall(len(self.calls))
            self.calls.append(known)
            if isinstance(index, int):
                self._by_index[index] = known
        return known

    def _last(self, id_: str) -> OpenCall | None:
        if id_:
            return self._by_id.get(id_)
        return self.calls[-1] if self.calls else None
