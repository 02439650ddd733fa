"""gunicorn's entry: what programs ask goes past the middleware only pages need."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any, cast

from django.conf import settings
from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import set_urlconf
from gunicorn.http.errors import ParseException

from cascadeproxy.environment import use_settings
from metrics.identifiers import new_request_id
from routing.body import LENGTH_UNKNOWN, MalformedBody
from routing.dialects import DIALECTS, spoken_at
from routing.errors import NotFound

# Asked by load balancers, Prometheus and clients, often by address.
PROBES = frozenset({"/health", "/ready", "/metrics", "/api/hello"})

# Forms of ours hold a few kilobytes, and reading one costs many times its size.
MAX_FORM_BYTES = 1024 * 1024

Environ = dict[str, Any]
StartResponse = Callable[..., Any]


class ApiHandler(WSGIHandler):
    """Django without middleware: views under /v1/ do all they need themselves."""

    def load_middleware(self, is_async: bool = False) -> None:  # noqa: FBT001, FBT002
        """Put nothing between the server and the views."""
        del is_async
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware: list[Any] = []
        # Django's stubs lack the method that its own handlers chain.
        get_response = self._get_response  # type: ignore[attr-defined]
        self._middleware_chain = convert_exception_to_response(get_response)

    def get_response(self, request: HttpRequest) -> HttpResponseBase:
        """Return the answer, unlogged: a provider's error is told with its decision."""
        set_urlconf(settings.ROOT_URLCONF)
        response: Any = self._middleware_chain(request)
        response._resource_closers.append(request.close)
        return cast(HttpResponseBase, response)


class Entry:
    """Sends what programs ask to the API, the rest to the pages."""

    def __init__(self) -> None:
        use_settings()
        self._pages = get_wsgi_application()
        self._api = ApiHandler()
        # Or the first request of each worker would wait for all views to be imported.
        import_module(settings.ROOT_URLCONF)

    def __call__(
        self, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer one request."""
        if not _is_api(environ):
            if settings.ROLE == "api":
                return _elsewhere(start_response)
            return self._page(environ, start_response)
        if settings.ROLE == "pages" and environ["PATH_INFO"] not in PROBES:
            return _not_here(environ, start_response)
        if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
            _bound_body(environ)
        return self._api(environ, start_response)

    def _page(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        length = environ.get("CONTENT_LENGTH") or "0"
        if length.isdigit() and int(length) <= MAX_FORM_BYTES:
            return self._pages(environ, start_response)
        start_response("413 Content Too Large", [("Content-Type", "text/plain")])
        return [b"The form is too large.\n"]


def _not_here(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Answer a client that took the pages for the API, in its own envelope."""
    dialect = DIALECTS[spoken_at(environ["PATH_INFO"], environ)]
    error = NotFound("Only pages are served here; the API has another address.")
    request_id = new_request_id()
    body = dialect.render_error(error, request_id)
    headers = [*dialect.error_headers(error, request_id)]
    start_response("404 Not Found", [*headers, ("content-length", str(len(body)))])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def _elsewhere(start_response: StartResponse) -> Iterable[bytes]:
    start_response("404 Not Found", [("Content-Type", "text/plain")])
    return [b"Only the API is served here.\n"]


def _is_api(environ: Environ) -> bool:
    """Whether programs ask: they use any name for this host, and no cookies."""
    path = environ["PATH_INFO"]
    if path == "/":
        return bool(environ["REQUEST_METHOD"] == "HEAD")
    return path.startswith("/v1") or path in PROBES


def _bound_body(environ: Environ) -> None:
    """Let Django read a chunked body, whose length WSGI does not know.

    Nothing is read here, where the key is not known yet. One byte more than the limit
    is let through: by it the view knows a body that is too large.
    """
    environ["wsgi.input"] = _ChunkedBody(environ["wsgi.input"])
    environ["CONTENT_LENGTH"] = str(settings.CASCADE_MAX_BODY_BYTES + 1)
    environ[LENGTH_UNKNOWN] = True


class _ChunkedBody:
    """A body whose malformed chunks are an error that Django takes for the client's."""

    def __init__(self, source: Any) -> None:
        self._source = source

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes. Raises MalformedBody, or OSError."""
        return self._checked(self._source.read, size)

    def readline(self, size: int) -> bytes:
        """Return a line of at most `size` bytes. Raises OSError."""
        return self._checked(self._source.readline, size)

    def _checked(self, read: Callable[[int], bytes], size: int) -> bytes:
        try:
            return read(size)
        except ParseException as error:
            raise MalformedBody("The body is not chunked as it should be.") from error


application = Entry()
