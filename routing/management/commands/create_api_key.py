"""`manage.py create_api_key NAME`: a key for a client, shown once."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from routing import secrets
from routing.management.arguments import add_limits, limits_in, moment
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
        parser.add_argument("--owner", default="", help="who answers for it")
        parser.add_argument(
            "--allow-model",
            action="append",
            default=[],
            metavar="PATTERN",
            help="a model it may ask for, * for any characters; repeat for more",
        )
        parser.add_argument(
            "--allow-rule",
            action="append",
            default=[],
            metavar="PATTERN",
            help="a rule its requests may be answered under; repeat for more",
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
        add_limits(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Create and print the key."""
        key = secrets.new_client_key()
        row = ClientKey(
            name=options["name"],
            tag=options["tag"],
            owner=options["owner"],
            expires_at=moment(options["expires"]) if options["expires"] else None,
            allowed_models="\n".join(options["allow_model"]),
            allowed_rules="\n".join(options["allow_rule"]),
            may_force=options["may_force"],
            account_access=options["account_access"],
            **limits_in(options),
        )
        row.set_key(key)
        try:
            row.full_clean()
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        row.save()
        self.stdout.write(key)
        self.stderr.write("Keep it now: only a digest of it is stored.")
