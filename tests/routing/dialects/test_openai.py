"""Requests of OpenAI's dialect: the internal form, and their own bytes beside it."""

from __future__ import annotations

import msgspec
import pytest

from routing.body import MAX_VALUES
from routing.dialects import DIALECTS, spoken_at
from routing.dialects.headers import MAX_MESSAGES, MAX_TOOLS
from routing.dialects.openai import parse_request, parse_responses_request
from routing.errors import BudgetSpent, InvalidRequest

HI = [{"role": "user", "content": "Hi"}]
HEADERS = (
    ("authorization", "Bearer secret"),
    ("openai-organization", "org"),
    ("user-agent", "x"),
)


def parsed(**fields):
    body = msgspec.json.encode({"model": "m", "messages": HI, **fields})
    return parse_request(body, headers=HEADERS)


def test_its_own_bytes_and_headers_stand_beside_the_internal_form():
    request = parsed(temperature=0.5)
    assert request.native is not None
    assert msgspec.json.decode(request.native.body)["temperature"] == 0.5
    assert request.native.headers == HEADERS[1:]
    assert request.get("messages") == HI
    assert dict(request.headers) == {
        "content-type": "application/json",
        "anthropic-version": "2023-06-01",
        "user-agent": "x",
    }


def test_only_the_model_is_replaced_in_either():
    request = parse_request(b' {"messages":[],"model" : "m" }', headers=())
    assert request.native is not None
    assert request.native.body_for("m") == b' {"messages":[],"model" : "m" }'
    assert request.native.body_for("x") == b' {"messages":[],"model" : "x" }'
    assert msgspec.json.decode(request.body_for("x"))["model"] == "x"


def test_refuses_more_messages_and_tools_than_the_other_dialect_takes():
    body = b'{"model":"a","messages":[%s{}]}' % (b"{}," * MAX_MESSAGES)
    with pytest.raises(InvalidRequest, match="messages: List should have at most"):
        parse_request(body, headers=())
    with pytest.raises(InvalidRequest, match="tools: List should have at most"):
        parsed(tools=[{}] * (MAX_TOOLS + 1))


def calling(arguments):
    function = {"name": "look", "arguments": arguments}
    call = {"id": "a", "type": "function", "function": function}
    return [*HI, {"role": "assistant", "content": None, "tool_calls": [call]}]


def test_values_in_arguments_count_as_values_of_the_body():
    with pytest.raises(InvalidRequest, match="more than 1,000,000 values"):
        parsed(messages=calling('{"a":[%s1]}' % ("{}," * MAX_VALUES)))


def test_arguments_go_to_the_other_dialect_as_they_were_written():
    request = parsed(messages=calling('{"b" : 1.50, "a":{}}'))
    assert b'"input":{"b" : 1.50, "a":{}}' in request.body


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_either_name_is_the_limit(name):
    assert parsed(**{name: 7}).max_tokens == 7


def test_without_a_limit_there_is_none_to_hold_against_a_model():
    assert parsed().max_tokens is None


@pytest.mark.parametrize(
    ("fields", "beyond", "judgeable"),
    [
        ({}, "", True),
        ({"n": 1, "seed": 3}, "", True),
        ({"n": 2}, "n:", False),
        ({"logprobs": True}, "logprobs:", True),
        ({"logprobs": True, "n": 2}, "n:", False),
        ({"response_format": {"type": "json_object"}}, "response_format:", False),
        ({"tools": [{"type": "custom"}]}, "tools:", False),
        ({"tools": [{}]}, "tools:", False),
    ],
)
def test_says_what_no_other_dialect_can(fields, beyond, judgeable):
    native = parsed(**fields).native
    assert native is not None
    assert native.beyond.startswith(beyond)
    assert bool(native.beyond) == bool(beyond)
    assert native.judgeable == judgeable


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b'{"model":"m"}',
        b'{"model":"m","messages":{}}',
        b'{"model":"","messages":[]}',
        b'{"model":1,"messages":[]}',
        b'{"model":"m","messages":[],"stream":1}',
        b'{"model":"m","model":"n","messages":[]}',
        b'{"model":"' + b"m" * 300 + b'","messages":[]}',
    ],
)
def test_refuses_what_cannot_be_acted_on(body):
    with pytest.raises(InvalidRequest):
        parse_request(body, headers=())


def test_a_response_is_passed_on_as_it_is():
    body = b'{"model": "m", "input": "Hi", "stream": true}'
    request = parse_responses_request(body, headers=HEADERS)
    assert request.native is not None
    assert request.native.body == body
    assert (request.stream, request.native.judgeable) == (True, False)
    assert "Responses API" in request.native.beyond


@pytest.mark.parametrize(
    ("path", "environ", "dialect"),
    [
        ("/v1/messages", {"HTTP_AUTHORIZATION": "Bearer x"}, "anthropic"),
        ("/v1/chat/completions", {"HTTP_X_API_KEY": "x"}, "openai"),
        ("/v1/responses", {}, "openai"),
        ("/v1/models", {"HTTP_AUTHORIZATION": "Bearer x"}, "openai"),
        ("/v1/models/m", {"HTTP_X_API_KEY": "x"}, "anthropic"),
        (
            "/v1/models",
            {"HTTP_AUTHORIZATION": "x", "HTTP_ANTHROPIC_VERSION": "y"},
            "anthropic",
        ),
        ("/v1/models", {}, "anthropic"),
        ("/v1/embeddings", {"HTTP_X_API_KEY": "x"}, "openai"),
        ("/v1/responsesque", {}, "anthropic"),
        ("/v1/files", {"HTTP_AUTHORIZATION": "Bearer x"}, "openai"),
    ],
)
def test_the_address_and_headers_tell_the_dialect(path, environ, dialect):
    assert spoken_at(path, environ) == dialect


@pytest.mark.parametrize("body", [b'{"error": {"message": "no"}}', b"<html>", b""])
def test_an_error_in_a_stream_is_data(body):
    told = DIALECTS["openai"].error_event_of(body)
    assert told.startswith(b"data: {")
    assert msgspec.json.decode(told[6:])["error"]["message"]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("enforced_spend_limit_reached", "insufficient_quota"),
        ("session_request_limit_reached", "session_request_limit_reached"),
    ],
)
def test_what_asking_again_does_not_mend_has_a_code_of_its_own(said, code):
    error = BudgetSpent("Spent.", error_code=said)
    told = msgspec.json.decode(DIALECTS["openai"].render_error(error, "req_1"))
    assert (told["error"]["code"], told["error"]["message"]) == (code, "Spent.")
    headers = dict(DIALECTS["openai"].error_headers(error, "req_1"))
    assert headers["x-should-retry"] == "false"
    assert "retry-after" not in headers
