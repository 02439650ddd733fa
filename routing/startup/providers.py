"""Which providers can be used, and the simulator that stands in when none can."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings

from routing import hosts, validators
from routing.config import Pattern
from routing.errors import ConfigurationError
from routing.models import CascadeRule, Installation, Provider, ProviderKey

SIMULATOR = "simulator"
# How one says who it is, ours or that of another server on this machine.
SERVER_HEADER = "cascadeproxy-simulator"


def usable(provider: Provider, auth_mode: str) -> bool:
    """Return whether we have the key of `provider` or need none.

    A server in a private network needs none unless one is configured. With
    pass_through the client brings it, to providers that may see it.
    """
    if auth_mode == "pass_through":
        return provider.takes_client_credentials
    if has_key(provider):
        return True
    needs_one = provider.key_reference or provider.key_encrypted
    return not needs_one and validators.is_private_url(provider.base_url)


def has_key(provider: Provider) -> bool:
    """Return whether we have a key of `provider`: its own, or a further one in use."""
    further = provider.further_keys.filter(enabled=True)
    return any(_opens(row) for row in (provider, *further))


def lacking(auth_mode: str) -> Iterator[str]:
    """Yield a line for every enabled real provider that cannot be used: why."""
    for provider in _real():
        if usable(provider, auth_mode):
            continue
        elif auth_mode == "pass_through":
            yield f"Provider {provider.name}: it does not take clients' own keys."
        else:
            missing = provider.key_reference.partition(":")[2] or "its key"
            yield f"Provider {provider.name}: {missing} is missing."


def switch_simulator(auth_mode: str, *, may_start: bool) -> None:
    """Switch the simulator on while no real provider can answer, off when one can.

    One that serves drafts alone, or models nobody asks for, is no reason. Only a change
    of that moves the switch: an operator's own setting stays. Without `may_start` it is
    switched off at most.
    """
    wanted = not any(
        usable(provider, auth_mode) and _answers_rules(provider) for provider in _real()
    )
    before = Installation.current().simulator_wanted
    if before == wanted or (wanted and not may_start):
        return
    row = Provider.objects.filter(name=SIMULATOR, kind=Provider.Kind.SIMULATOR).first()
    if row is not None:
        if before is None:
            row.base_url = f"http://127.0.0.1:{settings.CASCADE_SIMULATOR_PORT}"
        row.enabled = wanted
        row.save()
    Installation.objects.filter(pk=1).update(simulator_wanted=wanted)


def _answers_rules(provider: Provider) -> bool:
    """Whether a rule's verifier, or any model nobody else owns, leads to `provider`."""
    rules = CascadeRule.objects.filter(enabled=True)
    verifiers = [r.verifier_model or r.request_model.replace("*", "") for r in rules]
    patterns = [Pattern(row.name) for row in provider.models.filter(enabled=True)]
    return any(
        pattern.text == "*" or any(map(pattern.matches, verifiers))
        for pattern in patterns
    )


def simulating() -> bool:
    """Return whether a simulator is switched on."""
    kind = Provider.Kind.SIMULATOR
    return Provider.objects.filter(enabled=True, kind=kind).exists()


def find_simulator_port() -> str:
    """Return `host:port` for the simulator to listen on, "" when none is to run here.

    A simulator that listens there already is shared. When another program has the
    port, a free one is taken and kept in the provider.
    """
    row = _local_simulator()
    if row is None:
        return ""
    host, _, port = _address(row).rpartition(":")
    if not can_listen(host, int(port)) and not _is_simulator(host, int(port)):
        row.base_url = f"http://{hosts.in_url(host)}:{_free_port(host)}"
        row.save()
    return _address(row)


def can_listen(host: str, port: int) -> bool:
    """Return whether nobody listens on `host` and `port` and we may."""
    try:
        with _listening(host, port):
            return True
    except OSError:
        return False


def _real() -> list[Provider]:
    enabled = Provider.objects.filter(enabled=True)
    return list(enabled.exclude(kind=Provider.Kind.SIMULATOR))


def _local_simulator() -> Provider | None:
    rows = Provider.objects.filter(enabled=True, kind=Provider.Kind.SIMULATOR)
    return next(
        (r for r in rows if hosts.is_loopback(validators.host_of(r.base_url))), None
    )


def _opens(row: Provider | ProviderKey) -> bool:
    try:
        return bool(row.key())
    except ConfigurationError:
        return False


def _is_simulator(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("HEAD", "/")
        return connection.getresponse().getheader("server") == SERVER_HEADER
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _address(row: Provider) -> str:
    url = urlsplit(row.base_url)
    return f"{url.hostname}:{url.port or 80}"


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host.strip("[]"), port), family=family)


def _free_port(host: str) -> int:
    with _listening(host, 0) as listener:
        return int(listener.getsockname()[1])
