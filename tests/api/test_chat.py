"""`POST /v1/chat/completions`: the same proxy, spoken to in OpenAI's dialect."""

from __future__ import annotations

import threading

import httpx
import msgspec
import pytest

from routing import models
from routing.replaying import replay
from routing.sse import EventSplitter
from tests.builders import DRAFT, VERIFIER, make_completion
from tests.fakes import EVENTS, HttpAnswer, message_bytes
from tests.routing.translating.speaking import (
    DONE,
    USAGE,
    call,
    chat_answer,
    chunk,
    chunk_of,
    data_of,
    use,
)

PATH = "/v1/chat/completions"
OPENAI_KEY = "sk-of-openai"
ODD_BODY = b' {"messages": [{"role":"user","content":"Hi"}], "model" :\t"gpt-large" }\n'
LARGE, SMALL = "gpt-large", "gpt-small"


@pytest.fixture
def openai(proxy):
    """The proxy with a provider of the OpenAI shape, and a rule there."""
    row = models.Provider(name="other", kind="openai", base_url="http://other.test")
    row.set_key(OPENAI_KEY)
    row.save()
    row.models.create(name="gpt*")
    return proxy


def rule(request_model=LARGE, draft_model=SMALL, **terms):
    models.CascadeRule.objects.create(
        name="chat",
        request_model=request_model,
        draft_model=draft_model,
        economics=False,
        **terms,
    )


def body(model=LARGE, text="What is 2 + 2?", **fields):
    messages = [{"role": "user", "content": text}]
    return msgspec.json.encode({"model": model, "messages": messages, **fields})


def ask(proxy, *, path=PATH, **fields):
    headers = {"authorization": f"Bearer {proxy.key}"}
    return proxy.post(body(**fields), path, headers=headers)


def spaced(value):
    """JSON as no encoder of ours would write it."""
    return msgspec.json.format(msgspec.json.encode(value), indent=1)


def whole(content="4", *, model=LARGE, **options):
    answer = chat_answer(content, **options) | {"model": model}
    return HttpAnswer(chunks=[spaced(answer)])


def streamed(*chunks, model=LARGE):
    named = [raw.replace(b'"small"', b'"%b"' % model.encode()) for raw in chunks]
    return HttpAnswer(chunks=named, headers=EVENTS)


def chunks_in(answer):
    return [data_of(raw) for raw in EventSplitter().feed(answer.body)]


def text_in(answer):
    told = [c for c in chunks_in(answer) if isinstance(c, dict)]
    return "".join(
        choice["delta"].get("content") or "" for c in told for choice in c["choices"]
    )


TEXT = (chunk(role="assistant", content=""), chunk(content="4"), chunk("stop"))


