"""Without a rule the bytes are the client's on the way up and the provider's down."""

from __future__ import annotations

import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from routing.simulator import Simulator
from routing.simulator.values import Request
from tests.builders import make_body
from tests.provision import UPSTREAM_KEY
from tests.stack import Stack, new_model

# White space, escapes, a repeated key and an unknown field: nothing may be re-encoded.
ODD_BODY = (
    b'{ "max_tokens":16,\r\n\t"model" : "%s" ,"messages":[{"role":"user",'
    b'"content":"caf\\u00e9 \xf0\x9f\x99\x82"}], "unknown":{"b":1,"a":2.50,"b":3} }\n'
)
ODD_ANSWER = (
    b'{"z":1.50,  "type":"message", "model":"other",\n"unknown":[1e3,"\\u00e9"]}'
)
ODD_STREAM = (
    b": a comment\n\n",
    b'event: message_start\r\ndata: {"type":"message_start","message":{"model":"x",',
    b'"usage":{"input_tokens":1,"output_tokens":1}}}\r\n\r\n',
    b'event: novelty\ndata: {"type":"novelty","unknown":"gr\xc3',
    b'\xbc\xc3\x9fe"}\n\n',
    b'event: message_stop\ndata: {"type":"message_stop"}\n\n',
)


def last_request(simulator: Simulator, model: str) -> Request:
    return [r for r in simulator.requests if model.encode() in r.body][-1]


def test_forwards_the_body_as_received(stack: Stack, simulator: Simulator) -> None:
    model = new_model()
    body = ODD_BODY % model.encode()
    answer = stack.ask(body)
    assert answer.status == 200
    assert last_request(simulator, model).body == body


def test_returns_status_headers_and_body_as_sent(
    stack: Stack, simulator: Simulator
) -> None:
    model = new_model()
    sent = {
        "content-type": "application/json",
        "request-id": "req_upstream",
        "anthropic-ratelimit-tokens-remaining": "17",
        "x-unheard-of": "kept",
    }
    simulator.script(
        [{"model": model, "status": 203, "headers": sent, "body": ODD_ANSWER}]
    )
    answer = stack.ask(make_body(model=model))
    assert (answer.status, answer.body) == (203, ODD_ANSWER)
    assert sent.items() <= answer.headers.items()
    ours = {name for name in answer.headers if name.startswith("x-cascade-")}
    added = set(answer.headers) - set(sent) - ours
    assert added <= {"content-length", "connection", "date", "server"}


def test_returns_a_stream_as_sent(stack: Stack, simulator: Simulator) -> None:
    model = new_model()
    headers = {"content-type": "text/event-stream; charset=utf-8"}
    simulator.script([{"model": model, "headers": headers, "chunks": ODD_STREAM}])
    answer = stack.ask(make_body(model=model, stream=True))
    assert answer.whole
    assert answer.body == b"".join(ODD_STREAM)
    assert answer.headers["content-type"] == headers["content-type"]


def test_returns_a_compressed_body_as_sent(stack: Stack, simulator: Simulator) -> None:
    answer = stack.ask(
        make_body(model=new_model()), accept_encoding="gzip", x_simulate="gzip"
    )
    assert answer.headers["content-encoding"] == "gzip"
    assert b'"type":"message"' in zlib.decompress(answer.body, 32 + zlib.MAX_WBITS)


