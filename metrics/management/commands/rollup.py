"""Brings the sums of the reports up to date, or makes them anew."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from metrics import rollups


class Command(BaseCommand):
    """`manage.py rollup`: what the keeper does, once and to the end."""

    help = "Add decisions to the sums that reports read."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what can be asked for."""
        parser.add_argument(
            "--rebuild",
            action="store_true",
            help="make the sums anew from the decisions kept, with days of TIME_ZONE; "
            "days whose decisions were pruned keep their sums",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Add, or make anew, and say how many decisions it took."""
        if options["rebuild"]:
            count, done = rollups.rebuild(), "read again"
        else:
            count, done = rollups.fold(), "added"
        self.stdout.write(f"{count} decisions {done}.")
        standing = rollups.standing()
        if standing.other_zone:
            self.stdout.write(
                f"The sums are of days in {standing.time_zone}, not of TIME_ZONE: "
                "--rebuild makes them anew."
            )
