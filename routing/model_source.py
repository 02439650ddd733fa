"""Asks a provider which models it has, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import msgspec

from routing.encoding import plain
from routing.settling import read_whole
from routing.types import ChatRequest, ProviderConfig, Target, Upstream

PAGE_MODELS = 1_000
MAX_PAGES = 20
TIMEOUT_S = 30.0
MAX_ERROR_CHARS = 200
# The largest number both databases hold.
MAX_TOKENS = 2**31 - 1

_HEADERS = (
    ("accept", "application/json"),
    ("accept-encoding", "identity"),
    ("anthropic-version", "2023-06-01"),
)

_Moment = Annotated[datetime, msgspec.Meta(tz=True)]
_Tokens = Annotated[int, msgspec.Meta(ge=0, le=MAX_TOKENS)]
# With a * in it, it would be taken for a pattern.
_Name = Annotated[str, msgspec.Meta(max_length=128, pattern=r"\A[!-)+-~]+\Z")]


class NotListed(Exception):
    """The provider's models could not be had; the message says why."""


class ListedModel(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the list, as far as we keep it; None where it says nothing.

    Source: Anthropic API reference, `GET /v1/models`.
    """

    id: _Name
    display_name: Annotated[str, msgspec.Meta(max_length=128)] = ""
    max_input_tokens: _Tokens | None = None
    max_tokens: _Tokens | None = None
    capabilities: dict[str, Any] | None = None
    lifecycle: Literal["active", "deprecated", "retired"] | None = None
    created_at: _Moment | None = None
    deprecated_at: _Moment | None = None
    retires_at: _Moment | None = None


class _OpenAIMeta(msgspec.Struct, frozen=True):
    n_ctx_train: _Tokens | None = None


class _OpenAIEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry in OpenAI's shape, with what compatible servers add to it.

    Source: OpenAI API reference, `GET /v1/models`; Groq's `context_window` and
    `max_completion_tokens`, vLLM's `max_model_len`, llama.cpp's `meta`, OpenRouter's
    `context_length`.
    """

    id: _Name
    created: _Tokens | None = None
    context_window: _Tokens | None = None
    max_model_len: _Tokens | None = None
    context_length: _Tokens | None = None
    max_completion_tokens: _Tokens | None = None
    meta: _OpenAIMeta | None = None

    def listed(self) -> ListedModel:
        """Return the entry as we keep it. A day of 0 is none."""
        trained = self.meta.n_ctx_train if self.meta else None
        limits = (self.context_window, self.max_model_len, self.context_length, trained)
        created = datetime.fromtimestamp(self.created, UTC) if self.created else None
        return ListedModel(
            id=self.id,
            max_input_tokens=next((limit for limit in limits if limit), None),
            max_tokens=self.max_completion_tokens,
            created_at=created,
        )


class _Page(msgspec.Struct, frozen=True):
    data: list[msgspec.Raw]
    has_more: bool = False
    last_id: str | None = None


class _Error(msgspec.Struct, frozen=True):
    message: str = ""


class _Envelope(msgspec.Struct, frozen=True):
    error: _Error = _Error()


def models_of(provider: ProviderConfig, upstream: Upstream) -> list[ListedModel]:
    """Return every model of the provider's list, those we cannot read left out.

    One call a page. Raises NotListed when the provider refuses, ProxyError when it
    cannot be asked.
    """
    read = _openai_entry if provider.dialect == "openai" else _entry
    by_name = {
        listed.id: listed
        for page in _pages(provider, upstream)
        for raw in page.data
        if (listed := read(raw)) is not None
    }
    if not by_name:
        raise NotListed("Its list of models has none that can be read.")
    return list(by_name.values())


def _pages(provider: ProviderConfig, upstream: Upstream) -> Iterator[_Page]:
    seen: set[str] = set()
    query = {} if provider.dialect == "openai" else {"limit": str(PAGE_MODELS)}
    for _ in range(MAX_PAGES):
        page = _page(provider, upstream, query)
        yield page
        if not page.has_more or page.last_id is None or page.last_id in seen:
            return
        seen.add(page.last_id)
        query["after_id"] = page.last_id


def _page(provider: ProviderConfig, upstream: Upstream, query: dict[str, str]) -> _Page:
    request = ChatRequest(
        body=b"",
        fields={},
        model="",
        model_span=(0, 0),
        stream=False,
        max_tokens=None,
        headers=_HEADERS,
        query=urlencode(query),
        path="/v1/models",
        method="GET",
    )
    target = Target(provider=provider, model="")
    reply = plain(upstream.ask(request, target, timeout_s=TIMEOUT_S))
    try:
        body = read_whole(reply)
    finally:
        reply.close()
    if reply.status != 200:
        raise NotListed(f"It answered {reply.status}. {_message(body)}".strip())
    try:
        return msgspec.json.decode(body, type=_Page)
    except (ValueError, RecursionError):
        raise NotListed("Its answer is no list of models.") from None


def _entry(raw: msgspec.Raw) -> ListedModel | None:
    if b"\\u0000" in bytes(raw):  # PostgreSQL holds no such text
        return None
    try:
        return msgspec.json.decode(raw, type=ListedModel)
    except (ValueError, RecursionError):
        return None


def _openai_entry(raw: msgspec.Raw) -> ListedModel | None:
    try:
        return msgspec.json.decode(raw, type=_OpenAIEntry).listed()
    except (ValueError, RecursionError, OverflowError):
        return None


def _message(body: bytes) -> str:
    try:
        message = msgspec.json.decode(body, type=_Envelope).error.message
    except (ValueError, RecursionError):
        return ""
    readable = (c if c.isprintable() else " " for c in message[:MAX_ERROR_CHARS])
    return "".join(readable)
