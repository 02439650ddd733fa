"""What is no decision: counting tokens, listing models, knocking at the door."""

from __future__ import annotations

import httpx
import pytest

from tests.builders import DRAFT, VERIFIER, make_body
from tests.fakes import JSON, HttpAnswer


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
    upstream.script("/v1/models/other", httpx.ConnectError("refused"))
    got = proxy.call("GET", "/v1/models/other")
    assert (got.status, got.json["error"]["type"]) == (502, "api_error")


def test_closes_an_answer_that_broke_off(proxy, upstream):
    answer = HttpAnswer(chunks=[b"[", httpx.ReadError("reset")])
    upstream.script("/v1/models/other", answer)
    assert proxy.call("GET", "/v1/models/other").status == 502
    assert answer.closed


def test_lists_the_names_a_client_may_use_and_asks_nobody(proxy, upstream):
    proxy.add_rule()
    got = proxy.call("GET", "/v1/models?limit=1000")
    assert got.headers["content-type"] == "application/json"
    assert got.headers["request-id"].startswith("req_")
    assert {"claude-opus-5-5", VERIFIER} <= {model["id"] for model in got.json["data"]}
    assert DRAFT not in {model["id"] for model in got.json["data"]}
    assert upstream.requests == []
    assert proxy.decisions() == []


def test_pages_through_the_list(proxy):
    first = proxy.call("GET", "/v1/models?limit=3").json
    second = proxy.call("GET", f"/v1/models?limit=3&after_id={first['last_id']}").json
    assert (len(first["data"]), first["has_more"]) == (3, True)
    assert first["last_id"] == first["data"][-1]["id"]
    assert second["first_id"] not in {model["id"] for model in first["data"]}


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=x", "lifecycle=new", "after_id=no"]
)
def test_refuses_a_page_that_cannot_be(proxy, query):
    got = proxy.call("GET", f"/v1/models?{query}")
    assert (got.status, got.json["error"]["type"]) == (400, "invalid_request_error")


@pytest.mark.parametrize("path", ["/v1/models", f"/v1/models/{VERIFIER}"])
def test_answers_head_where_it_answers_get(proxy, path):
    proxy.add_rule()
    assert proxy.call("HEAD", path).status == 200


def test_tells_itself_of_a_name_that_a_rule_gives(proxy, upstream):
    proxy.add_rule(verifier_model="claude-opus-5-5")
    got = proxy.call("GET", f"/v1/models/{VERIFIER}").json
    assert (got["id"], got["type"]) == (VERIFIER, "model")
    assert got["max_input_tokens"] == 1_000_000
    assert got["created_at"] == "1970-01-01T00:00:00Z"
    assert upstream.requests == []


def test_asks_the_provider_about_a_model_of_which_it_knows_more(proxy, upstream):
    upstream.script("/v1/models/claude-opus-5-5", HttpAnswer(chunks=[b'{"own": 1}']))
    assert proxy.call("GET", "/v1/models/claude-opus-5-5").body == b'{"own": 1}'


def test_asks_the_owner_of_a_model_about_it(proxy, upstream):
    proxy.add_simulator("claude-*")
    upstream.script("/v1/models/claude-a", HttpAnswer(chunks=[b"{}"]))
    got = proxy.call("GET", "/v1/models/claude-a")
    assert got.status == 200
    assert str(upstream.requests[0].url) == "http://play.test/v1/models/claude-a"


@pytest.mark.parametrize(
    "model", ["org/model", "claude-opus@2026:x", "us.vendor.model-v1:0", "a.b~c_d"]
)
def test_asks_about_a_model_whatever_its_name(proxy, upstream, model):
    upstream.script(f"/v1/models/{model}", HttpAnswer())
    assert proxy.call("GET", f"/v1/models/{model}").status == 200
    assert upstream.requests[0].url.raw_path == f"/v1/models/{model}".encode()


@pytest.mark.parametrize(
    "model",
    [
        "..",
        ".",
        "...",
        "../files",
        "a/../../files",
        "..//files",
        "a/..",
        "a/",
        "a/b/c",
        "a?b",
        "a#b",
        "a b",
        "a\x01b",
        "x//y",
        "%2e%2e/files",
        "%2f",
        "..;/files",
        "..\\files",
        "..%5cfiles",
        "caf\u00c3\u00a9",
    ],
)
def test_a_name_leads_to_no_other_address_of_the_provider(proxy, upstream, model):
    got = proxy.call("GET", "/", environ={"PATH_INFO": f"/v1/models/{model}"})
    assert (got.status, got.json["error"]["type"]) == (404, "not_found_error")
    assert upstream.requests == []


@pytest.mark.parametrize(("method", "path"), [("HEAD", "/"), ("HEAD", "/api/hello")])
def test_answers_clients_that_knock_without_a_key(proxy, method, path):
    got = proxy.call(method, path, headers={})
    assert (got.status, got.body) == (200, b"")
    assert "html" not in got.headers.get("content-type", "")


def test_says_hello_to_those_who_ask(proxy):
    assert proxy.call("GET", "/api/hello", headers={}).status == 200
