"""Runs the keeper: the one process that loads the journal into the database."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from metrics import keeper


class Command(BaseCommand):
    """`manage.py keeper`: exits 0 when told to, or when another one is at work."""

    help = "Load the journal into the database, until told to stop."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what can be asked for."""
        parser.add_argument("--once", action="store_true", help="load and exit")
        parser.add_argument(
            "--wait", action="store_true", help="wait while another keeper is at work"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Keep the journal of this host."""
        directory = settings.CASCADE_JOURNAL_DIR
        stop = keeper.stop_on_signals()
        with keeper.only_one(directory, wait=options["wait"], stop=stop) as mine:
            if not mine:
                self.stdout.write("Another keeper is at work here.")
            elif options["once"]:
                result = keeper.load(directory)
                keeper.Reporter().report(result)
                self.stdout.write(f"{result.loaded} decisions loaded.")
            else:
                poll_s = settings.CASCADE_KEEPER_POLL_S
                keeper.run(directory, poll_s=poll_s, stop=stop)
