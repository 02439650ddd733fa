"""Our own errors: Anthropic's envelope, a request-id, never a page of HTML."""

from __future__ import annotations

from typing import Any

import pytest

from routing.simulator import Simulator
from tests.builders import make_body
from tests.stack import Stack, new_model
from tests.wire import Answer, send

MEGABYTE = 1024 * 1024
LIMIT = 32 * MEGABYTE


def assert_envelope(answer: Answer, status: int, kind: str) -> None:
    assert answer.status == status
    assert answer.headers["content-type"] == "application/json"
    assert answer.json["type"] == "error"
    assert answer.json["error"]["type"] == kind
    assert answer.json["error"]["message"]
    assert answer.json["request_id"] == answer.headers["request-id"]
    assert answer.headers["request-id"].startswith("req_")


@pytest.mark.parametrize(
    "headers",
    [
        {"x_api_key": ""},
        {"x_api_key": "sk-cascade-wrong"},
        {"x_api_key": "", "authorization": "Bearer nonsense"},
        {"x_api_key": "", "authorization": "Basic YTpi"},
        {"x_api_key": "not ascii: \xe9"},
    ],
)
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens"])
def test_refuses_a_wrong_key_and_says_not_to_retry(
    stack: Stack, path: str, headers: dict[str, str]
) -> None:
    answer = stack.ask(make_body(model=new_model()), path=path, **headers)
    assert_envelope(answer, 401, "authentication_error")
    assert answer.headers["x-should-retry"] == "false"


def test_refuses_a_request_for_models_without_a_key(stack: Stack) -> None:
    answer = stack.call("GET", "/v1/models")
    assert_envelope(answer, 401, "authentication_error")


@pytest.mark.parametrize(
    "path",
    ["/v1/messages/", "/v1", "/v1/", "/v1/x/", "/v1/x/%2e%2e/y", "/v1/%2e%2e%2fx"],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_answers_404_for_an_unknown_address(
    stack: Stack, method: str, path: str
) -> None:
    answer = stack.call(method, path, headers=stack.headers())
    assert_envelope(answer, 404, "not_found_error")


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/messages/batches", "/v1/x/y"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_answers_403_where_a_key_may_not_reach_the_account(
    stack: Stack, method: str, path: str
) -> None:
    answer = stack.call(method, path, headers=stack.headers())
    assert_envelope(answer, 403, "permission_error")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/messages"),
        ("PUT", "/v1/messages"),
        ("DELETE", "/v1/models"),
        ("PATCH", "/v1/messages/count_tokens"),
    ],
)
def test_answers_405_for_a_known_address_with_another_method(
    stack: Stack, method: str, path: str
) -> None:
    answer = stack.call(method, path, headers=stack.headers())
    assert_envelope(answer, 405, "invalid_request_error")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b"[]",
        b"null",
        b'"text"',
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b'{"model":"m","max_tokens":NaN,"messages":[]}',
        b'{"model":"m","max_tokens":Infinity,"messages":[]}',
        b'{"model":"\xff","max_tokens":1,"messages":[]}',
        b'{"model":"m","messages":[]} trailing',
        b'{"model":"m","model":"n","max_tokens":1,"messages":[]}',
        b'{"model":"m","max_tokens":1}',
        b'{"max_tokens":1,"messages":[]}',
        b'{"model":1,"max_tokens":1,"messages":[]}',
        b'{"model":"","max_tokens":1,"messages":[]}',
        b'{"model":null,"max_tokens":1,"messages":[]}',
        b'{"model":"m","max_tokens":1,"messages":"hi"}',
        b'{"model":"m","max_tokens":"1","messages":[]}',
        b'{"model":"m","max_tokens":1,"messages":[],"stream":"yes"}',
    ],
    ids=lambda body: body[:40].decode(errors="replace"),
)
def test_answers_400_for_a_body_it_cannot_read(stack: Stack, body: bytes) -> None:
    assert_envelope(stack.ask(body), 400, "invalid_request_error")


def test_leaves_the_depth_of_fields_it_does_not_read_to_the_provider(
    stack: Stack, simulator: Simulator
) -> None:
    model = new_model()
    deep = b"[" * 200_000 + b"]" * 200_000
    body = make_body(model=model)[:-1] + b',"deep":' + deep + b"}"
    simulator.script([{"model": model, "body": b"{}"}])
    answer = stack.ask(body)
    if answer.status != 200:
        assert_envelope(answer, 400, "invalid_request_error")


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/nothing"])
def test_answers_an_error_to_a_client_that_is_still_sending(
    stack: Stack, path: str
) -> None:
    body = make_body("x" * 8 * MEGABYTE, model=new_model())
    answer = stack.ask(body, path=path, x_api_key="wrong")
    assert answer.status in (401, 404)
    assert answer.json["request_id"]


@pytest.mark.parametrize("chunked", [False, True])
def test_answers_413_for_a_body_over_the_limit(stack: Stack, chunked: bool) -> None:
    body: Any = b"x" * (LIMIT + 1)
    if chunked:
        body = [b"x" * MEGABYTE] * 33
    answer = stack.call("POST", "/v1/messages", body=body, headers=stack.headers())
    assert_envelope(answer, 413, "request_too_large")


def test_answers_for_a_provider_of_another_dialect(stack: Stack) -> None:
    answer = stack.ask(make_body(model="gpt-4o"))
    assert answer.status == 200
    assert answer.json["type"] == "message"


def test_answers_400_for_a_broken_chunked_upload(stack: Stack) -> None:
    headers = stack.headers(transfer_encoding="chunked", connection="close")
    with send(stack.base_url, b"zz\r\nnonsense\r\n\r\n", headers) as sock:
        answer = sock.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 400")


def test_serves_on_after_all_of_this(stack: Stack) -> None:
    assert stack.ask(make_body(model=new_model())).status == 200
