"""The proxy as its server sees it: a WSGI application, called without a socket."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from wsgiref.util import setup_testing_defaults

import msgspec

from cascadeproxy.wsgi import application
from metrics.lines import JournalLine
from routing import models
from tests.builders import DRAFT, VERIFIER, make_body
from tests.fakes import ScriptedTransport

PROVIDER_KEY = "sk-ant-of-the-provider"


class Answer:
    """An answer while it is read; header names are in lower case."""

    def __init__(
        self, status: str, headers: list[tuple[str, str]], chunks: Iterable[bytes]
    ) -> None:
        self.status = int(status.split()[0])
        self.headers = {name.lower(): value for name, value in headers}
        self.chunks = iter(chunks)
        self._close = getattr(chunks, "close", lambda: None)
        self._body: bytes | None = None

    @property
    def body(self) -> bytes:
        """The whole body; read to its end, and closed, when first asked for."""
        if self._body is None:
            try:
                self._body = b"".join(self.chunks)
            finally:
                self.close()
        return self._body

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return msgspec.json.decode(self.body)

    def close(self) -> None:
        """Close it, as a server does when a client has left or all is sent."""
        self._close()


class Proxy:
    """The proxy with one provider, `main`, and the key of `acme`."""

    def __init__(
        self, upstream: ScriptedTransport, decisions: Callable[[], list[JournalLine]]
    ) -> None:
        self.upstream = upstream
        self.decisions = decisions
        self.provider = models.Provider(
            name="main", kind="anthropic", base_url="http://main.test"
        )
        self.provider.set_key(PROVIDER_KEY)
        self.provider.save()
        self.provider.models.create(name="*")
        self.row, self.key = models.ClientKey.issue("acme")

    def add_rule(self, **terms: Any) -> None:
        """Cascade requests for the verifier."""
        models.CascadeRule.objects.create(
            name="default", request_model=VERIFIER, draft_model=DRAFT, **terms
        )

    def let_client_credentials_through(self) -> None:
        """Let the clients' own keys be sent to `main`."""
        self.provider.takes_client_credentials = True
        self.provider.save()

    def add_simulator(self, model: str) -> None:
        """Let a simulator serve `model`."""
        play = models.Provider.objects.create(
            name="play", kind="simulator", base_url="http://play.test"
        )
        play.models.create(name=model)

    def open_account(self) -> None:
        """Let `acme` reach the account behind us."""
        self.row.account_access = True
        self.row.save()

    def ask(self, text: str = "What is 2 + 2?", **fields: Any) -> Answer:
        """Ask the verifier's model, as `acme`, for a message."""
        return self.post(make_body(text, **fields))

    def post(self, body: bytes, path: str = "/v1/messages", **options: Any) -> Answer:
        """Post `body`, as `acme`."""
        return self.call("POST", path, body=body, **options)

    def call(
        self,
        method: str,
        path: str,
        *,
        body: bytes | io.BufferedIOBase = b"",
        headers: Mapping[str, str] | None = None,
        environ: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Call the application; `headers` of {} send no key, `environ` is added."""
        if headers is None:
            headers = {"x-api-key": self.key}
        return call(method, path, body=body, headers=headers, environ=environ or {})

    @property
    def decision(self) -> JournalLine:
        """The one decision recorded."""
        (decision,) = self.decisions()
        return decision


def call(
    method: str,
    path: str,
    *,
    body: bytes | io.BufferedIOBase = b"",
    headers: Mapping[str, str] | None = None,
    environ: Mapping[str, Any] | None = None,
) -> Answer:
    """Return what the application answers, its body still to be read."""
    path, _, query = path.partition("?")
    given: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.input": io.BytesIO(body) if isinstance(body, bytes) else body,
    }
    if isinstance(body, bytes):
        given["CONTENT_LENGTH"] = str(len(body))
    for name, value in (headers or {}).items():
        given["HTTP_" + name.upper().replace("-", "_")] = value
    given |= environ or {}
    setup_testing_defaults(given)
    started: list[Any] = []
    chunks = application(given, lambda *head: started.extend(head))
    status, head = started[:2]
    return Answer(status, head, chunks)
