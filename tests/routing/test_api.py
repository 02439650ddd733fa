"""What every view under /v1/ does before and after its own work."""

from __future__ import annotations

import dataclasses
import io

import pytest
from rest_framework.request import Request

from routing.api import (
    ApiView,
    body_of,
    cors_headers,
    discard_body,
    force_of,
    headers_of,
    own_credential,
)
from routing.errors import Forbidden, InvalidRequest, RequestTooLarge
from tests.builders import make_body
from tests.routing.builders import ACME


def drf(request):
    return Request(request)


def post(rf, body=b"", **meta):
    return drf(rf.post("/v1/messages", body, content_type="application/json", **meta))


def test_gives_header_names_in_lower_case_and_only_headers(rf):
    request = post(rf, b"{}", HTTP_X_STAINLESS_OS="Linux", HTTP_ACCEPT="*/*")
    request.META["wsgi.url_scheme"] = "http"
    headers = dict(headers_of(request))
    assert headers["x-stainless-os"] == "Linux"
    assert headers["accept"] == "*/*"
    assert headers["content-type"] == "application/json"
    assert not any("wsgi" in name or "path" in name for name in headers)


def test_reads_the_body_as_bytes(rf):
    body = make_body()
    assert body_of(post(rf, body)) == body


def test_an_absent_length_is_an_empty_body(rf):
    assert body_of(post(rf, CONTENT_LENGTH="")) == b""


@pytest.mark.parametrize(
    ("declared", "error"),
    [("11", RequestTooLarge), ("x", InvalidRequest), ("-1", InvalidRequest)],
)
def test_refuses_a_wrong_length_before_it_reads(rf, settings, declared, error):
    settings.CASCADE_MAX_BODY_BYTES = 10
    request = post(rf, CONTENT_LENGTH=declared)
    with pytest.raises(error):
        body_of(request)
    assert not request._request._read_started


class Pipe(io.BytesIO):
    """A client that goes on sending; `taken` counts what was read."""

    taken = 0

    def read(self, size=-1):
        self.taken += size
        return b"x" * size


def sending(rf, declared):
    pipe = Pipe()
    request = post(rf, CONTENT_LENGTH=str(declared))
    request._request._stream = pipe
    return request, pipe


def test_lets_a_client_finish_what_it_sends(rf, settings):
    settings.CASCADE_MAX_BODY_BYTES = 2_000_000
    request, pipe = sending(rf, 3_000_000)
    discard_body(request)
    assert pipe.taken == 3_000_000


def test_does_not_listen_for_ever(rf, settings):
    settings.CASCADE_MAX_BODY_BYTES = 1000
    request, pipe = sending(rf, 10**12)
    discard_body(request)
    assert pipe.taken == 2000


def test_does_not_read_a_body_twice(rf):
    request = post(rf, b"{}")
    assert body_of(request) == b"{}"
    discard_body(request)
    assert body_of(request) == b"{}"


def test_a_client_that_breaks_off_is_no_new_error(rf):
    class Broken(io.BytesIO):
        def read(self, *_):
            raise OSError

    request = post(rf, CONTENT_LENGTH="10")
    request._request._stream = Broken()
    discard_body(request)


@pytest.mark.parametrize("mode", ["api_key", "none", "pass_through"])
def test_takes_the_callers_credential_only_to_pass_it_through(rf, settings, mode):
    settings.CASCADE_AUTH_MODE = mode
    request = post(rf, HTTP_X_API_KEY="sk-own")
    expected = ("x-api-key", "sk-own") if mode == "pass_through" else None
    assert own_credential(request) == expected


def test_a_request_without_a_body_goes_on_as_it_is(rf, settings):
    settings.CASCADE_AUTH_MODE = "pass_through"
    request = drf(rf.get("/v1/models?limit=1", HTTP_X_API_KEY="k", HTTP_A="b"))
    bare = ApiView().bare_request(request, "m")
    assert (bare.method, bare.path, bare.query) == ("GET", "/v1/models", "limit=1")
    assert (bare.body, bare.model) == (b"", "m")
    assert bare.credential == ("x-api-key", "k")
    assert ("a", "b") in bare.headers
    assert "x-api-key" not in dict(bare.headers)


@pytest.mark.parametrize(
    ("allowed", "origin", "answered"),
    [
        (["https://a"], "https://a", True),
        (["*"], "https://a", True),
        (["https://a"], "https://b", False),
        (["https://a"], "", False),
        ([], "https://a", False),
        (["*"], "", False),
    ],
)
def test_answers_pages_of_the_origins_allowed(settings, allowed, origin, answered):
    settings.CASCADE_CORS_ORIGINS = allowed
    headers = cors_headers(origin)
    assert bool(headers) is answered
    if answered:
        assert headers["access-control-allow-origin"] == origin


def forcing(rf, word, *, may_force=True):
    request = post(rf, HTTP_X_CASCADE=word)
    request.user = dataclasses.replace(ACME, may_force=may_force)
    return force_of(request)


@pytest.mark.parametrize("word", ["off", "draft", "verifier"])
def test_a_key_that_may_chooses_who_answers(rf, word):
    assert forcing(rf, word) == word
    assert forcing(rf, f" {word.upper()} ") == word


@pytest.mark.parametrize("word", ["", " "])
def test_nothing_said_is_nothing_forced(rf, word):
    assert forcing(rf, word, may_force=False) is None


@pytest.mark.parametrize("word", ["on", "off,draft", "none"])
def test_another_word_is_refused(rf, word):
    with pytest.raises(InvalidRequest, match="off, draft or verifier"):
        forcing(rf, word)


@pytest.mark.parametrize("word", ["off", "nonsense"])
def test_a_key_that_may_not_is_told_who_can_allow_it(rf, word):
    with pytest.raises(Forbidden, match='An operator can tick "may force" for it'):
        forcing(rf, word, may_force=False)