class TestPassThrough:
    def test_the_bytes_are_the_clients_and_the_providers(self, openai, upstream):
        upstream.script(LARGE, whole())
        headers = {
            "authorization": f"Bearer {openai.key}",
            "openai-beta": "x",
            "openai-organization": "org-of-the-client",
        }
        got = openai.post(ODD_BODY, f"{PATH}?a=1", headers=headers)
        (sent,) = upstream.requests
        assert sent.read() == ODD_BODY
        assert str(sent.url) == f"http://other.test{PATH}?a=1"
        assert sent.headers["authorization"] == f"Bearer {OPENAI_KEY}"
        assert sent.headers["openai-beta"] == "x"
        assert "openai-organization" not in sent.headers
        assert openai.key not in str(sent.headers.raw)
        assert got.body == spaced(chat_answer() | {"model": LARGE})
        assert got.headers["x-cascade-outcome"] == "pass_through"

    def test_a_stream_is_relayed_byte_for_byte(self, openai, upstream):
        sent = [*TEXT, chunk(usage=USAGE), DONE]
        upstream.script(LARGE, streamed(*sent))
        got = ask(openai, stream=True, stream_options={"include_usage": True})
        assert got.body == b"".join(sent).replace(b'"small"', b'"gpt-large"')
        assert openai.decision.calls[0].usage.output_tokens == 10

    def test_usage_and_cost_are_recorded_once_per_token(self, openai, upstream):
        usage = USAGE | {"prompt_tokens_details": {"cached_tokens": 15}}
        upstream.script(LARGE, whole(usage=usage))
        ask(openai)
        (made,) = openai.decision.calls
        assert made.usage.input_tokens == 5
        assert made.usage.cache_read_tokens == 15

    def test_a_stream_that_tells_no_usage_is_estimated_and_marked(
        self, openai, upstream
    ):
        upstream.script(LARGE, streamed(*TEXT, DONE))
        assert ask(openai, stream=True).body
        (made,) = openai.decision.calls
        assert made.usage.unpriced == "estimated"
        assert made.cost_nusd is None

    @pytest.mark.parametrize("cascaded", [False, True])
    def test_a_provider_may_be_asked_for_it_in_the_clients_place(
        self, openai, upstream, cascaded
    ):
        if cascaded:
            rule()
        answers = SMALL if cascaded else LARGE
        sent = [*TEXT, chunk(usage=USAGE), DONE]
        upstream.script(answers, streamed(*sent, model=answers))
        got = ask(openai, stream=True, stream_options={"include_obfuscation": False})
        asked = msgspec.json.decode(upstream.requests[0].read())
        assert asked["stream_options"] == {
            "include_obfuscation": False,
            "include_usage": True,
        }
        assert got.body == b"".join([*TEXT, DONE]).replace(b'"small"', b'"gpt-large"')
        (made,) = openai.decision.calls
        assert made.usage.unpriced == ""

    def test_a_client_that_asks_for_it_gets_it(self, openai, upstream):
        upstream.script(LARGE, streamed(*TEXT, chunk(usage=USAGE), DONE))
        got = ask(openai, stream=True, stream_options={"include_usage": True})
        assert b'"usage":{' in got.body

    def test_a_stream_without_done_is_whole_after_its_finish(self, openai, upstream):
        upstream.script(LARGE, streamed(*TEXT))
        got = ask(openai, stream=True)
        assert b"error" not in got.body
        assert openai.decision.status == 200

    def test_a_stream_that_breaks_off_ends_with_an_error(self, openai, upstream):
        upstream.script(LARGE, streamed(*TEXT[:2]))
        assert chunks_in(ask(openai, stream=True))[-1]["error"]["message"]
        assert openai.decision.status == 502

    def test_several_choices_pass_through(self, openai, upstream):
        rule()
        upstream.script(LARGE, whole())
        got = ask(openai, n=2)
        assert got.headers["x-cascade-reason"] == "not_eligible:other_dialect"
        assert msgspec.json.decode(upstream.requests[0].read())["n"] == 2

    def test_an_error_of_the_provider_is_left_as_it_is(self, openai, upstream):
        error = b'{"error": {"message": "no", "code": "tool_use_failed"}}'
        upstream.script(LARGE, HttpAnswer(status=400, chunks=[error]))
        got = ask(openai)
        assert (got.status, got.body) == (400, error)


class TestCascade:
    def test_an_accepted_draft_is_served_from_its_own_bytes(self, openai, upstream):
        rule()
        upstream.script(SMALL, whole(model=SMALL))
        got = ask(openai)
        assert got.headers["x-cascade-outcome"] == "accepted"
        assert got.body == spaced(chat_answer() | {"model": LARGE})

    def test_so_is_a_streamed_one(self, openai, upstream):
        rule()
        sent = [*TEXT, chunk(usage=USAGE), DONE]
        upstream.script(SMALL, streamed(*sent, model=SMALL))
        got = ask(openai, stream=True, stream_options={"include_usage": True})
        assert got.headers["x-cascade-outcome"] == "accepted"
        assert got.body == b"".join(sent).replace(b'"small"', b'"gpt-large"')

    def test_an_escalation_streams_the_verifier_as_it_is(self, openai, upstream):
        rule(prior=0.1)
        upstream.script(SMALL, streamed(*TEXT, DONE, model=SMALL))
        upstream.script(LARGE, streamed(*TEXT, chunk(usage=USAGE), DONE))
        got = ask(openai, stream=True)
        assert got.headers["x-cascade-outcome"] == "escalated"
        assert upstream.models == [SMALL, LARGE]
        assert text_in(got) == "4"

    def test_a_draft_is_judged_by_what_it_says(self, openai, upstream):
        rule()
        tools = [{"type": "function", "function": {"name": "look", "parameters": {}}}]
        upstream.script(
            SMALL, whole(None, model=SMALL, tool_calls=[call("a", "{", "look")])
        )
        upstream.script(LARGE, whole())
        got = ask(openai, tools=tools)
        assert got.headers["x-cascade-reason"] == "veto:invalid_tool_input"

    @pytest.mark.parametrize("stream", [False, True])
    def test_so_it_is_by_the_log_probabilities_its_client_asked_for(
        self, openai, upstream, stream
    ):
        rule()
        told = {"content": [{"token": "4", "logprob": -0.5}]}
        if stream:
            choice = {"index": 0, "delta": {"content": "4"}, "logprobs": told}
            sent = (chunk_of([choice]), chunk("stop"), DONE)
            upstream.script(SMALL, streamed(*sent, model=SMALL))
        else:
            answer = chat_answer("4") | {"model": SMALL}
            answer["choices"][0]["logprobs"] = told
            upstream.script(SMALL, HttpAnswer(chunks=[spaced(answer)]))
        ask(openai, logprobs=True, stream=stream)
        assert openai.decision.signals["mean_logprob"] == -0.5

    def test_a_draft_whose_call_is_text_is_rejected(self, openai, upstream):
        rule()
        tools = [{"type": "function", "function": {"name": "look", "parameters": {}}}]
        written = '```json\n{"name": "look", "arguments": {}}\n```'
        upstream.script(SMALL, whole(written, model=SMALL))
        upstream.script(LARGE, whole())
        got = ask(openai, tools=tools)
        assert got.headers["x-cascade-reason"] == "veto:tool_call_in_text"

    def test_a_draft_that_is_cut_off_is_rejected(self, openai, upstream):
        rule()
        upstream.script(SMALL, streamed(*TEXT[:2], model=SMALL))
        upstream.script(LARGE, streamed(*TEXT, DONE))
        got = ask(openai, stream=True)
        assert got.headers["x-cascade-reason"] == "draft_error"

    def test_a_loop_the_draft_began_goes_on_with_it(self, openai, upstream):
        rule()
        tools = [{"type": "function", "function": {"name": "look", "parameters": {}}}]
        called = [call("call_a", "{}", "look")]
        upstream.script(SMALL, whole(None, model=SMALL, tool_calls=called))
        upstream.script(SMALL, whole(model=SMALL))
        first = ask(openai, tools=tools)
        assert first.headers["x-cascade-outcome"] == "accepted"
        messages = [
            {"role": "user", "content": "What is 2 + 2?"},
            first.json["choices"][0]["message"],
            {"role": "tool", "tool_call_id": "call_a", "content": "4"},
        ]
        second = ask(openai, tools=tools, messages=messages)
        assert second.headers["x-cascade-outcome"] == "accepted"


