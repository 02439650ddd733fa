"""Whatever is raised becomes an answer in the caller's envelope."""

from __future__ import annotations

import logging

import msgspec
import pytest
from django.core.exceptions import (
    DisallowedHost,
    RequestDataTooBig,
    TooManyFieldsSent,
)
from django.http import Http404, UnreadablePostError
from rest_framework.exceptions import MethodNotAllowed, NotAuthenticated, ParseError

from routing import exception_handler
from routing.errors import RequestTooLarge, UpstreamTimeout
from routing.views import MessagesView


def answer(error):
    return exception_handler.answer(error, {"view": MessagesView()})


def envelope(response):
    body = msgspec.json.decode(response.content)
    assert body["type"] == "error"
    assert body["request_id"] == response.headers["request-id"]
    return body["error"]


@pytest.mark.parametrize(
    ("error", "status", "error_type"),
    [
        (UpstreamTimeout("slow"), 504, "timeout_error"),
        (RequestTooLarge("large"), 413, "request_too_large"),
        (RequestDataTooBig(), 413, "request_too_large"),
        (MethodNotAllowed("PUT"), 405, "invalid_request_error"),
        (Http404(), 404, "not_found_error"),
        (UnreadablePostError(), 400, "invalid_request_error"),
        (TooManyFieldsSent(), 400, "invalid_request_error"),
        (DisallowedHost(), 400, "invalid_request_error"),
        (ParseError(), 400, "invalid_request_error"),
        (NotAuthenticated(), 400, "invalid_request_error"),
        (ZeroDivisionError("a secret"), 500, "api_error"),
    ],
)
def test_puts_every_error_into_our_words(error, status, error_type, caplog):
    response = answer(error)
    assert response.status_code == status
    told = envelope(response)
    assert told["type"] == error_type
    assert "secret" not in told["message"]


def test_keeps_the_words_of_an_error_of_ours():
    assert envelope(answer(UpstreamTimeout("Too slow.")))["message"] == "Too slow."


def test_logs_one_line_that_knows_the_request_id(caplog):
    caplog.set_level(logging.INFO)
    response = answer(UpstreamTimeout("slow"))
    (record,) = caplog.records
    assert record.getMessage() == "request: 504 slow"
    assert record.fields["request_id"] == response.headers["request-id"]
    assert record.exc_info is None


def test_logs_what_nobody_foresaw_with_its_traceback(caplog):
    response = answer(ZeroDivisionError())
    record = caplog.records[0]
    assert response.headers["request-id"] in record.getMessage()
    assert record.exc_info[1].__class__ is ZeroDivisionError


def test_answers_what_was_raised_outside_a_view(rf):
    response = exception_handler.server_error(rf.post("/v1/messages"))
    assert response.status_code == 500
    assert envelope(response)["type"] == "api_error"
