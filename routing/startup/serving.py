"""Becoming gunicorn."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connections

from routing import allowed, hosts
from routing.startup import announcement
from routing.startup.announcement import Announcement
from routing.startup.providers import can_listen, find_simulator_port


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where and how to serve."""

    host: str
    port: int
    workers: int
    log_level: str
    auth_mode: str
    allow_open: bool

    def refuse_if_open(self) -> None:
        """Raise CommandError when anybody could spend the provider keys."""
        danger = allowed.danger(self.auth_mode, self.host, allow_open=self.allow_open)
        if danger:
            raise CommandError(f"{danger} {allowed.WHAT_TO_DO_IF_OPEN}")

    def refuse_if_taken(self) -> None:
        """Raise CommandError when another program listens there."""
        if not can_listen(self.host, self.port):
            raise CommandError(
                f"Cannot listen on {hosts.in_url(self.host)}:{self.port}: another "
                "program does, or the address is not of this machine. Another port: "
                "make run PORT=8001, or proxy start --port 8001."
            )

    def environment(self, simulator: str) -> dict[str, str]:
        """Return what the settings of the served process differ in."""
        return {
            "CASCADE_HOST": self.host,
            "CASCADE_PORT": str(self.port),
            "CASCADE_WORKERS": str(self.workers),
            "CASCADE_LOG_LEVEL": self.log_level,
            "CASCADE_AUTH_MODE": self.auth_mode,
            "CASCADE_ALLOW_OPEN": str(self.allow_open).lower(),
            "CASCADE_SIMULATOR": simulator or "off",
        }


def serve(server: Server, client_key: str) -> None:
    """Replace this process by gunicorn; a short-lived child announces it. No return.

    `client_key` is what the announced examples use when it is still good.
    """
    simulator = _simulator()
    message = Announcement(
        host=server.host,
        port=server.port,
        auth_mode=server.auth_mode,
        simulator=simulator,
        client_key=client_key,
    )
    text = announcement.text(message)
    connections.close_all()
    sys.stdout.flush()
    sys.stderr.flush()
    announcement.announce_when_ready(message, text)
    os.chdir(settings.BASE_DIR)
    config = "python:cascadeproxy.gunicorn_conf"
    # Its script: as a module it could not start itself again for an upgrade (USR2).
    gunicorn = str(Path(sys.executable).with_name("gunicorn"))
    inherited = os.environ  # noqa: TID251  handed on to the program we become
    os.execve(  # noqa: S606  our own interpreter and arguments
        sys.executable,
        [sys.executable, gunicorn, "--config", config],
        {**inherited, **server.environment(simulator)},
    )


def _simulator() -> str:
    if settings.CASCADE_SIMULATOR == "auto":
        return find_simulator_port()
    return "" if settings.CASCADE_SIMULATOR == "off" else settings.CASCADE_SIMULATOR
