"""Everything that can go wrong on the way of a request.

    ProxyError(status, error_type, message, retry_after_s)
    |-- ClientError: the request is at fault, no provider is asked
    |   |-- InvalidRequest 400      |-- NotFound 404
    |   |-- Unauthenticated 401     |-- MethodNotAllowed 405
    |   |-- Forbidden 403           |-- RequestTooLarge 413
    |   `-- RateLimited 429
    |       `-- BudgetSpent 429: asking again will not help
    |-- LimitsAway 503: nobody can say whether a limit is reached
    |-- ConfigurationError 500: an operator must mend something
    |   `-- LoopDetected 508: a provider's address leads back to us
    `-- UpstreamError: a provider is at fault
        |-- UpstreamUnreachable 502: no connection, or it broke before a status line
        |-- UpstreamTimeout 504: no status line, or no end of the body, in time
        `-- StreamInterrupted 502: the body ended before its end
    ClientGone: the client hung up; nobody is left to be told

A provider's own error answer is not an exception: it is a reply with its status.
"""

from __future__ import annotations

from typing import Literal

Failure = Literal["", "unreachable", "timeout", "interrupted"]


class ProxyError(Exception):
    """An error we answer ourselves, in the shape of the caller's dialect.

    `error_code` says more than its type, `limit` names the limit of a key that stood
    in the way, `headers` go with the answer.
    """

    status = 500
    error_type = "api_error"
    should_retry: bool | None = None
    failure: Failure = ""

    def __init__(
        self,
        message: str,
        *,
        retry_after_s: float | None = None,
        headers: tuple[tuple[str, str], ...] = (),
        error_code: str = "",
        limit: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_s = retry_after_s
        self.headers = headers
        self.error_code = error_code
        self.limit = limit


class ClientError(ProxyError):
    """The request itself is at fault."""

    status = 400
    error_type = "invalid_request_error"


class InvalidRequest(ClientError):
    """The body cannot be read or lacks what we need."""


class Unauthenticated(ClientError):
    """No valid key. Clients retry a plain 401 for a minute, so we say not to.

    Source: measured with Claude Code 2.1.330.
    """

    status = 401
    error_type = "authentication_error"
    should_retry = False


class Forbidden(ClientError):
    """The key is valid but may not do this."""

    status = 403
    error_type = "permission_error"


class NotFound(ClientError):
    """No such path or model."""

    status = 404
    error_type = "not_found_error"


class MethodNotAllowed(ClientError):
    """The path exists, with another method."""

    status = 405


class RequestTooLarge(ClientError):
    """The body is larger than the limit."""

    status = 413
    error_type = "request_too_large"


class RateLimited(ClientError):
    """The key has used up what it may."""

    status = 429
    error_type = "rate_limit_error"


class BudgetSpent(RateLimited):
    """Money, or patience, is used up: SDKs are told not to ask again by themselves.

    Source: Anthropic answers a spend limit with 429, an `error_code` and no
    `retry-after`.
    """

    should_retry = False


class LimitsAway(ProxyError):
    """Nobody can say whether the key's limit is reached, and that is not risked."""

    status = 503


class ConfigurationError(ProxyError):
    """An operator must mend something; trying again will not help."""

    should_retry = False


class LoopDetected(ConfigurationError):
    """We were asked by ourselves, directly or through other proxies."""

    status = 508


class UpstreamError(ProxyError):
    """A provider did not answer as it should."""

    status = 502


class UpstreamUnreachable(UpstreamError):
    """No connection, or it broke before a status line came."""

    failure = "unreachable"


class UpstreamTimeout(UpstreamError):
    """The provider was too slow."""

    status = 504
    error_type = "timeout_error"
    failure = "timeout"


class StreamInterrupted(UpstreamError):
    """The body broke off before its end."""

    failure = "interrupted"


class ClientGone(Exception):
    """The client hung up: close upstream, record, ask nobody else.

    `asked`: the provider may have had the request by then, so it may cost something.
    """

    def __init__(self, *, asked: bool = True) -> None:
        super().__init__()
        self.asked = asked


# Source: Anthropic API reference, "Errors".
STATUS_OF_TYPE = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}


def status_of_error_type(error_type: object) -> int:
    """Return the status an answer with this `error.type` has; 500 for unknown ones."""
    return STATUS_OF_TYPE.get(str(error_type), 500)
