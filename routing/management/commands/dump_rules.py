"""`manage.py dump_rules [FILE]`: the database as a file of rules."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from routing.rules_file import dumping


class Command(BaseCommand):
    """Writes references in place of secrets."""

    help = "Write all rules and providers as YAML, without secrets."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what can be asked for."""
        parser.add_argument("file", nargs="?", type=Path, help="default: the console")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Write the file, in place of an older one."""
        text = dumping.dump()
        if options["file"] is None:
            self.stdout.write(text, ending="")
            return
        try:
            options["file"].write_text(text, encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}.") from None
