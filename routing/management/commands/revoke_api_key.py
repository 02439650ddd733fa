"""`manage.py revoke_api_key NAME`: a client key stops working."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from routing.management.arguments import key_named


class Command(BaseCommand):
    """Switches the key off; its row stays for the record."""

    help = "Revoke a client key; workers refuse it within a second."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what can be asked for."""
        parser.add_argument("name")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Revoke the key; doing so again is no error."""
        row = key_named(options["name"])
        if row.enabled:
            row.enabled = False
            row.save()
        self.stdout.write(f"{row} is revoked.")
