"""What clients say is read only as far as we act on it, and answered in their shape."""

from __future__ import annotations

import msgspec
import pytest

from routing.dialects.anthropic import (
    error_event_of,
    error_headers,
    forwarded,
    parse_request,
    render_error,
    render_error_event,
    render_ping,
)
from routing.dialects.headers import MAX_MESSAGES, MAX_TOOLS
from routing.errors import InvalidRequest, RateLimited, Unauthenticated, UpstreamTimeout
from routing.sse import event_data, event_name
from tests.builders import VERIFIER, make_body


def parse(**fields):
    return parse_request(make_body(**fields), headers=())


def test_reads_what_we_act_on_and_keeps_the_rest_as_bytes():
    body = b' {"max_tokens":5,"model":"m","messages":[ ],"stream":true,"new":1.50}'
    request = parse_request(
        body, headers=(("a", "b"),), query="beta=true", path="/v1/messages"
    )
    assert request.body is body
    assert body[slice(*request.model_span)] == b'"m"'
    assert (request.model, request.stream, request.max_tokens) == ("m", True, 5)
    assert (request.query, request.path, request.method) == (
        "beta=true",
        "/v1/messages",
        "POST",
    )
    assert bytes(request.fields["new"]) == b"1.50"
    assert request.headers == (("a", "b"),)
    assert request.credential is None


@pytest.mark.parametrize(("said", "meant"), [(None, False), (False, False)])
def test_a_request_streams_only_when_it_says_so(said, meant):
    assert parse(stream=said).stream is meant
    assert parse().stream is False


def test_leaves_max_tokens_to_the_provider_when_it_is_missing():
    body = msgspec.json.encode({"model": VERIFIER, "messages": []})
    assert parse_request(body, headers=()).max_tokens is None


def test_does_not_judge_what_it_does_not_act_on():
    request = parse(temperature="hot", tools=7, system={"odd": []}, messages=[1, {}])
    assert request.model == VERIFIER


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"model": None}, "model: Field required"),
        ({"model": ""}, "model: Field required"),
        ({"model": 7}, "model: Input should be a string"),
        ({"model": "m" * 257}, "model: String should have at most 256 characters"),
        ({"messages": None}, "messages: Input should be a list"),
        ({"messages": "hi"}, "messages: Input should be a list"),
        ({"messages": {}}, "messages: Input should be a list"),
        ({"stream": "yes"}, "stream: Input should be a boolean"),
        ({"stream": 1}, "stream: Input should be a boolean"),
        ({"max_tokens": "many"}, "max_tokens: Input should be an integer"),
        ({"max_tokens": True}, "max_tokens: Input should be an integer"),
        ({"max_tokens": 1.5}, "max_tokens: Input should be an integer"),
    ],
)
def test_says_which_field_is_wrong(fields, words):
    with pytest.raises(InvalidRequest) as caught:
        parse(**fields)
    assert caught.value.message == words


@pytest.mark.parametrize("missing", ["model", "messages"])
def test_says_which_field_is_missing(missing):
    fields = {"model": "m", "messages": []}
    del fields[missing]
    with pytest.raises(InvalidRequest, match=f"{missing}: Field required"):
        parse_request(msgspec.json.encode(fields), headers=())


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"\xff", b'{"model":"m"'])
def test_refuses_a_body_that_is_no_request(body):
    with pytest.raises(InvalidRequest):
        parse_request(body, headers=())


def test_refuses_more_messages_than_the_api_takes():
    body = b'{"model":"a","messages":[%s{}]}' % (b"{}," * MAX_MESSAGES)
    with pytest.raises(InvalidRequest, match="at most 100000 items"):
        parse_request(body, headers=())


def test_refuses_more_tools_than_anybody_offers():
    tools = [{"name": "a"}] * MAX_TOOLS
    assert parse(tools=tools).model == VERIFIER
    with pytest.raises(InvalidRequest, match="tools: List should have at most 10000"):
        parse(tools=[*tools, {"name": "b"}])


def test_leaves_tools_that_are_no_list_to_the_provider():
    tools = {str(number): {} for number in range(MAX_TOOLS + 1)}
    assert parse(tools=tools).model == VERIFIER


def test_takes_any_number_of_braces_within_a_message():
    text = "{" * (MAX_MESSAGES + 1)
    assert parse(messages=[{"role": "user", "content": text}]).model == VERIFIER


