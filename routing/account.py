"""The endpoints of an account: granted by key, passed on both ways, never held whole.

They reach everything the account holds, so no key reaches them unless it was told to.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from routing.account_log import AccountDecision
from routing.answers import CHUNKS_IN_A_ROW, ReleasingBody
from routing.batch_links import has_links, link_here, unreadable
from routing.config import ClientKeyConfig
from routing.connection import ClientConnection
from routing.dialects import is_openais
from routing.encoding import is_compressed, plain
from routing.errors import ClientGone, Forbidden, NotFound, ProxyError
from routing.providers.base import HttpReply, Upload
from routing.responses import empty_response, plain_response, relayable
from routing.settling import CLIENT_CLOSED_REQUEST, read_whole
from routing.types import ChatRequest, Target
from routing.uploads import discard

# Bounded: they are values of a column and words of the log. The rest is `other`.
ENDPOINTS = frozenset({"files", "skills", "user_profiles", "organizations", "complete"})
# Of these, nothing that is sent there is answered by a model.
NO_MODELS = frozenset({"files", "skills", "user_profiles", "organizations"})
BATCHES = "/v1/messages/batches"
MAX_DECODINGS = 4

_BASE_URL = (
    "The base URL of a client of the Messages API ends before /v1, that of a client of "
    "OpenAI's with it."
)
_OPENAIS = (
    "Of OpenAI's API the proxy has POST /v1/chat/completions, POST /v1/responses and "
    "GET /v1/models."
)
_ANTHROPICS_KEYS = "sk-ant-"
_ASKS_NOTHING = frozenset({"GET", "HEAD", "DELETE"})
_NOT_IN_A_PATH = re.compile(r"[\x00-\x1f\x7f\\]")


def is_passable(path: str) -> bool:
    """Whether `path` stays below /v1/, however often it is decoded on its way."""
    for _ in range(MAX_DECODINGS):
        if not _is_plain(path):
            return False
        decoded = unquote(path)
        if decoded == path:
            return True
        path = decoded
    return False


def _is_plain(path: str) -> bool:
    if not path.startswith("/v1/") or _NOT_IN_A_PATH.search(path):
        return False
    names = {segment.partition(";")[0] for segment in path.split("/")[1:]}
    return not names & {"", ".", ".."}


def endpoint_of(path: str) -> str:
    """Return the name a decision has for what lies at `path`."""
    if path == BATCHES or path.startswith(f"{BATCHES}/"):
        return "batches"
    name = path.split("/")[2]
    return name if name in ENDPOINTS else "other"


def require_access(key: ClientKeyConfig, method: str, path: str) -> None:
    """Raise Forbidden unless `key` may reach the account, NotFound for a slip.

    A client that brings its own credential reaches its own account.
    """
    if path.startswith("/v1/v1/"):
        raise NotFound(f"Not found: {path}. {_BASE_URL}")
    if is_openais(path):  # the account is Anthropic's
        raise NotFound(f"Not found: {method} {path}. {_OPENAIS}")
    mode = settings.CASCADE_AUTH_MODE
    if mode == "pass_through" or key.account_access:
        _require_any_model(key, method, path)
        return
    who_can = (
        "An operator can tick account access for it in admin under Client keys."
        if mode == "api_key"
        else "In auth mode none nobody may."
    )
    raise Forbidden(
        f"{method} {path} reaches the whole account, and this key may not. {who_can}"
    )


def require_own_account(chat: ChatRequest) -> None:
    """Raise Forbidden for a client's own key that is none for an Anthropic account.

    A bearer key without a version of Anthropic's API is how OpenAI's clients ask; the
    tokens of Anthropic's own logins are known by how they begin.
    """
    name, value = chat.credential or ("", "")
    if name != "authorization" or value.partition(" ")[2].startswith(_ANTHROPICS_KEYS):
        return
    if all(header != "anthropic-version" for header, _ in chat.headers):
        raise Forbidden(
            f"{chat.path} reaches an Anthropic account here, and your own key is not "
            "sent there: it came as OpenAI's clients send theirs. A key for it comes "
            "in x-api-key, or with anthropic-version."
        )


def _require_any_model(key: ClientKeyConfig, method: str, path: str) -> None:
    """Raise Forbidden for a key that may ask for some models, where any may be named.

    The body is passed on while it comes: nobody looks into it.
    """
    restricted = key.allowed_models or key.allowed_rules
    if restricted and method not in _ASKS_NOTHING and not _names_no_model(path):
        raise Forbidden(
            f"{method} {path} may name any model, and this key may ask for some only."
        )


def _names_no_model(path: str) -> bool:
    endpoint = endpoint_of(path)
    cancels = endpoint == "batches" and path.endswith("/cancel")
    return cancels or endpoint in NO_MODELS


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A request on its way to the account, as its view hands it over.

    `base_url` is the address the client knows us by, without a path.
    """

    chat: ChatRequest
    target: Target
    upload: Upload | None
    base_url: str


