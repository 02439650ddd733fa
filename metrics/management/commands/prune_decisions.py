"""Deletes old decisions; the reports keep their sums."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from metrics import retention, text_retention


class Command(BaseCommand):
    """`manage.py prune_decisions`: bounded batches; may be stopped at any time."""

    help = (
        "Delete decisions older than so many days, and text kept of them. Reports keep "
        "their sums."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what can be asked for."""
        parser.add_argument(
            "--days",
            type=int,
            help="keep the last N days and today (default: CASCADE_RETENTION_DAYS)",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="only say how many there are"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Prune. Raises CommandError when nobody said how many days are kept."""
        days = options["days"]
        if days is None:
            days = settings.CASCADE_RETENTION_DAYS or None
        if days is None:
            raise CommandError(
                "Say how many days are kept: --days N, or CASCADE_RETENTION_DAYS."
            )
        if not 1 <= days <= 36_500:
            raise CommandError("--days: 1 to 36500.")
        if options["dry_run"]:
            count = retention.count_old(days=days)
            self.stdout.write(f"{count} decisions are older; none was deleted.")
        else:
            # Text goes first: without its decision nobody could see that it is there.
            text_retention.delete(text_retention.older_than(days))
            self.stdout.write(f"{retention.prune(days=days)} decisions deleted.")
