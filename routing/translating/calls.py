"""Tool calls of a stream of chunks, put in the order blocks must come in.

Chunks of several calls may interleave, by index; blocks follow one another. So the
call that is open is told live, and whatever belongs elsewhere waits until the open one
is whole. Servers differ: no index, one index for all, the name last, or no id.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from routing.translating.values import Json, mapping, string


@dataclass(slots=True)
class OpenCall:
    """One call while its chunks come. `opened`: its block has begun."""

    number: int
    id: str = ""
    name: str = ""
    opened: bool = False
    _arguments: list[str] = field(default_factory=list)
    _told: int = 0
    _whole: bool | None = None

    def grow(self, text: str) -> None:
        """Add to the arguments."""
        self._arguments.append(text)
        self._whole = None

    @property
    def whole(self) -> bool:
        """Whether its arguments are JSON that nothing can follow."""
        if self._whole is None:
            self._whole = isinstance(_json("".join(self._arguments)), dict)
        return self._whole

    def untold(self) -> str:
        """Return the arguments that are not told yet, and take them for told."""
        text = "".join(self._arguments[self._told :])
        self._told = len(self._arguments)
        return text


def _json(text: str) -> object:
    try:
        return msgspec.json.decode(text)
    except (ValueError, RecursionError):
        return None


class CallLedger:
    """The calls of one answer in their order, by whatever its server tells them apart.

    Cost: finding a call is a look at those there are; an answer has a few.
    """

    def __init__(self) -> None:
        self.calls: list[OpenCall] = []
        self._by_index: dict[int, OpenCall] = {}

    def add(self, delta: Json) -> OpenCall:
        """Return the call that `delta` belongs to, with what it adds."""
        id_, function = string(delta.get("id")), mapping(delta, "function")
        call = self._call(delta.get("index"), id_, string(function.get("name")))
        call.id = call.id or id_
        call.name = call.name or string(function.get("name"))
        if text := string(function.get("arguments")):
            call.grow(text)
        return call

    def unopened(self) -> Iterator[OpenCall]:
        """Yield the calls whose block has not begun, in order."""
        return (call for call in self.calls if not call.opened)

    def _call(self, index: object, id_: str, name: str) -> OpenCall:
        numbered = isinstance(index, int)
        known = self._by_index.get(index) if isinstance(index, int) else self._last(id_)
        # One index for all: then a new id with a name begins another call.
        another = known is not None and id_ and known.id and id_ != known.id and name
        if known is None or another or (not numbered and not id_ and name):
            known = OpenCall(len(self.calls))
            self.calls.append(known)
            if isinstance(index, int):
                self._by_index[index] = known
        return known

    def _last(self, id_: str) -> OpenCall | None:
        if id_:
            return next((call for call in self.calls if call.id == id_), None)
        return self.calls[-1] if self.calls else None
