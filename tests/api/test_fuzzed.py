"""Whatever a client or a provider sends, the answer is one a client can read.

Ours is Anthropic's envelope with a request id, never a 500, never a page of HTML.
"""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from routing import models
from routing.errors import UpstreamError
from tests.builders import DRAFT, make_body, make_events
from tests.fakes import EVENTS, JSON, HttpAnswer, message_bytes
from tests.fuzz.seeds import BODIES, STREAMS
from tests.fuzz.test_properties import inputs
from tests.routing.generated import objects, values

# The proxy of a test serves all its examples, as a real one serves all its clients.
same_proxy = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])

OUR_STATUSES = {400, 401, 403, 404, 405, 413}
words = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=9)
methods = st.sampled_from(
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW", "get"]
)
paths = st.one_of(
    st.sampled_from(["/v1/messages", "/v1/messages/count_tokens", "/v1/models"]),
    st.sampled_from(["/v1/chat/completions", "/v1/responses"]),
    words.map("/v1/models/".__add__),
    words.map("/v1".__add__),
    st.lists(st.sampled_from(["..", ".", "", "%2e", "a", "messages"]), max_size=4).map(
        lambda parts: "/v1/" + "/".join(parts)
    ),
)
headers = st.dictionaries(
    st.sampled_from(
        [
            *("content-type", "accept", "accept-encoding", "content-encoding", "host"),
            *("anthropic-version", "anthropic-beta", "authorization", "origin"),
            *("transfer-encoding", "expect", "x-cascade", "x-http-method-override"),
            *("x-claude-code-session-id", "x-stainless-retry-count", "cookie", "x-new"),
        ]
    ),
    words
    | st.sampled_from(["application/json", "text/html", "multipart/form-data", "*/*"]),
    max_size=4,
)
# Bodies that reach further than their first byte, beside those that do not.
FIELDS = """model messages max_tokens stream system tools tool_choice thinking metadata
output_config temperature stop_sequences mcp_servers container safeguards thread"""
known_fields = st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS.split(), values))
turns = st.lists(
    objects
    | st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant", "system"])},
        optional={"content": values | st.lists(objects, max_size=2)},
    ),
    max_size=3,
)
CHAT_FIELDS = """model messages max_tokens max_completion_tokens stream tools stop n
tool_choice response_format temperature reasoning_effort stream_options logprobs
functions parallel_tool_calls modalities"""
chat_fields = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(CHAT_FIELDS.split(), values)
)
parts = objects | st.fixed_dictionaries(
    {"type": st.sampled_from(["text", "image_url", "file", "refusal", "input_audio"])},
    optional={"text": values, "image_url": values, "file": values},
)
chat_turns = st.lists(
    objects
    | st.fixed_dictionaries(
        {
            "role": st.sampled_from(
                ["user", "assistant", "system", "tool", "developer"]
            )
            | values
        },
        optional={
            "content": values | st.lists(parts, max_size=2),
            "tool_calls": values | st.lists(objects, max_size=2),
            "tool_call_id": values,
        },
    ),
    max_size=3,
)
chat_bodies = st.one_of(
    inputs(BODIES).map(b"".join),
    chat_fields.map(lambda fields: make_body(**fields)),
    chat_turns.map(lambda messages: make_body(messages=messages)),
    st.lists(objects, max_size=2).map(lambda tools: make_body(tools=tools)),
)
bodies = st.one_of(
    inputs(BODIES).map(b"".join),
    known_fields.map(lambda fields: make_body(**fields)),
    turns.map(lambda messages: make_body(messages=messages)),
)


class Obliging(httpx.BaseTransport):
    """A provider that answers whatever it is asked with `answers`, over and over."""

    def __init__(self, *answers: HttpAnswer | Exception) -> None:
        self._answers = answers
        self._asked = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        answer = self._answers[self._asked % len(self._answers)]
        self._asked += 1
        if isinstance(answer, Exception):
            raise answer
        chunks = iter(answer.chunks)
        return httpx.Response(
            answer.status, headers=list(answer.headers), stream=Chunks(chunks)
        )


class Chunks(httpx.SyncByteStream):
    def __init__(self, chunks: Iterator[bytes | Exception]) -> None:
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk


def serve(monkeypatch, *answers):
    """Let every provider answer like this until the next call."""
    monkeypatch.setattr("routing.connection._transport", Obliging(*answers))


@pytest.fixture
def cascading(proxy):
    proxy.add_rule()
    return proxy


def assert_readable(got):
    """An answer of our own is in the envelope."""
    assert "text/html" not in got.headers.get("content-type", "")
    if got.status in (200, 204) or not got.body:
        return
    assert got.headers["content-type"] == "application/json"
    assert isinstance(got.json["error"]["type"], str)
    assert isinstance(got.json["error"]["message"], str)
    if "x-request-id" in got.headers:  # it speaks OpenAI's dialect
        assert got.json["error"].keys() == {"type", "message", "param", "code"}
    else:
        assert got.json["type"] == "error"
        assert got.headers["request-id"] == got.json["request_id"]


