"""The API shapes clients speak, and which one a request speaks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from routing.dialects import anthropic, openai
from routing.errors import ProxyError
from routing.types import ChatRequest, Dialect, Headers

# What OpenAI alone has under /v1/; of models a header tells, the rest is Anthropic's.
# Source: OpenAI API reference. Both have files, skills and organizations.
_OPENAI_NAMES = frozenset(
    {
        *("assistants", "audio", "batches", "chat", "completions", "containers"),
        *("conversations", "embeddings", "evals", "fine_tuning", "images"),
        *("moderations", "realtime", "responses", "threads", "uploads"),
        *("vector_stores", "videos"),
    }
)
_SHARED_STARTS = ("/v1/models", "/v1/files")


class ClientDialect(Protocol):
    """What we say ourselves to a client, in its dialect."""

    @property
    def REQUEST_ID(self) -> str:
        """The header that names an answer."""

    def status_of(self, error: ProxyError) -> int:
        """Return the status of our own `error`."""

    def render_error(self, error: ProxyError, request_id: str) -> bytes:
        """Return the body of our own `error`."""

    def render_error_event(self, error: ProxyError, request_id: str) -> bytes:
        """Return `error` as a part of a stream that has begun already."""

    def error_headers(self, error: ProxyError, request_id: str) -> Headers:
        """Return the headers that go with `render_error`."""

    def limit_headers(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """Return what `headers` tell of a key's limits, by the names it knows."""

    def error_event_of(self, body: bytes) -> bytes:
        """Return a whole error answer as a part of a stream."""

    def render_ping(self) -> bytes:
        """Return what keeps a waiting connection open."""


DIALECTS: Mapping[Dialect, ClientDialect] = {"anthropic": anthropic, "openai": openai}


def dialect_of(request: ChatRequest) -> ClientDialect:
    """Return the dialect of whoever sent `request`."""
    return DIALECTS["anthropic" if request.native is None else "openai"]


def is_openais(path: str) -> bool:
    """Return whether an address, right or not, is one of OpenAI's API alone."""
    start, _, rest = path.partition("/v1/")
    return not start and rest.split("/")[0] in _OPENAI_NAMES


def spoken_at(path: str, environ: Mapping[str, Any]) -> Dialect:
    """Return the dialect a client speaks at an address, by its WSGI variables.

    Models and files are at one address for both: who names a version of Anthropic's
    API, or has its key in Anthropic's header, speaks that; a bearer key alone is
    OpenAI's.
    """
    if is_openais(path):
        return "openai"
    versioned = "HTTP_ANTHROPIC_VERSION" in environ or "HTTP_X_API_KEY" in environ
    if path.startswith(_SHARED_STARTS) and not versioned:
        return "openai" if "HTTP_AUTHORIZATION" in environ else "anthropic"
    return "anthropic"
