"""Who the real clients are here: keys whose tag says what the cascade does to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, cast

from tests.clients import provision
from tests.stack import Stack, wait_for

Mode = Literal["off", "accepting", "escalating"]
MODES = cast("tuple[Mode, ...]", provision.MODES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A key of its own for one client, so that its decisions are found again."""

    name: str
    key: str
    stack: Stack

    def decisions(self, count: int) -> list[dict[str, Any]]:
        """Return its decisions in order of arrival once there are `count`.

        Raises AssertionError when there are more, or not so many in time.
        """
        sql = (
            "SELECT * FROM metrics_routingdecision WHERE key_name = ? "
            "ORDER BY started_at"
        )

        def rows() -> list[dict[str, Any]]:
            found = self.stack.query(sql, self.name)
            return found if len(found) >= count else []

        found = wait_for(f"{count} decisions of {self.name}", rows)
        assert len(found) == count, [row["outcome"] for row in found]
        return found


class Accounts:
    """Hands out the keys of a stack, each once."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._keys = dict(stack.keys)

    def new(self, mode: Mode, purpose: str = "") -> Account:
        """Return a key for a mode that nobody has used."""
        return self.tagged(provision.tag_of(purpose, mode))

    def tagged(self, tag: str) -> Account:
        """Return a key with this tag that nobody has used."""
        name = next(name for name in self._keys if name.startswith(f"{tag}:"))
        return Account(name=name, key=self._keys.pop(name), stack=self._stack)
