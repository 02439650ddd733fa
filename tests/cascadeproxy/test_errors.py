"""The last answers: never a page of Django's own."""

from __future__ import annotations

import logging

import msgspec
import pytest

from cascadeproxy import errors
from tests.wsgi import call

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/none", "/v1x", "/reports/none", "/robots.txt"])
def test_says_plainly_that_there_is_no_such_page(path):
    got = call("GET", path)
    assert (got.status, got.body) == (404, b"Not found.\n")
    assert got.headers["content-type"].startswith("text/plain")


def test_says_in_the_envelope_that_something_broke_under_the_api(rf):
    response = errors.server_error(rf.get("/v1/messages"))
    assert response.status_code == 500
    assert msgspec.json.decode(response.content)["error"]["type"] == "api_error"


def test_says_plainly_that_a_page_broke_and_logs_why(monkeypatch, caplog):
    def breaking(*_, **__):
        raise ZeroDivisionError("a secret detail")

    monkeypatch.setattr("django.http.HttpResponseRedirect.__init__", breaking)
    with caplog.at_level(logging.ERROR):
        got = call("GET", "/")
    assert got.status == 500
    assert got.headers["content-type"].startswith("text/plain")
    assert b"secret" not in got.body
    assert b"log" in got.body
    (record,) = caplog.records
    assert record.exc_info[0] is ZeroDivisionError
