"""`manage.py create_report_key NAME --scope SCOPE`: a key for a program, once."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from metrics.expiry import expiry
from metrics.report_key_models import SCOPES, ReportKey


class Command(BaseCommand):
    """Prints the key alone on standard output, so that it can be piped."""

    help = "Create a key that reads the reports, and print it, this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what can be asked for."""
        parser.add_argument("name")
        parser.add_argument(
            "--scope",
            action="append",
            choices=SCOPES,
            required=True,
            help="what it may read; may be given several times",
        )
        parser.add_argument(
            "--expires", default=None, help="a day or moment in UTC: 2027-01-31[T12:00]"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Create and print the key. Raises CommandError for what cannot be one."""
        scopes = dict.fromkeys(options["scope"], True)
        try:
            expires = options["expires"]
            expires_at = expiry(expires) if expires else None
            _, key = ReportKey.issue(options["name"], expires_at=expires_at, **scopes)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        except ValueError as problem:
            raise CommandError(f"--expires {problem}") from None
        self.stdout.write(key)
        self.stderr.write("Keep it now: only a digest of it is stored.")
