"""`POST /v1/chat/completions`: the same proxy, spoken to in OpenAI's dialect."""

from __future__ import annotations

import threading

import msgspec
import pytest

from routing import models
from tests.api.chatting import (
    LARGE,
    ODD_BODY,
    OPENAI_KEY,
    PATH,
    SMALL,
    TEXT,
    ask,
    chunks_in,
    rule,
    spaced,
    streamed,
    text_in,
    whole,
)
from tests.fakes import HttpAnswer
from tests.routing.translating.speaking import (
    DONE,
    USAGE,
    call,
    chat_answer,
    chunk,
    chunk_of,
)


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