@pytest.mark.parametrize(
    ("status", "extra"),
    [
        (400, {}),
        (401, {}),
        (402, {}),
        (403, {}),
        (404, {}),
        (413, {}),
        (429, {"retry-after": "7", "x-should-retry": "true"}),
        (500, {"x-should-retry": "false"}),
        (504, {}),
        (529, {"retry-after": "0.5"}),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_returns_the_providers_errors_as_sent(
    stack: Stack,
    simulator: Simulator,
    status: int,
    extra: dict[str, str],
    stream: bool,
) -> None:
    model = new_model()
    body = b'{"type": "error", "error": {"type":"t","message":"as it is"} }'
    headers = {"content-type": "application/json", "request-id": "req_1", **extra}
    simulator.script(
        [{"model": model, "status": status, "headers": headers, "body": body}]
    )
    answer = stack.ask(make_body(model=model, stream=stream))
    assert (answer.status, answer.body) == (status, body)
    assert headers.items() <= answer.headers.items()


@pytest.mark.parametrize("stream", [False, True])
def test_returns_a_page_of_a_balancer_as_sent(stack: Stack, stream: bool) -> None:
    answer = stack.ask(
        make_body(model=new_model(), stream=stream), x_simulate="html_error"
    )
    assert answer.status == 502
    assert answer.headers["content-type"] == "text/html"
    assert b"<html>" in answer.body


def test_forwards_headers_and_query(stack: Stack, simulator: Simulator) -> None:
    model = new_model()
    stack.ask(
        make_body(model=model),
        path="/v1/messages?beta=true&x=%2F",
        anthropic_version="2026-10-21",
        anthropic_beta="not-a-known-beta-2031-01-01,other",
        x_claude_code_session_id="s-1",
        user_agent="client/1",
    )
    request = last_request(simulator, model)
    assert (request.path, request.query) == ("/v1/messages", "beta=true&x=%2F")
    assert request.header("anthropic-version") == "2026-10-21"
    assert request.header("anthropic-beta") == "not-a-known-beta-2031-01-01,other"
    assert request.header("x-claude-code-session-id") == "s-1"
    assert request.header("user-agent") == "client/1"


@pytest.mark.parametrize("name", ["x-api-key", "authorization"])
def test_sends_the_providers_key_and_never_the_clients(
    stack: Stack, simulator: Simulator, name: str
) -> None:
    model = new_model()
    scheme = "Bearer " if name == "authorization" else ""
    headers = stack.headers(x_api_key="") | {name: scheme + stack.key}
    body = make_body(model=model)
    answer = stack.call("POST", "/v1/messages", body=body, headers=headers)
    assert answer.status == 200
    request = last_request(simulator, model)
    assert request.header("x-api-key") == UPSTREAM_KEY
    assert not any(stack.key in value for _, value in request.headers)


def test_takes_a_chunked_upload(stack: Stack, simulator: Simulator) -> None:
    model = new_model()
    body = make_body("x" * 50_000, model=model)
    parts = [body[start : start + 7_000] for start in range(0, len(body), 7_000)]
    answer = stack.call("POST", "/v1/messages", body=parts, headers=stack.headers())
    assert answer.status == 200
    request = last_request(simulator, model)
    assert request.body == body
    assert request.header("content-length") == str(len(body))


def test_forwards_a_body_just_under_the_limit(
    stack: Stack, simulator: Simulator
) -> None:
    model = new_model()
    body = make_body("x", model=model)
    body = body.replace(b'"x"', b'"' + b"x" * (32 * 1024 * 1024 - len(body) + 1) + b'"')
    assert len(body) == 32 * 1024 * 1024
    simulator.script([{"model": model, "body": b"{}"}])
    assert stack.ask(body).status == 200
    assert last_request(simulator, model).body == body


def test_counts_tokens_without_a_decision(stack: Stack, simulator: Simulator) -> None:
    model = new_model("cascade")
    answer = stack.ask(
        make_body("y" * 400, model=model), path="/v1/messages/count_tokens?beta=true"
    )
    assert answer.status == 200
    assert answer.json["input_tokens"] >= 100
    request = last_request(simulator, model)
    assert (request.path, request.query) == ("/v1/messages/count_tokens", "beta=true")
    after = new_model()
    stack.ask(make_body(model=after))
    stack.decision(after)
    sql = "SELECT * FROM metrics_routingdecision WHERE requested_model = ?"
    assert stack.query(sql, model) == []


def test_counts_tokens_for_many_at_once(stack: Stack) -> None:
    """As /context of Claude Code asks, 26 times within a second."""

    def count(number: int) -> Any:
        body = make_body("y" * 100 * number, model=f"cascade-count-{number}")
        return stack.ask(body, path="/v1/messages/count_tokens")

    with ThreadPoolExecutor(26) as clients:
        answers = list(clients.map(count, range(1, 27)))
    assert {answer.status for answer in answers} == {200}
    counts = [answer.json["input_tokens"] for answer in answers]
    assert counts == sorted(counts)
    assert len(set(counts)) == 26


def test_lists_models(stack: Stack) -> None:
    answer = stack.call("GET", "/v1/models?limit=2", headers=stack.headers())
    assert answer.status == 200
    assert len(answer.json["data"]) == 2
    assert answer.json["has_more"] is True


def test_describes_a_model(stack: Stack) -> None:
    answer = stack.call("GET", "/v1/models/claude-opus-5-5", headers=stack.headers())
    assert answer.json["id"] == "claude-opus-5-5"
    assert answer.json["capabilities"]["image_input"] == {"supported": True}


def test_returns_the_providers_404_for_an_unknown_model(stack: Stack) -> None:
    answer = stack.call("GET", "/v1/models/nonesuch", headers=stack.headers())
    assert answer.status == 404
    assert answer.json["error"]["message"] == "model: nonesuch"


@pytest.mark.parametrize("path", ["/", "/api/hello"])
def test_answers_a_knock_without_a_key(stack: Stack, path: str) -> None:
    answer = stack.call("HEAD", path)
    assert (answer.status, answer.body) == (200, b"")


def test_records_a_pass_through(stack: Stack) -> None:
    model = new_model()
    answer = stack.ask(make_body("What is 2+2?", model=model))
    row = stack.decision(model)
    assert row["decision_id"] == answer.headers["x-cascade-decision"]
    assert row["outcome"] == answer.headers["x-cascade-outcome"] == "pass_through"
    assert (row["key_name"], row["rule"], row["status"]) == ("acme", "", 200)
    assert (row["stream"], row["aborted"], row["simulated"]) == (0, 0, 0)
    (call,) = row["calls"]
    assert call.usage.output_tokens == answer.json["usage"]["output_tokens"]


def test_says_when_a_simulator_answered(stack: Stack) -> None:
    model = new_model("simulated")
    answer = stack.ask(make_body(model=model))
    assert answer.headers["x-cascade-simulated"] == "true"
    assert stack.decision(model)["simulated"] == 1
