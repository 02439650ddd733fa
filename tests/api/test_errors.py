"""Our own errors: in Anthropic's envelope, with a request id, never HTML."""

from __future__ import annotations

import io
import logging

import pytest
from django.db import OperationalError

from routing import responses
from tests.builders import DRAFT, VERIFIER, make_body
from tests.fakes import HttpAnswer, message_bytes
from tests.wsgi import call


def assert_envelope(got, status, error_type):
    assert (got.status, got.json["error"]["type"]) == (status, error_type)
    assert got.json["type"] == "error"
    assert got.headers["content-type"] == "application/json"
    assert got.headers["request-id"] == got.json["request_id"]
    assert got.headers["request-id"].startswith("req_")
    assert got.headers["content-length"] == str(len(got.body))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b"[]", "JSON object"),
        (b'{"model":"\xff"}', "UTF-8"),
        (b'{"model":"m"}', "messages: Field required"),
        (b'{"messages":[]}', "model: Field required"),
        (b'{"model":7,"messages":[]}', "model: Input should be a string"),
        (b'{"model":"m","messages":[],"model":"n"}', "twice"),
        (b'{"model":"m","messages":' + b"[" * 99_999 + b"]" * 99_999 + b"}", "nested"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens"])
def test_says_what_is_wrong_with_a_request(proxy, upstream, path, body, words):
    got = proxy.post(body, path)
    assert_envelope(got, 400, "invalid_request_error")
    assert words in got.json["error"]["message"]
    assert upstream.requests == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/messages"),
        ("POST", "/v1/messages/count_tokens"),
        ("GET", "/v1/models"),
        ("GET", "/v1/models/verifier-large"),
        ("POST", "/v1/messages/batches"),
        ("DELETE", "/v1/files/file_1"),
    ],
)
def test_lets_nobody_in_without_a_key(proxy, upstream, method, path):
    got = proxy.call(method, path, body=make_body(), headers={})
    assert_envelope(got, 401, "authentication_error")
    assert got.headers["x-should-retry"] == "false"
    assert upstream.requests == []


@pytest.mark.parametrize(
    "path", ["/v1", "/v1/", "/v1/messages/", "/v1/files/", "/v1/../x"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("with_key", [True, False])
def test_says_when_there_is_no_such_address(proxy, method, path, with_key):
    proxy.open_account()
    got = proxy.call(method, path, body=b"{}", headers=None if with_key else {})
    assert_envelope(got, 404, "not_found_error")
    assert path in got.json["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/v1/messages", "POST, OPTIONS"),
        ("DELETE", "/v1/messages/count_tokens", "POST, OPTIONS"),
        ("POST", "/v1/models", "GET, HEAD, OPTIONS"),
        ("PUT", "/v1/models/verifier-large", "GET, HEAD, OPTIONS"),
        ("TRACE", "/v1/files", "GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS"),
    ],
)
def test_says_which_methods_an_address_has(proxy, method, path, allow):
    got = proxy.call(method, path)
    assert_envelope(got, 405, "invalid_request_error")
    assert got.headers["allow"] == allow


@pytest.mark.parametrize("declared", ["1001", "99999999999999999999"])
def test_refuses_a_body_that_is_declared_too_large(proxy, settings, declared):
    settings.CASCADE_MAX_BODY_BYTES = 1000
    got = proxy.post(make_body(), environ={"CONTENT_LENGTH": declared})
    assert_envelope(got, 413, "request_too_large")
    assert "1000 bytes" in got.json["error"]["message"]


def test_takes_a_body_of_just_the_limit(proxy, upstream, settings):
    settings.CASCADE_MAX_BODY_BYTES = len(make_body())
    upstream.script(VERIFIER, HttpAnswer(chunks=[message_bytes(model=VERIFIER)]))
    assert proxy.post(make_body()).status == 200


@pytest.mark.parametrize("declared", ["-1", "many", "\u00b2", "1.5"])
def test_refuses_a_length_that_is_no_number(proxy, declared):
    got = proxy.post(make_body(), environ={"CONTENT_LENGTH": declared})
    assert_envelope(got, 400, "invalid_request_error")


def test_takes_what_was_declared_and_not_a_byte_more(proxy, upstream):
    upstream.script(VERIFIER, HttpAnswer(chunks=[message_bytes(model=VERIFIER)]))
    body = make_body()
    got = proxy.post(body + b"rest", environ={"CONTENT_LENGTH": str(len(body))})
    assert got.status == 200
    assert upstream.requests[0].read() == body


