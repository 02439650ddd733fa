"""Clients of one dialect, models of the other."""

from __future__ import annotations

import msgspec
import pytest

from routing.replaying import replay
from routing.sse import EventSplitter
from tests.api.chatting import (
    LARGE,
    OPENAI_KEY,
    PATH,
    SMALL,
    TEXT,
    ask,
    body,
    chunks_in,
    rule,
    streamed,
    text_in,
    whole,
)
from tests.builders import DRAFT, VERIFIER, make_completion
from tests.fakes import EVENTS, HttpAnswer, message_bytes
from tests.routing.translating.speaking import (
    DONE,
    USAGE,
    chunk,
    data_of,
    use,
)


class TestAcross:
    """An OpenAI client, an Anthropic model."""

    def test_a_whole_answer_comes_in_the_clients_dialect(self, openai, upstream):
        upstream.script(VERIFIER, HttpAnswer(chunks=[message_bytes(model=VERIFIER)]))
        got = ask(openai, model=VERIFIER)
        (sent,) = upstream.requests
        assert str(sent.url) == "http://main.test/v1/messages"
        assert sent.headers["anthropic-version"] == "2023-06-01"
        assert got.headers["content-type"] == "application/json"
        assert got.json["object"] == "chat.completion"
        assert got.json["choices"][0]["message"]["content"] == "4"
        assert got.json["usage"]["prompt_tokens"] == 20

    def test_a_stream_does_so_too(self, openai, upstream):
        events = replay(make_completion(model=VERIFIER).message | {"usage": {}})
        upstream.script(VERIFIER, HttpAnswer(chunks=events, headers=EVENTS))
        got = ask(
            openai,
            model=VERIFIER,
            stream=True,
            stream_options={"include_usage": True},
        )
        told = chunks_in(got)
        assert text_in(got) == "4"
        assert told[-1] == "[DONE]"
        assert "usage" in told[-2]

    @pytest.mark.parametrize("stream", [False, True])
    def test_an_anthropic_draft_serves_an_openai_client(self, openai, upstream, stream):
        rule(draft_model=DRAFT)
        message = make_completion(content=[use("toolu_1", x=1)], stop_reason="tool_use")
        told = message.message | {"usage": {"input_tokens": 1, "output_tokens": 1}}
        chunks = replay(told) if stream else [msgspec.json.encode(told)]
        options = {"headers": EVENTS} if stream else {}
        upstream.script(DRAFT, HttpAnswer(chunks=chunks, **options))
        tools = [{"type": "function", "function": {"name": "look", "parameters": {}}}]
        got = ask(openai, tools=tools, stream=stream)
        assert got.headers["x-cascade-outcome"] == "accepted"
        assert b"toolu_1" in got.body
        assert b"gpt-large" in got.body

    def test_an_openai_draft_for_an_anthropic_verifier(self, openai, upstream):
        rule(VERIFIER, SMALL, prior=0.1)
        upstream.script(SMALL, whole(model=SMALL))
        upstream.script(VERIFIER, HttpAnswer(chunks=[message_bytes(model=VERIFIER)]))
        got = ask(openai, model=VERIFIER)
        assert upstream.models == [SMALL, VERIFIER]
        assert got.json["model"] == VERIFIER

    def test_what_the_other_dialect_cannot_say_is_refused(self, openai, upstream):
        got = ask(openai, model=VERIFIER, n=2)
        assert got.status == 400
        assert got.json["error"]["message"].startswith("n:")
        assert upstream.requests == []

    def test_an_error_comes_in_the_clients_envelope(self, openai, upstream):
        error = b'{"type":"error","error":{"type":"overloaded_error","message":"busy"}}'
        upstream.script(VERIFIER, HttpAnswer(status=529, chunks=[error]))
        got = ask(openai, model=VERIFIER)
        assert got.status == 503
        assert got.json["error"]["message"] == "busy"
        assert got.json["error"]["type"] == "server_error"

    @pytest.mark.parametrize("stream", [False, True])
    @pytest.mark.parametrize(
        "body",
        [
            b"<html>",
            b'{"type":"error","error":{"type":"api_error","message":"x"}}',
            b"",
        ],
    )
    def test_a_success_that_is_no_message_is_a_failure(
        self, openai, upstream, body, stream
    ):
        upstream.script(VERIFIER, HttpAnswer(chunks=[body]))
        got = ask(openai, model=VERIFIER, stream=stream)
        assert (got.status, got.json["error"]["type"]) == (502, "server_error")
        assert openai.decision.status == 502

    @pytest.mark.parametrize(
        ("asked", "sent"), [({}, 8192), ({"max_tokens": 5}, 5)], ids=str
    )
    def test_a_limit_nobody_set_is_cut_to_the_models(
        self, openai, upstream, asked, sent
    ):
        openai.provider.models.create(name=VERIFIER, max_output_tokens=8192)
        upstream.script(VERIFIER, HttpAnswer(chunks=[message_bytes(model=VERIFIER)]))
        ask(openai, model=VERIFIER, **asked)
        told = msgspec.json.decode(upstream.requests[0].read())
        assert told["max_tokens"] == sent

    def test_what_the_verifier_refuses_is_left_out_for_it(self, openai, upstream):
        openai.provider.models.create(
            name=VERIFIER, parameter_rules={"sampling": False}
        )
        upstream.script(VERIFIER, HttpAnswer(chunks=[message_bytes(model=VERIFIER)]))
        ask(openai, model=VERIFIER, temperature=0.2)
        assert b"temperature" not in upstream.requests[0].read()


