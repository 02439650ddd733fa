"""`manage.py simulate_savings`: savings against the verifier alone, from decisions."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from metrics import recorded, simulation, simulation_report
from metrics.management.commands.replay import check_threshold, last_days
from metrics.recorded import UnreadableLine
from metrics.simulation import ByKind


class Command(BaseCommand):
    """Goes over an exported file or the recorded decisions; asks no model."""

    help = (
        "Say what was saved, and what another threshold would have saved, by rule: "
        "from a file of /reports/decisions.jsonl, or from the last days."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what can be asked for."""
        parser.add_argument(
            "file", nargs="?", help="JSON lines as /reports/decisions.jsonl; - is stdin"
        )
        parser.add_argument("--days", type=int, help="last N days, today among them")
        parser.add_argument(
            "--threshold", type=float, help="for all rules; without it, as it was"
        )
        parser.add_argument("--json", action="store_true", help="exact, in nano-USD")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print it. Raises CommandError for what cannot be read or is not there."""
        file, days = options["file"], options["days"]
        if (file is None) == (days is None):
            raise CommandError("Name a FILE, or the last days with --days N.")
        threshold = options["threshold"]
        if threshold is not None:
            check_threshold(threshold)
        if file is not None:
            source, kinds = file, _from_file(file, threshold)
        else:
            source, kinds = _from_days(days, threshold)
        if not any(kinds.values()):
            raise CommandError(f"There are no decisions: {source}.")
        if options["json"]:
            about = {"source": source, "threshold": threshold}
            self.stdout.write(simulation_report.as_json(kinds, about))
            return
        at = "as it was" if threshold is None else f"at a threshold of {threshold:g}"
        heading = f"{source}, {at}"
        self.stdout.write(
            simulation_report.as_text(kinds, heading, threshold=threshold)
        )


def _from_file(name: str, threshold: float | None) -> ByKind:
    if name == "-":
        return _read(name, sys.stdin.buffer, threshold)
    try:
        with open(name, "rb") as lines:
            return _read(name, lines, threshold)
    except OSError as problem:
        raise CommandError(f"{name}: {problem.strerror}") from problem


def _read(name: str, lines: IO[bytes], threshold: float | None) -> ByKind:
    try:
        return simulation.replayed(recorded.of_file(lines), threshold)
    except UnreadableLine as problem:
        raise CommandError(f"{name}, {problem}") from problem


def _from_days(days: int, threshold: float | None) -> tuple[str, ByKind]:
    period = last_days(days)
    zone = timezone.get_current_timezone_name()
    kinds = simulation.replayed(recorded.of_period(period), threshold)
    return f"{period.first} to {period.last} ({zone})", kinds
