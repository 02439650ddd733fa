"""`manage.py fakeupstream`: a simulated provider over real HTTP."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from routing.simulator import cli


class Command(BaseCommand):
    """Serve the simulator until it is interrupted; touches no database."""

    help = "Serve a simulated upstream (Anthropic and OpenAI shapes) over HTTP."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the simulator's own options."""
        cli.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        """Serve; a taken port is a plain error."""
        behaviour = cli.behaviour_of(argparse.Namespace(**options))
        try:
            cli.run(behaviour, options["host"], options["port"], wait=options["wait"])
        except OSError as error:
            raise CommandError(f"cannot listen: {error}") from error
