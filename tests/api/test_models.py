"""What is no decision: counting tokens, listing models, knocking at the door."""

from __future__ import annotations

import httpx
import pytest

from tests.builders import DRAFT, VERIFIER, make_body
from tests.fakes import JSON, HttpAnswer
from tests.wsgi import PROVIDER_KEY

LIST = b'{"data": [{"id": "verifier-large"}]}'


def test_the_verifier_counts_tokens_and_nothing_is_recorded(proxy, upstream):
    proxy.add_rule(verifier_model="verifier-other")
    headers = (*JSON, ("request-id", "req_1"), ("date", "today"))
    upstream.script(
        "verifier-other",
        HttpAnswer(headers=headers, chunks=[b'{"input_', b'tokens":9}']),
    )
    body = make_body()
    got = proxy.post(body, "/v1/messages/count_tokens?beta=true")
    sent = upstream.requests[0]
    assert str(sent.url) == "http://main.test/v1/messages/count_tokens?beta=true"
    assert sent.read() == body.replace(VERIFIER.encode(), b"verifier-other")
    assert (got.status, got.body) == (200, b'{"input_tokens":9}')
    assert got.headers == {
        "content-type": "application/json",
        "request-id": "req_1",
        "content-length": "18",
    }
    assert proxy.decisions() == []


def test_the_model_that_is_asked_counts_without_a_rule(proxy, upstream):
    upstream.script(DRAFT, HttpAnswer(chunks=[b"{}"]))
    got = proxy.post(make_body(model=DRAFT), "/v1/messages/count_tokens")
    assert got.status == 200


@pytest.mark.parametrize("status", [404, 429])
def test_an_error_of_the_provider_is_relayed(proxy, upstream, status):
    answer = HttpAnswer(status=status, chunks=[b"no"])
    upstream.script(VERIFIER, answer)
    got = proxy.post(make_body(), "/v1/messages/count_tokens")
    assert (got.status, got.body) == (status, b"no")
    assert answer.closed


def test_says_when_the_provider_cannot_be_asked(proxy, upstream):
    upstream.script("/v1/models", httpx.ConnectError("refused"))
    got = proxy.call("GET", "/v1/models")
    assert (got.status, got.json["error"]["type"]) == (502, "api_error")


def test_closes_an_answer_that_broke_off(proxy, upstream):
    answer = HttpAnswer(chunks=[b"[", httpx.ReadError("reset")])
    upstream.script("/v1/models", answer)
    assert proxy.call("GET", "/v1/models").status == 502
    assert answer.closed


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_lists_the_models_of_the_provider(proxy, upstream, method):
    body = LIST if method == "GET" else b""
    upstream.script("/v1/models", HttpAnswer(chunks=[body]))
    got = proxy.call(method, "/v1/models?limit=5")
    sent = upstream.requests[0]
    assert (sent.method, str(sent.url)) == (
        method,
        "http://main.test/v1/models?limit=5",
    )
    assert sent.headers["x-api-key"] == PROVIDER_KEY
    assert "content-length" not in sent.headers
    assert (got.status, got.body) == (200, body)


def test_asks_the_owner_of_a_model_about_it(proxy, upstream):
    proxy.add_simulator("claude-*")
    upstream.script("/v1/models/claude-a", HttpAnswer(chunks=[b"{}"]))
    got = proxy.call("GET", "/v1/models/claude-a")
    assert got.status == 200
    assert str(upstream.requests[0].url) == "http://play.test/v1/models/claude-a"


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/v1/models/org/model", b"/v1/models/org/model"),
        ("/v1/models/claude-opus@2026:x", b"/v1/models/claude-opus@2026:x"),
        ("/v1/models/a b", b"/v1/models/a%20b"),
        ("/v1/models/a#b", b"/v1/models/a%23b"),
        ("/v1/models/caf\u00c3\u00a9", b"/v1/models/caf%C3%A9"),
        ("/v1/models/100%25", b"/v1/models/100%2525"),
    ],
)
def test_asks_about_a_model_whatever_its_name(proxy, upstream, path, sent):
    upstream.script(httpx.URL("http://x" + sent.decode()).path, HttpAnswer())
    assert proxy.call("GET", path).status == 200
    assert upstream.requests[0].url.raw_path == sent


def test_a_question_mark_in_a_name_is_no_query(proxy, upstream):
    upstream.script("/v1/models/a?b", HttpAnswer())
    got = proxy.call("GET", "/", environ={"PATH_INFO": "/v1/models/a?b"})
    assert got.status == 200
    assert upstream.requests[0].url.raw_path == b"/v1/models/a%3Fb"


@pytest.mark.parametrize(
    "model", ["..", ".", "../files", "a/../../files", "..//files", "a/.."]
)
def test_a_name_leads_to_no_other_address_of_the_provider(proxy, upstream, model):
    got = proxy.call("GET", f"/v1/models/{model}")
    assert (got.status, got.json["error"]["type"]) == (404, "not_found_error")
    assert upstream.requests == []


def test_control_characters_in_a_name_are_escaped(proxy, upstream):
    upstream.script("/v1/models/a\x01b", HttpAnswer())
    assert proxy.call("GET", "/v1/models/a\x01b").status == 200
    assert upstream.requests[0].url.raw_path == b"/v1/models/a%01b"


@pytest.mark.parametrize(("method", "path"), [("HEAD", "/"), ("HEAD", "/api/hello")])
def test_answers_clients_that_knock_without_a_key(proxy, method, path):
    got = proxy.call(method, path, headers={})
    assert (got.status, got.body) == (200, b"")


def test_says_hello_to_those_who_ask(proxy):
    assert proxy.call("GET", "/api/hello", headers={}).status == 200
