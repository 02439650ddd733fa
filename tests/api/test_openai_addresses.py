"""Errors, `/v1/responses` and the list of models, as OpenAI's clients know them."""

from __future__ import annotations

import httpx
import msgspec
import pytest

from routing import models
from tests.api.chatting import (
    LARGE,
    PATH,
    ask,
    body,
    rule,
    spaced,
)
from tests.fakes import EVENTS, HttpAnswer


class TestErrors:
    @pytest.mark.parametrize(
        ("sent", "status"),
        [
            (b"{", 400),
            (b'{"model": "m"}', 400),
            (b'{"messages": []}', 400),
            (body(stream="yes"), 400),
        ],
    )
    def test_are_in_the_dialects_envelope(self, openai, sent, status):
        got = openai.post(sent, PATH)
        assert got.status == status
        assert got.json["error"].keys() == {"message", "type", "param", "code"}
        assert got.headers["x-request-id"].startswith("req_")

    def test_a_wrong_key_is_told_so(self, openai):
        got = openai.post(body(), PATH, headers={"authorization": "Bearer no"})
        assert got.status == 401
        assert got.json["error"]["code"] == "invalid_api_key"

    def test_another_method_is_told_so(self, openai):
        got = openai.call("GET", PATH)
        assert got.status == 405
        assert got.json["error"]["type"] == "invalid_request_error"

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/v1/responses/resp_1"),
            ("POST", "/v1/responses/input_tokens"),
            ("POST", "/v1/embeddings"),
            ("POST", "/v1/completions"),
            ("GET", f"{PATH}/chatcmpl-1/messages"),
        ],
    )
    def test_what_openai_has_beside_never_reaches_anthropics_account(
        self, openai, upstream, method, path
    ):
        openai.open_account()
        sent = {"body": body()} if method == "POST" else {}
        headers = {"authorization": f"Bearer {openai.key}"}
        got = openai.call(method, path, headers=headers, **sent)
        assert got.status == 404
        assert got.json["error"].keys() == {"message", "type", "param", "code"}
        assert path in got.json["error"]["message"]
        assert upstream.requests == []

    def test_the_provider_away_is_told_so(self, openai, upstream):
        upstream.script(LARGE, httpx.ConnectError("no"))
        got = ask(openai)
        assert got.status == 502
        assert got.json["error"]["type"] == "server_error"


class TestResponses:
    ANSWER = {
        "id": "resp_1",
        "object": "response",
        "model": LARGE,
        "output": [],
        "usage": {
            "input_tokens": 30,
            "input_tokens_details": {"cached_tokens": 10},
            "output_tokens": 5,
        },
    }

    def test_passes_through_with_usage_recorded(self, openai, upstream):
        upstream.script(LARGE, HttpAnswer(chunks=[spaced(self.ANSWER)]))
        sent = b'{"model":"gpt-large",  "input":"Hi"}'
        got = openai.post(sent, "/v1/responses")
        assert upstream.requests[0].read() == sent
        assert str(upstream.requests[0].url) == "http://other.test/v1/responses"
        assert got.body == spaced(self.ANSWER)
        (made,) = openai.decision.calls
        assert made.usage.input_tokens == 20
        assert made.usage.cache_read_tokens == 10
        assert made.usage.output_tokens == 5

    def test_so_does_a_stream(self, openai, upstream):
        done = {"type": "response.completed", "response": self.ANSWER}
        events = [
            b'event: response.created\ndata: {"type":"response.created"}\n\n',
            b"event: response.completed\ndata: " + msgspec.json.encode(done) + b"\n\n",
        ]
        upstream.script(LARGE, HttpAnswer(chunks=events, headers=EVENTS))
        sent = b'{"model":"gpt-large","input":"Hi","stream":true}'
        got = openai.post(sent, "/v1/responses")
        assert got.body == b"".join(events)
        (made,) = openai.decision.calls
        assert made.usage.prompt_tokens == 30

    def test_is_never_drafted(self, openai, upstream):
        rule()
        upstream.script(LARGE, HttpAnswer(chunks=[spaced(self.ANSWER)]))
        got = openai.post(b'{"model":"gpt-large","input":"Hi"}', "/v1/responses")
        assert got.headers["x-cascade-reason"] == "not_eligible:other_dialect"

    def test_no_other_dialect_answers_it(self, openai):
        sent = b'{"model":"verifier-large","input":"Hi"}'
        got = openai.post(sent, "/v1/responses")
        assert got.status == 400
        assert "Responses API" in got.json["error"]["message"]


class TestModels:
    def test_are_listed_in_the_dialect_that_asks(self, openai):
        models.UpstreamModel.objects.create(
            provider=models.Provider.objects.get(name="other"), name=LARGE
        )
        bearer = {"authorization": f"Bearer {openai.key}"}
        got = openai.call("GET", "/v1/models", headers=bearer)
        assert got.headers["x-request-id"].startswith("req_")
        assert "request-id" not in got.headers
        assert got.json["object"] == "list"
        assert {"id": LARGE, "object": "model", "created": 0, "owned_by": "other"} in (
            got.json["data"]
        )
        anthropic = bearer | {"anthropic-version": "2026-10-21"}
        assert "has_more" in openai.call("GET", "/v1/models", headers=anthropic).json

    def test_one_has_an_entry(self, openai):
        bearer = {"authorization": f"Bearer {openai.key}"}
        got = openai.call("GET", "/v1/models/gpt-x", headers=bearer)
        assert got.json["owned_by"] == "other"

    def test_one_nobody_could_serve_is_not_found(self, openai):
        bearer = {"authorization": f"Bearer {openai.key}"}
        got = openai.call("GET", "/v1/models/a/b/c", headers=bearer)
        assert got.status == 404
        assert got.json["error"]["message"]
