import pytest

from routing.simulator.server import NOT_PLAYED, FakeUpstream
from routing.simulator.values import Behaviour
from tests.routing.simulator.builders import (
    chat_request,
    fields_for,
    json_in,
    request_for,
)

OPENAI_BODY = {
    "model": "draft-small",
    "messages": [{"role": "user", "content": "Say hi"}],
}


def answer(request, **behaviour):
    return FakeUpstream(Behaviour(**behaviour)).answer(request)


@pytest.mark.parametrize(
    ("method", "path"),
    [("HEAD", "/"), ("HEAD", "/api/hello"), ("GET", "/health"), ("GET", "/")],
)
def test_is_alive_without_a_key(method, path):
    assert answer(request_for(method, path), api_key="acme").status == 200


def test_every_answer_has_the_headers_of_its_api():
    headers = dict(answer(chat_request()).headers)
    assert headers["request-id"].startswith("req_")
    assert headers["anthropic-ratelimit-requests-remaining"]
    assert headers["anthropic-ratelimit-output-tokens-reset"].endswith("Z")
    assert headers["server"] == "cascadeproxy-simulator"
    openai = answer(request_for("POST", "/v1/chat/completions", OPENAI_BODY))
    assert dict(openai.headers)["x-request-id"].startswith("req_")


def test_request_ids_differ_and_repeat_with_the_seed():
    first, second = FakeUpstream(Behaviour()), FakeUpstream(Behaviour())
    ids = [dict(first.answer(chat_request()).headers)["request-id"] for _ in range(2)]
    assert ids[0] != ids[1]
    assert dict(second.answer(chat_request()).headers)["request-id"] == ids[0]


@pytest.mark.parametrize(
    "header", [{"x_api_key": "acme"}, {"authorization": "Bearer acme"}]
)
def test_the_key_is_taken_from_either_header(header):
    request = request_for(path="/v1/models", **header)
    assert answer(request, api_key="acme").status == 200


def test_a_wrong_key_is_unauthorized_in_the_shape_of_the_api():
    reply = answer(request_for(path="/v1/messages", x_api_key="globex"), api_key="acme")
    body = json_in(reply.body)
    assert reply.status == 401
    assert body["error"]["type"] == "authentication_error"
    assert body["request_id"] == dict(reply.headers)["request-id"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/messages", 405), ("POST", "/v1/models", 405), ("GET", "/v2", 404)],
)
def test_what_does_not_exist_is_an_error_in_the_envelope(method, path, status):
    reply = answer(request_for(method, path, anthropic_version="2023-06-01"))
    assert reply.status == status
    assert json_in(reply.body)["type"] == "error"


def test_models_have_two_shapes():
    claude = answer(
        request_for(path="/v1/models", query="limit=2", anthropic_version="2023-06-01")
    )
    assert json_in(claude.body)["has_more"] is True
    assert json_in(answer(request_for(path="/v1/models")).body)["object"] == "list"


@pytest.mark.parametrize("path", ["/v1/files", "/v1/messages/batches", "/v1/skills/a"])
def test_says_which_endpoints_it_does_not_play(path):
    reply = answer(request_for(path=path))
    assert reply.status == 404
    assert NOT_PLAYED in str(reply)


def test_one_model_is_described_or_not_found():
    found = answer(request_for(path="/v1/models/claude-haiku-5-5"))
    assert json_in(found.body)["capabilities"]["effort"]["supported"] is True
    assert answer(request_for(path="/v1/models/nobody")).status == 404


def test_counting_agrees_with_the_usage_of_the_answer():
    fields = fields_for("x" * 4000, system="s" * 400)
    headers = {"anthropic_version": "2026-10-21"}
    counted = answer(
        request_for("POST", "/v1/messages/count_tokens", fields, **headers)
    )
    answered = answer(request_for("POST", "/v1/messages", fields, **headers))
    assert json_in(counted.body) == {"input_tokens": 1100}
    assert json_in(answered.body)["usage"]["input_tokens"] == 1100


def test_an_unreadable_body_is_an_error_of_the_client():
    request = request_for("POST", "/v1/messages", b"{", anthropic_version="2023-06-01")
    assert answer(request).status == 400
