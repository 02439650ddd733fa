"""Fills the account with made-up traffic, through the journal like any other."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from metrics import demo, demo_checks, lines, loader, price_book, price_snapshot
from metrics.journal import Journal
from metrics.models import RoutingDecision


class Command(BaseCommand):
    """`manage.py demo`: simulated decisions, marked so; run again, it adds nothing."""

    help = "Fill the reports with simulated traffic of the last days."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what can be asked for."""
        parser.add_argument("--days", type=int, default=30)
        parser.add_argument(
            "--per-day", type=int, default=400, help="requests of a working day"
        )
        parser.add_argument("--seed", type=int, default=7)
        parser.add_argument(
            "--force", action="store_true", help="even where there are real decisions"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Make the traffic. Raises CommandError where real decisions would be mixed."""
        if not options["force"] and has_real_traffic():
            raise CommandError(
                "There are real decisions here. Use a fresh database for the demo, or "
                "put simulated ones beside them: "
                ".venv/bin/python manage.py demo --force"
            )
        price_snapshot.load(price_snapshot.read())
        with TemporaryDirectory(prefix="cascadeproxy-demo-") as directory:
            write_journal(Path(directory), options)
            result = loader.load_once(Path(directory))
        if result.problem:
            raise CommandError(f"The database did not take it: {result.problem}")
        self.stdout.write(
            f"{result.loaded} simulated decisions added, "
            f"{result.duplicates} were there already."
        )


def has_real_traffic() -> bool:
    """Whether a real decision asked a provider or cost something.

    A request that was refused before that is as likely to come from a trial.
    """
    real = RoutingDecision.objects.filter(simulated=False)
    return real.exclude(calls=[], cost_nusd=0).exists()


def write_journal(directory: Path, options: dict[str, Any]) -> None:
    """Append the traffic to a journal in `directory`, which is then closed."""
    journal = Journal(directory)
    seed, prices = options["seed"], price_book.load()
    traffic = demo.traffic(
        days=options["days"],
        per_day=options["per_day"],
        seed=seed,
        now=timezone.now(),
        prices=prices,
    )
    for record in traffic:
        journal.append(lines.encode(record))
        found = demo_checks.check(record, seed=seed, prices=prices)
        if found is not None:
            if found.shadow is not None:
                journal.append(lines.encode(found.shadow))
            journal.append(lines.encode_label(found.label))
    journal.close()
