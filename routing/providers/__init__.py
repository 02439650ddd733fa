"""Who answers: one adapter per kind of API. Adapters do not import one another."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import httpx

from routing.errors import InvalidRequest
from routing.providers import anthropic, groq, openai, openai_compatible
from routing.providers.base import Adapter, HttpReply, Timeouts, Upload
from routing.providers.transport import PooledTransport
from routing.ticket import Ticket
from routing.types import ChatRequest, ProviderKind, Reply, Target

ADAPTERS: Mapping[ProviderKind, Adapter] = {
    "anthropic": anthropic.ADAPTER,
    "groq": groq.ADAPTER,
    "openai": openai.ADAPTER,
    "openai_compatible": openai_compatible.ADAPTER,
    "simulator": dataclasses.replace(
        anthropic.ADAPTER, label="Simulator (no real model, no real money)"
    ),
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
    ) -> Reply:
        """Return the open reply of `target`, whatever its status.

        It is in the internal form, but for a client that speaks the provider's own API:
        see `reading.answer_dialect`. Raises UpstreamError without a status line,
        InvalidRequest for a provider whose API we do not speak, ConfigurationError for
        one that lacks a key, ClientGone when the client has left.
        """
        adapter = ADAPTERS.get(target.provider.kind)
        if adapter is None:
            raise InvalidRequest(
                f"The model {target.model} belongs to the provider "
                f"{target.provider.name}, whose API is not supported."
            )
        outgoing = adapter.build(request, target)
        reply = self._open(outgoing, self._timeouts.within(timeout_s))
        return adapter.present(reply, request, target)

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
