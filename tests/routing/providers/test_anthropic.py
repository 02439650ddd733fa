"""What goes to Anthropic: the client's own request, with one value and one key new."""

from __future__ import annotations

import dataclasses

import pytest

from routing.errors import ConfigurationError, InvalidRequest
from routing.providers.anthropic import build_request, build_upload
from routing.providers.base import Upload
from routing.types import ProviderConfig, Target
from tests.builders import DRAFT, VERIFIER, make_request


def target(model=VERIFIER, **config):
    provider = ProviderConfig(
        **{"name": "main", "kind": "anthropic", "base_url": "http://main.test"} | config
    )
    return Target(provider=provider, model=model)


def test_sends_the_body_byte_for_byte_to_the_providers_address():
    request = make_request(query="beta=true&x=%20")
    sent = build_request(request, target())
    assert (sent.method, sent.read()) == ("POST", request.body)
    assert str(sent.url) == "http://main.test/v1/messages?beta=true&x=%20"


def test_sends_no_question_mark_without_a_query():
    assert str(build_request(make_request(), target()).url)[-12:] == "/v1/messages"


def test_sends_below_the_path_of_the_provider():
    sent = build_request(make_request(), target(base_url="http://main.test/api"))
    assert sent.url.path == "/api/v1/messages"


def test_asks_for_the_model_of_the_target():
    request = make_request()
    sent = build_request(request, target(DRAFT))
    assert sent.read() == request.body.replace(VERIFIER.encode(), DRAFT.encode())
    assert sent.headers["content-length"] == str(len(sent.read()))


def test_sends_the_providers_key():
    sent = build_request(make_request(), target(api_key="sk-1"))
    assert sent.headers["x-api-key"] == "sk-1"


def test_asks_a_provider_without_a_key_without_one():
    headers = build_request(make_request(), target()).headers
    assert "x-api-key" not in headers
    assert "authorization" not in headers


@pytest.mark.parametrize(
    "credential", [("x-api-key", "sk-own"), ("authorization", "Bearer sk-own")]
)
def test_sends_the_clients_own_credential_in_its_own_header_alone(credential):
    request = dataclasses.replace(make_request(), credential=credential)
    owner = target(api_key="sk-1", trouble="no matter", takes_client_credentials=True)
    sent = build_request(request, owner)
    name, value = credential
    assert sent.headers[name] == value
    assert "sk-1" not in str(sent.headers.raw)


def test_refuses_to_ask_a_provider_in_trouble_and_says_what_to_mend():
    with pytest.raises(ConfigurationError, match="has no API key"):
        build_request(make_request(), target(trouble="main has no API key"))


@pytest.mark.parametrize("offered", ["gzip, deflate, br, zstd", "GZIP;q=0.5", "*"])
def test_offers_the_encodings_the_client_takes(offered):
    request = make_request(headers=(("accept-encoding", offered),))
    sent = build_request(request, target())
    assert sent.headers["accept-encoding"] == offered


def test_sends_the_clients_headers_and_adds_none_of_its_own():
    request = make_request(
        headers=(("user-agent", "acme/1"), ("anthropic-beta", "a"), ("x", "y"))
    )
    assert [
        (name.lower(), value)
        for name, value in build_request(request, target()).headers.raw
    ] == [
        (b"host", b"main.test"),
        (b"user-agent", b"acme/1"),
        (b"anthropic-beta", b"a"),
        (b"x", b"y"),
        (b"content-length", str(len(request.body)).encode()),
    ]


def test_sends_header_values_as_the_bytes_they_were():
    # WSGI gives bytes as Latin-1.
    value = "caf\u00e9 \u2603".encode().decode("latin-1")
    request = make_request(headers=(("x-title", value),))
    sent = dict(build_request(request, target()).headers.raw)
    assert sent[b"x-title"] == "caf\u00e9 \u2603".encode()


@pytest.mark.parametrize("query", ["a=\x01", "a=" + "b" * 70_000])
def test_refuses_an_address_that_cannot_be_sent(query):
    with pytest.raises(InvalidRequest, match="address"):
        build_request(make_request(query=query), target())


@pytest.mark.parametrize(
    ("length", "framing"),
    [
        (6, (b"content-length", b"6")),
        (0, (b"content-length", b"0")),
        (None, (b"transfer-encoding", b"chunked")),
    ],
)
def test_an_upload_is_framed_as_it_came_and_not_read(length, framing):
    def chunks():
        raise AssertionError("it was read")
        yield b""

    request = dataclasses.replace(make_request(query="a=b"), path="/v1/files")
    upload = Upload(chunks=chunks(), length_bytes=length)
    sent = build_upload(request, target(api_key="sk-1"), upload)
    assert str(sent.url) == "http://main.test/v1/files?a=b"
    assert [(n.lower(), v) for n, v in sent.headers.raw] == [
        (b"host", b"main.test"),
        (b"x-api-key", b"sk-1"),
        framing,
    ]
