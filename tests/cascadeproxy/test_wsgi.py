"""gunicorn's entry: the lean way to the API, chunked bodies, no query on import."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.signals import request_finished

from cascadeproxy.wsgi import ApiHandler
from tests.builders import VERIFIER, make_body
from tests.fakes import HttpAnswer, message_bytes
from tests.wsgi import call

ROOT = Path(__file__).parents[2]
CHUNKED = {"HTTP_TRANSFER_ENCODING": "chunked"}

# Whatever opens a socket or asks a database while the entry is imported fails it.
IMPORT = """
import os, socket, sqlite3, sys
sys.modules["requests"] = None  # a tool of the tests brings it, and DRF would import it
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
def refuse(*_, **__):
    raise SystemExit("importing touched the outside")
socket.socket.connect = socket.socket.bind = refuse
sqlite3.connect = refuse
import sqlite3.dbapi2
sqlite3.dbapi2.connect = refuse
import django.db.backends.utils as utils
utils.CursorWrapper.execute = refuse
import cascadeproxy.wsgi
"""


def test_importing_it_makes_no_query_and_opens_no_socket():
    done = subprocess.run(  # noqa: S603  our own words
        [sys.executable, "-c", IMPORT],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_api_goes_past_all_middleware(proxy, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a middleware ran")

    for name in (
        "django.contrib.sessions.middleware.SessionMiddleware.process_request",
        "django.middleware.common.CommonMiddleware.process_request",
        "cascadeproxy.middleware.SecurityHeaders.__call__",
    ):
        monkeypatch.setattr(name, refuse)
    assert proxy.call("GET", "/v1/").status == 404
    handler = ApiHandler()
    assert handler._view_middleware == []
    assert handler._template_response_middleware == []
    assert handler._exception_middleware == []


def test_the_api_adds_no_header_of_the_pages(proxy):
    headers = proxy.call("GET", "/v1/").headers
    assert set(headers) == {"content-type", "content-length", "request-id"}


@pytest.mark.django_db
def test_pages_go_through_the_middleware():
    assert "content-security-policy" in call("GET", "/admin/login/").headers


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/health"),
        ("GET", "/ready"),
        ("HEAD", "/"),
        ("HEAD", "/api/hello"),
    ],
)
def test_probes_may_use_any_name_for_this_host(method, path, proxy):
    answer = proxy.call(method, path, headers={"host": "10.0.0.5:8000"})
    assert answer.status in (200, 503)
    assert "html" not in answer.headers.get("content-type", "")


def test_the_end_of_a_request_is_told(proxy):
    finished = []

    def note(**_):
        finished.append(True)

    request_finished.connect(note)
    got = proxy.call("GET", "/v1/")
    assert got.body
    request_finished.disconnect(note)
    assert finished == [True]


class Stream(io.RawIOBase):
    """A chunked body as gunicorn gives it, and how much of it was read."""

    def __init__(self, size: int, body: bytes = b"") -> None:
        self._body = io.BytesIO(body or b"x" * size)

    def read(self, size=-1):
        assert size > 0, "a body must never be read without a bound"
        return self._body.read(size)

    @property
    def taken(self) -> int:
        return self._body.tell()


@pytest.mark.parametrize("spelling", ["chunked", "Chunked", "gzip, chunked"])
def test_takes_a_chunked_body(proxy, upstream, spelling):
    upstream.script(VERIFIER, HttpAnswer(chunks=[message_bytes(model=VERIFIER)]))
    body = make_body()
    environ = {"HTTP_TRANSFER_ENCODING": spelling}
    got = proxy.post(Stream(0, body), environ=environ)
    assert got.status == 200
    assert upstream.requests[0].read() == body
    assert "transfer-encoding" not in upstream.requests[0].headers


@pytest.mark.parametrize(("size", "status"), [(1000, 400), (1001, 413), (1900, 413)])
def test_refuses_a_chunked_body_over_the_limit_once_it_is_read(
    proxy, settings, size, status
):
    settings.CASCADE_MAX_BODY_BYTES = 1000
    stream = Stream(size)
    got = proxy.post(stream, environ=CHUNKED)
    assert got.status == status
    assert stream.taken == size, "a socket with bytes unread is reset"


def test_does_not_read_a_chunked_body_for_ever(proxy, settings):
    settings.CASCADE_MAX_BODY_BYTES = 1000
    stream = Stream(5_000_000)
    assert proxy.post(stream, environ=CHUNKED).status == 413
    assert stream.taken < 2_000_000


@pytest.mark.django_db
def test_leaves_chunked_bodies_of_pages_alone():
    stream = Stream(10)
    got = call("POST", "/health", body=stream, environ=CHUNKED | {"CONTENT_LENGTH": ""})
    assert got.status in (403, 405)
    assert stream.taken == 0


@pytest.mark.django_db
class TestRoles:
    """`ROLE`: what a server is for."""

    @pytest.mark.parametrize(
        "path", ["/admin/", "/reports/", "/d/x", "/", "/rules/1/try/"]
    )
    def test_the_api_alone_has_no_pages(self, settings, path):
        settings.ROLE = "api"
        got = call("GET", path)
        assert (got.status, got.body) == (404, b"Only the API is served here.\n")

    @pytest.mark.parametrize("path", ["/v1/messages", "/v1", "/v1/files"])
    def test_pages_alone_have_no_api_and_say_so_to_clients(self, settings, path):
        settings.ROLE = "pages"
        got = call("POST", path, body=b"{}")
        assert (got.status, got.json["error"]["type"]) == (404, "not_found_error")
        assert got.json["request_id"] == got.headers["request-id"]

    @pytest.mark.parametrize(
        "path", ["/v1/chat/completions", "/v1/responses", "/v1/embeddings"]
    )
    def test_they_say_so_to_openais_in_theirs(self, settings, path):
        settings.ROLE = "pages"
        got = call("POST", path, body=b"{}")
        assert got.status == 404
        assert set(got.json) == {"error"}
        assert got.headers["x-request-id"]

    @pytest.mark.parametrize("role", ["all", "api", "pages"])
    def test_every_server_tells_that_it_is_there(self, settings, role):
        settings.ROLE = role
        assert call("GET", "/health").status == 200
