"""Deletes kept text: what is old, or that of a rule or of one decision."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from metrics import text_retention
from metrics.text_models import KeptText


class Command(BaseCommand):
    """`manage.py prune_texts`: bounded batches; may be stopped at any time."""

    help = "Delete kept text of prompts and answers. Decisions and reports stay."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what can be asked for."""
        parser.add_argument(
            "--days",
            type=int,
            help="keep the last N days, 0 keeps nothing (default: as the keeper does; "
            "with --rule or --decision: 0)",
        )
        parser.add_argument("--rule", help="only text that this rule kept")
        parser.add_argument("--decision", help="only the text of this decision")
        parser.add_argument(
            "--dry-run", action="store_true", help="only say how much there is"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Delete. Raises CommandError for a number of days that is none."""
        named = {"rule": options["rule"], "decision_id": options["decision"]}
        filters = {name: value for name, value in named.items() if value is not None}
        days = options["days"]
        if days is None:
            days = 0 if filters else text_retention.days_kept()
        if not 0 <= days <= 36_500:
            raise CommandError("--days: 0 to 36500.")
        texts = KeptText.objects.filter(**filters)
        if days:
            texts = texts & text_retention.older_than(days)
        if options["dry_run"]:
            self.stdout.write(f"{texts.count()} texts; none was deleted.")
        else:
            self.stdout.write(f"{text_retention.delete(texts)} texts deleted.")