def test_refuses_a_model_said_twice():
    with pytest.raises(InvalidRequest, match="twice"):
        parse_request(b'{"model":"a","messages":[],"model":"b"}', headers=())


@pytest.mark.parametrize(
    "name",
    [
        "anthropic-version",
        "anthropic-beta",
        "user-agent",
        "content-type",
        "accept-encoding",
        "x-app",
        "x-stainless-retry-count",
        "x-claude-code-session-id",
        "traceparent",
    ],
)
def test_forwards_what_clients_say_to_the_provider(name):
    assert forwarded(((name, "v"),)) == ((name, "v"),)


@pytest.mark.parametrize(
    "name",
    [
        "authorization",
        "x-api-key",
        "cookie",
        "proxy-authorization",
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "te",
        "trailer",
        "upgrade",
        "expect",
        "x-forwarded-for",
        "x-forwarded-proto",
        "x-real-ip",
        "forwarded",
        "via",
        "x-cascade",
        "x-cascade-anything",
    ],
)
def test_withholds_what_is_about_us_or_is_secret(name):
    assert forwarded(((name, "v"), ("a", "b"))) == (("a", "b"),)


def test_what_stays_here_is_kept_for_rules_but_for_keys():
    headers = (
        ("x-api-key", "secret"),
        ("authorization", "secret"),
        ("host", "proxy.test"),
        ("x-cascade-team", "blue"),
        ("x-hop", "1"),
        ("connection", "x-hop, cookie"),
        ("cookie", "secret"),
        ("x-app", "cli"),
    )
    request = parse_request(make_body(), headers=headers)
    assert request.headers == (("x-app", "cli"),)
    assert dict(request.withheld) == {
        "host": "proxy.test",
        "x-cascade-team": "blue",
        "x-hop": "1",
        "connection": "x-hop, cookie",
    }


def test_withholds_what_the_connection_header_names():
    headers = (
        ("x-hop", "1"),
        ("connection", "close, X-Hop ,x-other"),
        ("x-other", "2"),
        ("x-end", "3"),
    )
    assert forwarded(headers) == (("x-end", "3"),)


def test_keeps_the_order_and_repetition_of_headers():
    headers = (("b", "1"), ("a", "2"), ("b", "3"))
    assert forwarded(headers) == headers


def test_answers_an_error_in_the_envelope():
    body = msgspec.json.decode(render_error(UpstreamTimeout("Too slow."), "req_1"))
    assert body == {
        "type": "error",
        "error": {"type": "timeout_error", "message": "Too slow."},
        "request_id": "req_1",
    }


def test_answers_an_error_in_a_stream_as_an_event():
    event = render_error_event(UpstreamTimeout("Too slow."), "req_1")
    assert event_name(event) == "error"
    assert event_data(event) == render_error(UpstreamTimeout("Too slow."), "req_1")


@pytest.mark.parametrize(
    ("error", "added"),
    [
        (UpstreamTimeout("slow"), {}),
        (Unauthenticated("no"), {"x-should-retry": "false"}),
        (RateLimited("later", retry_after_s=2.0), {"retry-after": "2"}),
        (RateLimited("later", retry_after_s=0.5), {"retry-after": "0.5"}),
    ],
)
def test_tells_in_headers_whether_and_when_to_retry(error, added):
    headers = dict(error_headers(error, "req_1"))
    usual = {"content-type": "application/json", "request-id": "req_1"}
    assert headers == usual | added


def test_says_to_retry_when_the_error_does():
    error = UpstreamTimeout("slow")
    error.should_retry = True
    assert ("x-should-retry", "true") in error_headers(error, "req_1")


def test_passes_an_error_envelope_on_as_an_event():
    body = b'{"type":"error", "error":{"type":"overloaded_error","message":"m"}}'
    event = error_event_of(body)
    assert (event_name(event), event_data(event)) == ("error", body)


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b'{"type":"message"}', b"[]", b'{"error":{}}', b"\xff", b"\x00"],
)
def test_says_in_an_event_that_an_answer_cannot_be_read(body):
    event = error_event_of(body)
    envelope = msgspec.json.decode(event_data(event))
    assert event_name(event) == "error"
    assert envelope["error"]["type"] == "api_error"


def test_pings_as_anthropic_does():
    assert render_ping() == b'event: ping\ndata: {"type": "ping"}\n\n'
