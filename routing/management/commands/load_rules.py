"""`manage.py load_rules FILE`: rules as code, into the database."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from routing import defaults
from routing.startup import files


class Command(BaseCommand):
    """Loads all of a file or nothing of it."""

    help = "Load rules, providers and keys from a YAML file: all of it or nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what can be asked for."""
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--prune",
            action="store_true",
            help="delete the rules (and providers, if it lists any) it does not name",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Load the file and say what changed."""
        document = files.read(options["file"])
        defaults.load_once(rules=False)
        loaded = files.store(document, prune=options["prune"])
        for note in loaded.notes:
            self.stdout.write(note)
        self.stdout.write(f"{options['file']}: {loaded}.")
        if document.server or document.auth_mode:
            self.stdout.write(
                "server and auth.mode are settings of a process: they hold for "
                "`manage.py proxy start --config` only."
            )
