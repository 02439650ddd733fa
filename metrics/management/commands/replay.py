"""`manage.py replay`: what a rule would have done with another threshold."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from metrics import periods, recorded, simulation, simulation_report
from metrics.periods import Period


class Command(BaseCommand):
    """Goes over the recorded decisions of one rule; asks no model."""

    help = "Say what a rule would have done with another threshold, from its decisions."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what can be asked for."""
        parser.add_argument("--rule", required=True)
        parser.add_argument("--threshold", type=float, required=True)
        parser.add_argument(
            "--days", type=int, default=30, help="last N days, today among them"
        )
        parser.add_argument("--json", action="store_true", help="exact, in nano-USD")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print it. Raises CommandError when the rule decided nothing in these days."""
        rule = options["rule"]
        threshold = check_threshold(options["threshold"])
        period = last_days(options["days"])
        decisions = recorded.of_period(period, rule=rule)
        kinds = simulation.replayed(decisions, threshold)
        zone = timezone.get_current_timezone_name()
        days = f"{period.first} to {period.last} ({zone})"
        if not any(kinds.values()):
            raise CommandError(f"The rule {rule!r} decided nothing, {days}.")
        if options["json"]:
            about = {
                "rule": rule,
                "threshold": threshold,
                "start": period.start,
                "end": period.end,
                "time_zone": zone,
            }
            self.stdout.write(simulation_report.as_json(kinds, about))
            return
        heading = f"{rule} at a threshold of {threshold:g}, {days}"
        self.stdout.write(
            simulation_report.as_text(kinds, heading, threshold=threshold)
        )


def last_days(count: int) -> Period:
    """Return the last `count` days. Raises CommandError for a number that is none."""
    try:
        return periods.last_days(count)
    except (ValueError, OverflowError) as problem:
        raise CommandError(f"--days: {problem}") from problem


def check_threshold(threshold: float) -> float:
    """Return `threshold`. Raises CommandError when it is not between 0 and 1."""
    if not 0 <= threshold <= 1:
        raise CommandError("--threshold: a threshold lies between 0 and 1.")
    return threshold
