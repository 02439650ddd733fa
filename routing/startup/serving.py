"""Becoming gunicorn."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connections

from routing import hosts
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
        if self.auth_mode != "none" or self.allow_open or hosts.is_loopback(self.host):
            return
        raise CommandError(
            f"auth mode none on {self.host} would let anybody spend your provider "
            "keys. Use auth mode api_key, host 127.0.0.1, or add --allow-open."
        )

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
    simulator = "" if settings.CASCADE_SIMULATOR == "off" else find_simulator_port()
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
    inherited = os.environ  # noqa: TID251  handed on to the program we become
    os.execve(  # noqa: S606  our own interpreter and arguments
        sys.executable,
        [sys.executable, "-m", "gunicorn", "--config", config],
        {**inherited, **server.environment(simulator)},
    )