class TestForeignModels:
    """An Anthropic client, an OpenAI model."""

    def test_a_whole_draft_of_another_dialect(self, openai, upstream):
        rule(VERIFIER, SMALL)
        upstream.script(SMALL, whole(model=SMALL))
        got = openai.ask()
        (sent,) = upstream.requests
        assert str(sent.url) == f"http://other.test{PATH}"
        assert sent.headers["authorization"] == f"Bearer {OPENAI_KEY}"
        assert "anthropic-version" not in sent.headers
        assert got.headers["x-cascade-outcome"] == "accepted"
        assert got.json["type"] == "message"
        assert got.json["model"] == VERIFIER
        assert got.json["content"] == [{"type": "text", "text": "4"}]

    def test_a_streamed_draft(self, openai, upstream):
        rule(VERIFIER, SMALL)
        upstream.script(SMALL, streamed(*TEXT, chunk(usage=USAGE), DONE, model=SMALL))
        got = openai.ask(stream=True)
        assert got.headers["x-cascade-outcome"] == "accepted"
        assert got.headers["content-type"].startswith("text/event-stream")
        kinds = [data_of(raw)["type"] for raw in EventSplitter().feed(got.body)]
        assert kinds[0] == "message_start"
        assert kinds[-1] == "message_stop"

    def test_a_verifier_is_translated_live(self, openai, upstream):
        upstream.script(LARGE, streamed(*TEXT, chunk(usage=USAGE), DONE))
        got = openai.ask(model=LARGE, stream=True)
        assert b"message_stop" in got.body
        assert openai.decision.calls[0].usage.output_tokens == 10

    def test_a_verifier_that_breaks_off_ends_with_an_error(self, openai, upstream):
        upstream.script(LARGE, streamed(*TEXT[:2]))
        told = [
            data_of(raw)
            for raw in EventSplitter().feed(openai.ask(model=LARGE, stream=True).body)
        ]
        assert told[-1]["type"] == "error"

    def test_a_server_that_never_streams_is_told_in_events(self, openai, upstream):
        upstream.script(LARGE, whole())
        got = openai.ask(model=LARGE, stream=True)
        assert b"message_stop" in got.body

    def test_a_foreign_error_is_in_our_envelope(self, openai, upstream):
        upstream.script(
            LARGE, HttpAnswer(status=404, chunks=[b'{"error": "no model"}'])
        )
        got = openai.ask(model=LARGE)
        assert got.status == 404
        assert got.json["error"] == {"type": "not_found_error", "message": "no model"}

    def test_a_draft_that_cannot_write_calls_escalates(self, openai, upstream):
        rule(VERIFIER, SMALL)
        error = b'{"error": {"message": "no", "code": "tool_use_failed"}}'
        upstream.script(SMALL, HttpAnswer(status=400, chunks=[error]))
        upstream.script(VERIFIER, HttpAnswer(chunks=[message_bytes(model=VERIFIER)]))
        got = openai.ask()
        assert got.headers["x-cascade-reason"] == "draft_error"

    def test_what_cannot_be_said_there_is_no_draft(self, openai, upstream):
        rule(VERIFIER, SMALL)
        upstream.script(VERIFIER, HttpAnswer(chunks=[message_bytes(model=VERIFIER)]))
        got = openai.ask(stop_sequences=list("abcde"))
        assert got.headers["x-cascade-reason"] == "draft_error"
        assert upstream.models == [VERIFIER]

    def test_tokens_are_estimated_where_nobody_counts(self, openai, upstream):
        got = openai.post(body(max_tokens=5), "/v1/messages/count_tokens")
        assert got.json["input_tokens"] > 0
        assert upstream.requests == []
