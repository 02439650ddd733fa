"""`manage.py create_api_key NAME`: a key for a client, shown once."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from metrics.expiry import expiry
from routing import secrets
from routing.models import ClientKey


class Command(BaseCommand):
    """Prints the key alone on standard output, so that it can be piped."""

    help = "Create a client key and print it, this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what can be asked for."""
        parser.add_argument("name")
        parser.add_argument(
            "--tag", default="", help="groups keys in rules and reports"
        )
        parser.add_argument(
            "--expires", default=None, help="a day or moment in UTC: 2027-01-31[T12:00]"
        )
        parser.add_argument(
            "--may-force",
            action="store_true",
            help="let it choose who answers, with the header x-cascade",
        )
        parser.add_argument(
            "--account-access",
            action="store_true",
            help="let it use batches, files and the rest of the whole account",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Create and print the key."""
        key = secrets.new_client_key()
        expires = options["expires"]
        row = ClientKey(
            name=options["name"],
            tag=options["tag"],
            expires_at=_moment(expires) if expires else None,
            may_force=options["may_force"],
            account_access=options["account_access"],
        )
        row.set_key(key)
        try:
            row.full_clean()
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        row.save()
        self.stdout.write(key)
        self.stderr.write("Keep it now: only a digest of it is stored.")


def _moment(text: str) -> datetime:
    """Return the moment `text` names. Raises CommandError."""
    try:
        return expiry(text)
    except ValueError as problem:
        raise CommandError(f"--expires {problem}") from None
