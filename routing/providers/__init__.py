"""Who answers: one adapter per kind of API. Adapters do not import one another."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import httpx

from routing.errors import InvalidRequest
from routing.providers import anthropic, groq, openai, openai_compatible
from routing.providers.accounts import Accounts
from routing.providers.base import Adapter, HttpReply, Timeouts, Upload
from routing.providers.transport import PooledTransport
from routing.ticket import Ticket
from routing.types import ChatRequest, ProviderKind, Reply, Target
from routing.watch import BranchTicket

# By it a proxy knows its own requests: see routing/hops.py.
HOP_HEADER = "cascade-hop"

ADAPTERS: Mapping[ProviderKind, Adapter] = {
    "anthropic": anthropic.ADAPTER,
    "groq": groq.ADAPTER,
    "openai": openai.ADAPTER,
    "openai_compatible": openai_compatible.ADAPTER,
    "simulator": dataclasses.replace(
        anthropic.ADAPTER, label="Simulator (no real model, no real money)"
    ),
}


_accounts = Accounts()


class Providers:
    """The upstream of one client: every call is bound to that client's connection."""

    def __init__(
        self,
        transport: PooledTransport,
        *,
        ticket: Ticket,
        timeouts: Timeouts,
        hop: str = "",
    ) -> None:
        self._transport = transport
        self._ticket = ticket
        self._timeouts = timeouts
        self._hop = hop

    def ask(
        self, request: ChatRequest, target: Target, *, timeout_s: float | None = None
    ) -> Reply:
        """Return the open reply of `target`, whatever its status.

        It is in the internal form, but for a client that speaks the provider's own API:
        see `reading.answer_dialect`. Where the provider has several keys, the next one
        is tried when one is refused. Raises UpstreamError without a status line,
        InvalidRequest for a provider whose API we do not speak, ConfigurationError for
        one that lacks a key, Forbidden for one that may not see the client's own,
        ClientGone when the client has left.
        """
        adapter = ADAPTERS.get(target.provider.kind)
        if adapter is None:
            raise InvalidRequest(
                f"The model {target.model} belongs to the provider "
                f"{target.provider.name}, whose API is not supported."
            )
        targets = _accounts.candidates(request, target)
        for candidate in targets:
            outgoing = adapter.build(request, candidate)
            reply = self._open(outgoing, self._timeouts.within(timeout_s), candidate)
            refused = _accounts.refused(candidate, reply.status, reply.headers)
            if not refused or candidate is targets[-1]:
                break
            reply.close()
        return adapter.present(reply, request)

    def branch(self) -> Providers:
        """Return an upstream whose calls can be left while the client stays."""
        return Providers(
            self._transport,
            ticket=BranchTicket(self._ticket),
            timeouts=self._timeouts,
            hop=self._hop,
        )

    def leave(self) -> None:
        """End its calls, each with ClientGone; none begins any more."""
        self._ticket.leave()

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
        return self._open(outgoing, self._timeouts, target)

    def _open(
        self, outgoing: httpx.Request, timeouts: Timeouts, target: Target
    ) -> HttpReply:
        if self._hop:
            outgoing.headers[HOP_HEADER] = self._hop
        reply = HttpReply.open(
            self._transport, outgoing, ticket=self._ticket, timeouts=timeouts
        )
        reply.conceal(target.provider.api_key)
        return reply