def pass_on(
    passage: Passage, *, decision: AccountDecision, connection: ClientConnection
) -> HttpResponseBase:
    """Return the account's answer, its body passed on while it comes.

    The decision is recorded before the last byte goes out. Raises UpstreamError
    without an answer, and what reading the upload raises.
    """
    try:
        reply = connection.upstream.pass_on(
            passage.chat, passage.target, upload=passage.upload
        )
        response = _answer(reply, passage, decision, connection)
    except ClientGone:
        decision.close(status=CLIENT_CLOSED_REQUEST, aborted=True)
        connection.release()
        return empty_response(CLIENT_CLOSED_REQUEST)
    except ProxyError as error:
        decision.close(status=error.status, aborted=connection.gone)
        connection.release()
        raise
    except BaseException:
        connection.release()
        raise
    response.headers["x-cascade-decision"] = decision.id
    response.headers["x-cascade-outcome"] = "account"
    if passage.target.provider.simulated:
        response.headers["x-cascade-simulated"] = "true"
    return response


def _answer(
    reply: HttpReply,
    passage: Passage,
    decision: AccountDecision,
    connection: ClientConnection,
) -> HttpResponseBase:
    """Return the answer; `reply` is closed when there is none."""
    try:
        if passage.upload is not None:
            discard(passage.upload)
        decision.answering()
        return _answered(reply, passage, decision, connection)
    except BaseException:
        reply.close()
        raise


def _answered(
    reply: HttpReply,
    passage: Passage,
    decision: AccountDecision,
    connection: ClientConnection,
) -> HttpResponseBase:
    if has_links(passage.chat.path):
        response = _linked(reply, passage.base_url)
        decision.close(status=reply.status)
        connection.release()
        return response
    headers = relayable(reply.headers)
    if reply.length_bytes is not None and reply.status != 204:
        headers["content-length"] = str(reply.length_bytes)
    body = PassedOn(reply, decision)
    return StreamingHttpResponse(
        ReleasingBody(body, connection.release), status=reply.status, headers=headers
    )


def _linked(reply: HttpReply, base_url: str) -> HttpResponse:
    """Return what describes batches, small enough to be held, with links to us."""
    readable = plain(reply)
    if is_compressed(readable.headers):
        raise unreadable()
    body = link_here(read_whole(readable), base_url)
    reply.close()
    return plain_response(reply.status, readable.headers, body)


class PassedOn:
    """The body of an account's answer, passed on as it comes.

    An answer that breaks off cuts the connection. `close` may be called at any time,
    and twice: what was not read to its end is recorded as aborted.
    """

    def __init__(self, reply: HttpReply, decision: AccountDecision) -> None:
        self._reply = reply
        self._decision = decision
        self._chunks = iter(reply)
        self._left = reply.length_bytes
        self._in_a_row = 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        """Return the next bytes. Raises UpstreamError to cut the connection."""
        try:
            chunk = next(self._chunks)
        except StopIteration:
            self._decision.close(status=self._reply.status)
            raise
        except ClientGone:
            self.close()
            raise StopIteration from None
        except ProxyError as error:
            self._decision.close(status=error.status)
            raise
        self._count(chunk)
        return chunk

    def close(self) -> None:
        """Close upstream."""
        self._decision.close(status=self._reply.status, aborted=True)
        self._reply.close()

    def _count(self, chunk: bytes) -> None:
        self._in_a_row += 1
        if self._in_a_row % CHUNKS_IN_A_ROW == 0:
            time.sleep(0)
        if self._left is not None:
            self._left -= len(chunk)
            if not self._left:  # these are the last
                self._decision.close(status=self._reply.status)
