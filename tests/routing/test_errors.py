"""The tree of errors: what each becomes on the wire."""

from __future__ import annotations

import pytest

from routing import errors

WIRE = {
    errors.InvalidRequest: (400, "invalid_request_error"),
    errors.Unauthenticated: (401, "authentication_error"),
    errors.Forbidden: (403, "permission_error"),
    errors.NotFound: (404, "not_found_error"),
    errors.MethodNotAllowed: (405, "invalid_request_error"),
    errors.RequestTooLarge: (413, "request_too_large"),
    errors.RateLimited: (429, "rate_limit_error"),
    errors.ConfigurationError: (500, "api_error"),
    errors.UpstreamUnreachable: (502, "api_error"),
    errors.StreamInterrupted: (502, "api_error"),
    errors.UpstreamTimeout: (504, "timeout_error"),
}


@pytest.mark.parametrize(("kind", "wire"), WIRE.items())
def test_has_the_status_and_type_that_anthropic_gives_it(kind, wire):
    assert (kind("no").status, kind("no").error_type) == wire


@pytest.mark.parametrize("kind", [errors.Unauthenticated, errors.ConfigurationError])
def test_tells_clients_not_to_retry_what_would_fail_again(kind):
    assert kind("no").should_retry is False


def test_leaves_retrying_an_upstream_error_to_the_client():
    assert errors.UpstreamTimeout("slow").should_retry is None


def test_keeps_its_words_and_when_to_come_back():
    error = errors.RateLimited("too many", retry_after_s=3.5)
    assert (error.message, error.retry_after_s, str(error)) == (
        "too many",
        3.5,
        "too many",
    )


def test_a_client_that_left_is_no_error_to_answer():
    assert not issubclass(errors.ClientGone, errors.ProxyError)
