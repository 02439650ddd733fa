"""A proxy knows its own requests, however they come back."""

from __future__ import annotations

import pytest

from routing import hops
from routing.errors import LoopDetected
from tests.builders import VERIFIER
from tests.fakes import HttpAnswer, message_bytes

OTHER = "0123456789abcdef"


def test_the_mark_is_one_of_the_installation_and_tells_nothing(settings):
    first = hops.own_mark()
    assert first == hops.own_mark()
    assert first not in settings.CASCADE_KEY_PEPPER
    settings.CASCADE_KEY_PEPPER = "another" * 8
    assert hops.own_mark() != first


def test_every_call_to_a_provider_carries_our_mark(proxy, upstream):
    upstream.script(VERIFIER, HttpAnswer(chunks=[message_bytes(model=VERIFIER)]))
    assert proxy.ask().status == 200
    assert upstream.requests[0].headers["cascade-hop"] == hops.own_mark()


def test_our_own_request_is_refused_before_its_key_is_looked_at(proxy, upstream):
    got = proxy.post(
        b"{}", headers={"x-api-key": "a-provider's", "cascade-hop": hops.own_mark()}
    )
    assert (got.status, got.json["error"]["type"]) == (508, "api_error")
    assert "leads back to it" in got.json["error"]["message"]
    assert got.headers["x-should-retry"] == "false"
    assert upstream.requests == []


def test_a_chain_of_other_proxies_is_passed_on(proxy, upstream):
    upstream.script(VERIFIER, HttpAnswer(chunks=[message_bytes(model=VERIFIER)]))
    headers = {"x-api-key": proxy.key, "cascade-hop": OTHER}
    assert proxy.call("HEAD", "/health", headers=headers).status == 200
    got = proxy.post(
        b'{"model": "%s", "messages": []}' % VERIFIER.encode(), headers=headers
    )
    assert got.status == 200
    sent = upstream.requests[0].headers["cascade-hop"]
    assert sent == f"{OTHER},{hops.own_mark()}"


def test_a_loop_through_another_proxy_is_seen():
    with pytest.raises(LoopDetected):
        hops.refuse_loop(f"{hops.own_mark()}, {OTHER}")


def test_a_chain_without_end_is_refused():
    marks = ",".join(f"{n:016x}" for n in range(hops.MAX_HOPS))
    with pytest.raises(LoopDetected):
        hops.refuse_loop(marks)


@pytest.mark.parametrize(
    "forged", ["x", "a" * 10_000, ",,,", "0123456789ABCDEF", "\r\n"]
)
def test_what_is_no_mark_is_neither_refused_nor_passed_on(forged):
    hops.refuse_loop(forged)
    assert hops.onward(forged) == hops.own_mark()
