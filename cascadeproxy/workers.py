"""gunicorn's workers: our errors for what is no HTTP, bounds for slow clients."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from gunicorn import util
from gunicorn.http import errors
from gunicorn.workers.ggevent import GeventWorker as _GeventWorker
from gunicorn.workers.gthread import ThreadWorker as _ThreadWorker

from cascadeproxy.client_socket import ClientSocket
from cascadeproxy.environment import use_settings
from metrics.identifiers import new_request_id
from routing.dialects import DIALECTS, ClientDialect, spoken_at
from routing.errors import InvalidRequest, ProxyError

if TYPE_CHECKING:
    from gunicorn.workers.base import Worker
else:
    Worker = object

settings: Any = importlib.import_module(use_settings())

# Status, reason and our words, by what gunicorn's parser raised. Its own words repeat
# what the client sent, a key perhaps.
_OURS: tuple[tuple[type[Exception], int, str, str], ...] = (
    (errors.LimitRequestLine, 414, "URI Too Long", "The address is too long."),
    (
        errors.LimitRequestHeaders,
        431,
        "Request Header Fields Too Large",
        "The headers are too large, or too many.",
    ),
    (
        errors.ExpectationFailed,
        417,
        "Expectation Failed",
        "What it expects is unknown.",
    ),
    (errors.ForbiddenProxyRequest, 403, "Forbidden", "The request is not allowed."),
    (errors.ParseException, 400, "Bad Request", "The request is not valid HTTP/1.1."),
)
# A header of an answer that could not be sent is a bug of ours.
_NOT_THE_CLIENT = (
    errors.ConfigurationProblem,
    errors.InvalidResponseHeader,
    errors.InvalidResponseHeaderName,
)


class OurErrors(Worker):  # type: ignore[misc]
    """Answers what never reached the application, in the envelope clients read."""

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Answer `exc` and log it, without anything the client sent."""
        request_id = new_request_id()
        status, reason, words = _told(exc)
        if status < 500:
            name = type(exc).__name__
            peer = addr[0] if addr else "a socket"
            self.log.warning("not HTTP from %s: %s, %s", peer, name, request_id)
        else:
            method = getattr(req, "method", "") or "request"
            path = getattr(req, "path", "") or "?"
            where = f"{method} {path}"
            self.log.error("unforeseen, %s: %s", request_id, where, exc_info=exc)
        error = InvalidRequest(words) if status < 500 else ProxyError(words)
        # What is no HTTP has no path, and is answered as most clients here read it.
        dialect = DIALECTS[spoken_at(getattr(req, "path", None) or "", {})]
        told = _answer(status, reason, dialect, error, request_id)
        try:
            util.write_nonblock(client, told)
        except OSError:
            self.log.debug("the answer to it could not be sent")


class GeventWorker(OurErrors, _GeventWorker):  # type: ignore[misc]
    """The worker class `gevent`."""

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """Serve one connection."""
        grace_s = settings.CASCADE_SLOW_CLIENT_S
        super().handle(listener, ClientSocket(client, grace_s), addr)

    def handle_request(
        self, listener_name: Any, req: Any, sock: Any, addr: Any
    ) -> None:
        """Serve one request."""
        try:
            super().handle_request(listener_name, req, sock, addr)
        finally:
            sock.begin()


class ThreadWorker(OurErrors, _ThreadWorker):  # type: ignore[misc]
    """The worker class `gthread`."""

    def handle(self, conn: Any) -> Any:
        """Serve one request of a connection."""
        if isinstance(conn.sock, ClientSocket):
            conn.sock.begin()
        else:
            conn.sock = ClientSocket(conn.sock, settings.CASCADE_SLOW_CLIENT_S)
        return super().handle(conn)


def _told(exc: Exception) -> tuple[int, str, str]:
    """Return status, reason and words; 500 for what is not the client's doing."""
    if not isinstance(exc, _NOT_THE_CLIENT):
        for kind, status, reason, words in _OURS:
            if isinstance(exc, kind):
                return status, reason, words
    return 500, "Internal Server Error", "An error of the proxy. Its log tells more."


def _answer(
    status: int,
    reason: str,
    dialect: ClientDialect,
    error: ProxyError,
    request_id: str,
) -> bytes:
    body = dialect.render_error(error, request_id)
    head = (
        f"HTTP/1.1 {status} {reason}",
        "connection: close",
        "content-type: application/json",
        f"{dialect.REQUEST_ID}: {request_id}",
        f"content-length: {len(body)}",
    )
    return "\r\n".join([*head, "", ""]).encode() + body
