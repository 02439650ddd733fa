"""`manage.py rotate_api_key NAME`: a new key for a client; the old one works on."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from routing.management.arguments import key_named, span


class Command(BaseCommand):
    """Prints the new key alone on standard output, so that it can be piped."""

    help = "Give a client a new key and print it, this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what can be asked for."""
        parser.add_argument("name")
        parser.add_argument(
            "--overlap",
            default="24h",
            help="how long the old key works beside it: 30m, 24h, 7d; 0 ends it now",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Rotate and print the key. Both are one key in rules, limits and reports."""
        overlap = span(options["overlap"])
        row = key_named(options["name"])
        if not row.enabled:
            raise CommandError(f"{row} is revoked: create another key.")
        self.stdout.write(row.rotate(overlap=overlap))
        old = (
            f"The old one works until {row.previous_until:%Y-%m-%d %H:%M} UTC."
            if row.previous_until
            else "The old one has stopped working."
        )
        self.stderr.write(f"Keep it now: only a digest of it is stored. {old}")