class TestClients:
    @given(bodies, st.booleans())
    @same_proxy
    def test_any_body_is_answered_or_refused(
        self, cascading, monkeypatch, body, counting
    ):
        serve(monkeypatch, HttpAnswer(chunks=[message_bytes(model=DRAFT)]))
        path = "/v1/messages/count_tokens" if counting else "/v1/messages"
        got = cascading.post(body, path)
        assert_readable(got)
        assert got.status in {200, *OUR_STATUSES}

    @given(chat_bodies)
    @same_proxy
    def test_any_body_of_the_other_dialect_is_answered_or_refused(
        self, cascading, monkeypatch, body
    ):
        serve(monkeypatch, HttpAnswer(chunks=[message_bytes(model=DRAFT)]))
        got = cascading.post(body, "/v1/chat/completions")
        assert_readable(got)
        assert got.status in {200, *OUR_STATUSES, 502}

    @given(methods, paths, headers, st.booleans())
    @same_proxy
    def test_any_method_path_and_header_is_answered_or_refused(
        self, cascading, monkeypatch, method, path, sent, with_key
    ):
        serve(monkeypatch, HttpAnswer(chunks=[message_bytes(model=DRAFT)]))
        key = {"x-api-key": cascading.key} if with_key else {}
        content_type = {"CONTENT_TYPE": sent.get("content-type", "")}
        got = cascading.call(
            method, path, body=make_body(), headers=sent | key, environ=content_type
        )
        if path.startswith("/v1/") or path == "/v1":
            assert_readable(got)
        assert got.status in {200, 204, *OUR_STATUSES}

    @given(words, words)
    @same_proxy
    def test_any_key_that_is_wrong_is_refused(self, proxy, key, bearer):
        sent = {"x-api-key": key, "authorization": bearer}
        got = proxy.call("POST", "/v1/messages", body=make_body(), headers=sent)
        assert_readable(got)
        assert got.status == 401

    @given(st.binary(max_size=20), words)
    @same_proxy
    def test_any_query_and_length_is_answered_or_refused(
        self, cascading, monkeypatch, query, length
    ):
        serve(monkeypatch, HttpAnswer(chunks=[message_bytes(model=DRAFT)]))
        environ = {"QUERY_STRING": query.decode("latin-1"), "CONTENT_LENGTH": length}
        got = cascading.post(make_body(), environ=environ)
        assert_readable(got)
        assert got.status in {200, *OUR_STATUSES}


breaks = st.sampled_from(
    [httpx.ReadError, httpx.ReadTimeout, httpx.RemoteProtocolError]
).map(lambda kind: kind("broken"))
replies = st.builds(
    HttpAnswer,
    status=st.sampled_from([200, 200, 201, 204, 302, 400, 404, 429, 500, 529, 599]),
    headers=st.sampled_from(
        [
            JSON,
            EVENTS,
            (("content-type", "text/html"),),
            (),
            (*JSON, ("content-encoding", "gzip")),
            (*EVENTS, ("content-encoding", "br")),
            (*JSON, ("content-length", "7")),
        ]
    ).map(lambda headers: (*headers, ("x-should-retry", "false"))),  # or we would wait
    chunks=st.tuples(
        st.one_of(
            inputs(STREAMS),
            inputs(BODIES),
            st.just(make_events("4", model=DRAFT)),
            st.just([message_bytes(model=DRAFT)]),
        ),
        st.none() | breaks,
    ).map(lambda pair: [*pair[0], *([pair[1]] if pair[1] else [])]),
)


class TestProviders:
    @given(st.lists(replies | breaks, min_size=1, max_size=2), st.booleans())
    @same_proxy
    def test_any_answer_is_relayed_or_told_as_an_error(
        self, cascading, monkeypatch, answers, stream
    ):
        serve(monkeypatch, *answers)
        got = cascading.ask(stream=stream)
        theirs = {answer.status for answer in answers if isinstance(answer, HttpAnswer)}
        assert got.status in {*theirs, 502, 504}
        try:
            body = got.body
        except UpstreamError:  # how a server is told to cut the connection
            return
        if got.status in {502, 504}:
            assert_readable(got)
        assert isinstance(body, bytes)
        assert got.headers["x-cascade-decision"]

    @given(st.lists(replies | breaks, min_size=1, max_size=2), st.booleans())
    @same_proxy
    def test_any_answer_of_another_dialect_is_put_into_the_clients_own(
        self, cascading, monkeypatch, answers, stream
    ):
        models.Provider.objects.update(kind="openai_compatible")
        serve(monkeypatch, *answers)
        got = cascading.ask(stream=stream)
        theirs = {answer.status for answer in answers if isinstance(answer, HttpAnswer)}
        assert got.status in {*theirs, 502, 504}
        if got.status >= 400:
            assert got.json["type"] == "error"
            assert isinstance(got.json["error"]["message"], str)

    @given(replies | breaks)
    @same_proxy
    def test_any_answer_to_a_count_is_relayed_or_told_as_an_error(
        self, proxy, monkeypatch, answer
    ):
        serve(monkeypatch, answer)
        got = proxy.post(make_body(), "/v1/messages/count_tokens")
        theirs = {answer.status} if isinstance(answer, HttpAnswer) else set()
        assert got.status in {*theirs, 502, 504}