class TestCopies:
    """A draft of the client's own dialect is asked in the client's own words."""

    OWN = b"""{"model":"gpt-large", "seed":7, "user":"u","store":false,
        "service_tier":"flex", "prompt_cache_key":"k", "max_tokens": 5000,
        "temperature":0.5,  "tool_choice":"required", "reasoning_effort":"high",
        "parallel_tool_calls":false, "messages":[{"role":"user","content":"Hi"}],
        "tools":[{"type":"function","function":{"name":"look"}}]}"""

    def sent(self, openai, upstream, **facts):
        provider = models.Provider.objects.get(name="other")
        provider.models.create(name=SMALL, **facts)
        rule(clamp_max_tokens=True)
        called = [call("call_of_the_server")]
        upstream.script(SMALL, whole(None, model=SMALL, tool_calls=called))
        headers = {"authorization": f"Bearer {openai.key}"}
        got = openai.post(self.OWN, PATH, headers=headers)
        assert got.headers["x-cascade-outcome"] == "accepted"
        assert got.json["choices"][0]["message"]["tool_calls"] == called
        return upstream.requests[0].read()

    def test_a_limit_is_cut_and_every_other_byte_stays(self, openai, upstream):
        wanted = self.OWN.replace(b"5000", b"1000").replace(b"gpt-large", b"gpt-small")
        assert self.sent(openai, upstream, max_output_tokens=1000) == wanted

    def test_what_the_model_refuses_has_the_clients_names(self, openai, upstream):
        rules = {"sampling": False, "forced_tool_choice": False}
        efforts = {"effort": {"supported": True, "low": {"supported": True}}}
        sent = msgspec.json.decode(
            self.sent(openai, upstream, parameter_rules=rules, capabilities=efforts)
        )
        own = msgspec.json.decode(self.OWN)
        del own["temperature"]
        assert sent == own | {
            "model": SMALL,
            "tool_choice": "auto",
            "reasoning_effort": "low",
        }


class TestHeld:
    def test_a_stream_that_is_undecided_begins_with_comments(
        self, openai, upstream, settings
    ):
        settings.CASCADE_HOLD_S = 0.0
        settings.CASCADE_PING_S = 0.01
        rule()
        opened = threading.Event()
        answer = streamed(*TEXT, DONE, model=SMALL)
        answer.wait = opened
        upstream.script(SMALL, answer)
        got = ask(openai, stream=True)
        first = next(got.chunks)
        opened.set()
        assert first == b": ping\n\n"
        assert b"[DONE]" in got.body

    def test_its_failure_is_data_of_the_stream(self, openai, upstream, settings):
        settings.CASCADE_HOLD_S = 0.0
        settings.CASCADE_PING_S = 0.01
        rule(prior=0.1)
        opened = threading.Event()
        answer = streamed(*TEXT, DONE, model=SMALL)
        answer.wait = opened
        upstream.script(SMALL, answer)
        error = b'{"error": {"message": "busy"}}'
        upstream.script(LARGE, HttpAnswer(status=503, chunks=[error]))
        got = ask(openai, stream=True)
        next(got.chunks)
        opened.set()
        assert got.body.endswith(b"data: " + error + b"\n\n")


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
