"""Who answers: the adapter of the provider's kind, bound to the client's connection."""

from __future__ import annotations

import dataclasses

import pytest

from routing.errors import ClientGone, InvalidRequest
from routing.providers import Providers
from routing.providers.base import Timeouts, Upload
from routing.types import ChatRequest, ProviderConfig, Target
from tests.builders import VERIFIER, make_request
from tests.fakes import FakeTicket, HttpAnswer, ScriptedTransport

LIMITS = Timeouts(connect_s=1.0, read_s=2.0)


def target(kind):
    provider = ProviderConfig(name="main", kind=kind, base_url="http://main.test")
    return Target(provider=provider, model=VERIFIER)


@pytest.fixture
def transport():
    return ScriptedTransport()


@pytest.mark.parametrize("kind", ["anthropic", "simulator"])
def test_asks_providers_whose_api_we_speak(transport, kind):
    transport.script(VERIFIER, HttpAnswer(status=418, chunks=[b"a", b"b"]))
    providers = Providers(transport, ticket=FakeTicket(), timeouts=LIMITS)
    reply = providers.ask(make_request(), target(kind))
    assert (reply.status, b"".join(reply)) == (418, b"ab")


@pytest.mark.parametrize("kind", ["telepathy"])
def test_says_when_the_api_of_a_provider_is_not_spoken(transport, kind):
    providers = Providers(transport, ticket=FakeTicket(), timeouts=LIMITS)
    with pytest.raises(InvalidRequest) as caught:
        providers.ask(make_request(), target(kind))
    assert VERIFIER in caught.value.message
    assert "main" in caught.value.message
    assert transport.requests == []


def test_binds_every_call_to_its_client(transport):
    ticket = FakeTicket(gone=True)
    with pytest.raises(ClientGone):
        Providers(transport, ticket=ticket, timeouts=LIMITS).ask(
            make_request(), target("anthropic")
        )


@pytest.mark.parametrize("timeout_s", [None, 3.0])
def test_bounds_the_whole_call_only_when_told(transport, timeout_s):
    transport.script(VERIFIER, HttpAnswer())
    providers = Providers(transport, ticket=FakeTicket(), timeouts=LIMITS)
    providers.ask(make_request(), target("anthropic"), timeout_s=timeout_s)
    limits = transport.requests[0].extensions["timeout"]
    assert limits == {"connect": 1.0, "read": 2.0, "write": 2.0, "total": timeout_s}


@pytest.mark.parametrize("uploading", [False, True])
def test_passes_requests_on_to_an_account(transport, uploading):
    chunks = iter([b"a", b"b"])
    upload = Upload(chunks=chunks, length_bytes=2) if uploading else None
    transport.script("/v1/files", HttpAnswer(chunks=[b"{}"]))
    request = ChatRequest(
        body=b"",
        fields={},
        model="",
        model_span=(0, 0),
        stream=False,
        max_tokens=None,
        path="/v1/files",
    )
    providers = Providers(transport, ticket=FakeTicket(), timeouts=LIMITS)
    account = dataclasses.replace(target("anthropic"), model="")
    reply = providers.pass_on(request, account, upload=upload)
    assert b"".join(reply) == b"{}"
    assert transport.requests[0].read() == (b"ab" if upload else b"")
