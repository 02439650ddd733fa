"""Answers that come compressed, asked for or not."""

from __future__ import annotations

import pytest

from tests.builders import DRAFT, VERIFIER, make_body, make_events
from tests.fakes import EVENTS, JSON, HttpAnswer, message_bytes
from tests.routing.test_codecs import ENCODERS

ASKED = {"accept-encoding": "gzip, deflate, br, zstd"}
CODINGS = ["gzip", "br", "zstd"]


def ask(proxy, **fields):
    headers = {"x-api-key": proxy.key, **ASKED}
    return proxy.call("POST", "/v1/messages", body=make_body(**fields), headers=headers)


def coded(name, body, kind=JSON):
    headers = (*kind, ("content-encoding", name))
    return HttpAnswer(headers=headers, chunks=[ENCODERS[name](body)])


@pytest.mark.parametrize("name", CODINGS)
def test_without_a_rule_the_bytes_are_the_providers_and_are_metered(
    proxy, upstream, name
):
    answer = coded(name, message_bytes(model=VERIFIER))
    upstream.script(VERIFIER, answer)
    got = ask(proxy)
    assert upstream.requests[0].headers["accept-encoding"] == ASKED["accept-encoding"]
    assert got.headers["content-encoding"] == name
    assert got.body == answer.chunks[0]
    assert got.headers["content-length"] == str(len(got.body))
    assert proxy.decision.calls[0].usage.output_tokens == 10


@pytest.mark.parametrize("name", CODINGS)
@pytest.mark.parametrize("stream", [False, True])
def test_a_compressed_draft_is_judged_and_served_plain(proxy, upstream, name, stream):
    proxy.add_rule()
    body = message_bytes(model=DRAFT)
    wanted = message_bytes(model=VERIFIER)
    if stream:
        body = b"".join(make_events("4", model=DRAFT))
        wanted = b"".join(make_events("4", model=VERIFIER))
    upstream.script(DRAFT, coded(name, body, EVENTS if stream else JSON))
    got = ask(proxy, stream=stream)
    assert upstream.requests[0].headers["accept-encoding"] == "gzip, deflate, br, zstd"
    assert (got.body, got.headers["x-cascade-outcome"]) == (wanted, "accepted")
    assert "content-encoding" not in got.headers
    if not stream:
        assert got.headers["content-length"] == str(len(wanted))


@pytest.mark.parametrize("name", CODINGS)
@pytest.mark.parametrize("stream", [False, True])
def test_a_compressed_verifier_is_served_plain_under_a_rule(
    proxy, upstream, name, stream
):
    proxy.add_rule(verifier_model="verifier-other")
    upstream.script(DRAFT, HttpAnswer(headers=JSON, chunks=[b"no message"]))
    body = message_bytes(model="verifier-other")
    wanted = message_bytes(model=VERIFIER)
    if stream:
        body = b"".join(make_events("4", model="verifier-other"))
        wanted = b"".join(make_events("4", model=VERIFIER))
    answer = coded(name, body, EVENTS if stream else JSON)
    upstream.script("verifier-other", answer)
    got = ask(proxy, stream=stream)
    assert (got.body, got.headers["x-cascade-outcome"]) == (wanted, "escalated")
    assert "content-encoding" not in got.headers
    assert proxy.decision.calls[-1].usage.output_tokens == 10
    assert answer.closed
