"""What a person reads once the server answers: addresses, and something to paste."""

from __future__ import annotations

import http.client
import os
import socket
import sys
import time
from dataclasses import dataclass, field

from django.contrib.auth import get_user_model
from django.db.models import Q
from django.utils import timezone

from routing import hosts, secrets
from routing.models import CascadeRule, ClientKey, Provider
from routing.switch import why_off

PATIENCE_S = 15.0
LOOK_EVERY_S = 0.05
SIMULATED = (
    "Simulated: no real model is asked and no real money is spent. Put "
    "ANTHROPIC_API_KEY into .env for real answers."
)
BODY = (
    '{"model": "%s", "max_tokens": 300, "messages": '
    '[{"role": "user", "content": "What is 2+2?"}]}'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """The server to announce; `simulator` is `host:port` of one to wait for, or ""."""

    host: str
    port: int
    auth_mode: str
    simulator: str
    client_key: str = field(repr=False)

    @property
    def local_host(self) -> str:
        """The host under which this machine reaches the server."""
        if self.host in {"0.0.0.0", "::", "[::]"}:  # noqa: S104  compared, not bound
            return "127.0.0.1"
        return self.host.strip("[]")

    @property
    def url(self) -> str:
        """The address to give to clients on this machine."""
        return f"http://{hosts.in_url(self.local_host)}:{self.port}"


def text(told: Announcement) -> str:
    """Return the last words of a start. Five queries."""
    key = _client_key(told)
    curl = (
        f"curl -i {told.url}/v1/messages -H 'x-api-key: {key}' "
        "-H 'anthropic-version: 2023-06-01' -H 'content-type: application/json' "
        f"-d '{BODY % _model()}'"
    )
    claude = f"ANTHROPIC_BASE_URL={told.url} ANTHROPIC_API_KEY={key} claude"
    lines = [
        "",
        f"API      {told.url}/v1/messages",
        f"Admin    {told.url}/admin/{_admin_hint()}",
        f"Reports  {told.url}/reports/",
        "",
        curl,
        "",
        claude,
        "",
    ]
    if off := why_off():
        lines[1:1] = [off, ""]
    if _simulated():
        lines[1:1] = [SIMULATED, ""]
    return "\n".join(lines)


def announce_when_ready(told: Announcement, words: str) -> None:
    """Write `words` from a forked child once the server answers, or after 15 s.

    The child ends silently when the process that called this ends first.
    """
    parent = os.getpid()
    if os.fork():
        return
    _wait(told, parent)
    if os.getppid() == parent:
        sys.stdout.write(words)
        sys.stdout.flush()
    os._exit(0)


def _wait(told: Announcement, parent: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and os.getppid() == parent:
        if _answers(told.local_host, told.port) and _listens(told.simulator):
            return
        time.sleep(LOOK_EVERY_S)


def _answers(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", "/ready")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _listens(address: str) -> bool:
    if not address:
        return True
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=1):
            return True
    except OSError:
        return False


def _client_key(told: Announcement) -> str:
    if told.auth_mode == "none":
        return "unused"
    if told.auth_mode == "pass_through":
        return "<your Anthropic key>"
    rows = ClientKey.objects.filter(
        Q(expires_at=None) | Q(expires_at__gt=timezone.now()),
        digest=secrets.client_key_digest(told.client_key),
        enabled=True,
    )
    return told.client_key if rows.exists() else "<a client key>"


def _simulated() -> bool:
    simulators = Provider.objects.filter(kind=Provider.Kind.SIMULATOR)
    return simulators.filter(enabled=True).exists()


def _model() -> str:
    rules = CascadeRule.objects.filter(enabled=True, client_key=None, tag="")
    first = rules.values_list("request_model", flat=True).first() or "claude-opus-5-5"
    return first.replace("*", "") or "claude-opus-5-5"


def _admin_hint() -> str:
    users = get_user_model().objects
    named = users.filter(username="admin", is_active=True).exists()
    return "   user admin" if named else ""
