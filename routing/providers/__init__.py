"""Who answers: one adapter per kind of API. Adapters do not import one another."""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from routing.errors import InvalidRequest
from routing.providers import anthropic
from routing.providers.base import Adapter, HttpReply, Timeouts, Upload
from routing.providers.transport import PooledTransport
from routing.types import ChatRequest, ProviderKind, Target, Ticket

ADAPTERS: Mapping[ProviderKind, Adapter] = {
    "anthropic": anthropic.build_request,
    "simulator": anthropic.build_request,
}


class Providers:
    """The upstream of one client: every call is bound to that client's connection."""

    def __init__(
        self, transport: PooledTransport, *, ticket: Ticket, timeouts: Timeouts
    ) -> None:
        self._transport = transport
        self._ticket = ticket
        self._timeouts = timeouts

    def ask(
        self, request: ChatRequest, target: Target, *, timeout_s: float | None = None
    ) -> HttpReply:
        """Return the open reply of `target`, whatever its status.

        Raises UpstreamError without a status line, InvalidRequest for a provider whose
        API we do not speak, ConfigurationError for one that lacks a key, ClientGone
        when the client has left.
        """
        build = ADAPTERS.get(target.provider.kind)
        if build is None:
            raise InvalidRequest(
                f"The model {target.model} belongs to the provider "
                f"{target.provider.name}, whose API is not supported."
            )
        return self._open(build(request, target), self._timeouts.within(timeout_s))

    def pass_on(
        self, request: ChatRequest, target: Target, *, upload: Upload | None
    ) -> HttpReply:
        """Return the open reply of an Anthropic account to a request as it came.

        `upload` is its body, sent while it is read. Raises as `ask` does, and what
        reading the upload raises.
        """
        if upload is None:
            outgoing = anthropic.build_request(request, target)
        else:
            outgoing = anthropic.build_upload(request, target, upload)
        return self._open(outgoing, self._timeouts)

    def _open(self, outgoing: httpx.Request, timeouts: Timeouts) -> HttpReply:
        return HttpReply.open(
            self._transport, outgoing, ticket=self._ticket, timeouts=timeouts
        )
