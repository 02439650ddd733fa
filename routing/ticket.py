"""The link from a client that may leave to the upstream socket it waits on."""

from __future__ import annotations

from typing import Any, Protocol


class Ticket(Protocol):
    """The link from a client's connection to the upstream socket it waits on."""

    @property
    def gone(self) -> bool:
        """Whether the client has left."""

    def bind(self, sock: Any) -> None:
        """Shut `sock` down when the client leaves; at once when it has left."""

    def unbind(self, sock: Any) -> None:
        """Forget `sock`: it no longer serves this client. Another one stays bound."""

    def leave(self) -> None:
        """Take the client for gone and shut the bound socket down."""