class Broken(io.BytesIO):
    """A client whose connection breaks while it sends its body."""

    def read(self, *_):
        raise OSError("connection reset")


def test_a_body_that_breaks_off_is_answered_all_the_same(proxy):
    got = proxy.post(Broken(), environ={"CONTENT_LENGTH": "100"})
    assert_envelope(got, 400, "invalid_request_error")


def test_says_when_nobody_owns_the_model(proxy):
    proxy.provider.models.all().delete()
    got = proxy.ask()
    assert_envelope(got, 500, "api_error")
    assert got.headers["x-should-retry"] == "false"
    assert VERIFIER in got.json["error"]["message"]
    assert proxy.decisions() == []


def test_says_when_a_provider_lacks_its_key(proxy, settings):
    settings.PROVIDER_KEYS = {}
    proxy.provider.key_reference = "env:ANTHROPIC_API_KEY"
    proxy.provider.save()
    got = proxy.ask()
    assert_envelope(got, 500, "api_error")
    assert "env:ANTHROPIC_API_KEY" in got.json["error"]["message"]
    assert proxy.decision.calls == ()


def test_a_draft_without_a_provider_costs_nobody_the_answer(proxy, upstream):
    proxy.add_rule()
    proxy.provider.models.all().delete()
    proxy.provider.models.create(name=VERIFIER)
    upstream.script(VERIFIER, HttpAnswer(chunks=[message_bytes(model=VERIFIER)]))
    got = proxy.ask()
    assert got.status == 200
    assert got.headers["x-cascade-reason"] == "draft_error"


def test_says_when_the_api_of_a_provider_is_not_spoken(proxy):
    proxy.provider.kind = "telepathy"
    proxy.provider.save()
    got = proxy.ask()
    assert_envelope(got, 400, "invalid_request_error")


def test_answers_in_the_envelope_when_the_database_is_away(proxy, monkeypatch):
    def failing():
        raise OperationalError("away")

    monkeypatch.setattr("routing.snapshot.load", failing)
    assert_envelope(proxy.ask(), 500, "api_error")


def test_an_error_nobody_foresaw_is_logged_whole_and_told_without_details(
    proxy, monkeypatch, caplog
):
    def broken(*_, **__):
        raise ZeroDivisionError("a secret detail")

    monkeypatch.setattr("routing.rules.plan_for", broken)
    with caplog.at_level(logging.ERROR):
        got = proxy.ask()
    assert_envelope(got, 500, "api_error")
    assert "secret" not in got.json["error"]["message"]
    (record,) = caplog.records
    assert got.headers["request-id"] in record.getMessage()
    assert record.exc_info[0] is ZeroDivisionError


@pytest.mark.parametrize("broken", ["finalize_response", "handle_exception"])
def test_stays_in_the_envelope_even_when_the_view_itself_breaks(
    proxy, monkeypatch, caplog, broken
):
    def breaking(*_, **__):
        raise ZeroDivisionError("a secret detail")

    monkeypatch.setattr(f"routing.api.ApiView.{broken}", breaking)
    with caplog.at_level(logging.ERROR):
        got = proxy.post(b"no JSON")
    assert_envelope(got, 500, "api_error")
    assert b"secret" not in got.body
    (record,) = caplog.records
    assert record.exc_info[0] is ZeroDivisionError


def test_lets_go_of_the_client_when_answering_breaks(proxy, monkeypatch):
    released = []

    def breaking(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(responses.cascade, "run", breaking)
    monkeypatch.setattr("routing.connection._watch.remove", released.append)
    assert_envelope(proxy.ask(), 500, "api_error")
    assert len(released) == 1


def test_an_error_in_the_background_is_answered_as_any_other(proxy, monkeypatch):
    proxy.add_rule()

    def breaking(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(responses.cascade, "run", breaking)
    assert_envelope(proxy.ask(stream=True), 500, "api_error")


def test_an_address_outside_the_api_gets_a_plain_404(fresh_holder):
    for path in ("/v1x", "/no-such-page"):
        got = call("GET", path)
        assert (got.status, got.body) == (404, b"Not found.\n")
        assert got.headers["content-type"].startswith("text/plain")


def test_a_journal_that_cannot_be_written_costs_nobody_the_answer(
    proxy, upstream, settings, tmp_path
):
    blocked = tmp_path / "file"
    blocked.touch()
    settings.CASCADE_JOURNAL_DIR = blocked
    proxy.add_rule()
    upstream.script(DRAFT, HttpAnswer(chunks=[message_bytes(model=DRAFT)]))
    assert proxy.ask().status == 200
