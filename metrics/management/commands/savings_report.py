"""Prints the savings of the last days, for people or as JSON."""

from __future__ import annotations

import dataclasses
from argparse import ArgumentParser
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from metrics import formats, periods, reports, rollups, rule_stats
from metrics.periods import Period
from metrics.stakes import Learned, RuleKey
from metrics.types import SavingsRow

ByKind = Mapping[bool, list[SavingsRow]]
HEADINGS = ("", "turns", "accepted", "verifier alone", "spent", "saved", "")


class Command(BaseCommand):
    """`manage.py savings_report`: the figures of the savings page."""

    help = "Print what was saved, in all and by rule."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what can be asked for."""
        parser.add_argument(
            "--days", type=int, default=30, help="last N days, today among them"
        )
        parser.add_argument("--json", action="store_true", help="exact, in nano-USD")
        parser.add_argument(
            "--simulated", action="store_true", help="simulated money in place of real"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print the report. Raises CommandError for a number of days we cannot do."""
        try:
            period = periods.last_days(options["days"])
        except (ValueError, OverflowError) as problem:
            raise CommandError(f"--days: {problem}") from problem
        rollups.fold()
        by_kind = reports.savings_by_kind(period)
        show = _as_json if options["json"] else _as_text
        self.stdout.write(show(period, by_kind, simulated=options["simulated"]))


def _as_json(period: Period, by_kind: ByKind, *, simulated: bool) -> str:
    rules = by_kind[simulated]
    report = {
        "start": period.start,
        "end": period.end,
        "time_zone": timezone.get_current_timezone_name(),
        "simulated": simulated,
        "simulated_decisions": reports.total(by_kind[True]).decisions,
        "total": _figures(reports.total(rules)),
        "rules": [{"rule": rule.label, **_figures(rule)} for rule in rules],
        "learned": [
            _learned(key, known)
            for key, known in sorted(rule_stats.load().items())
            if key.simulated is simulated
        ],
    }
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode()


def _learned(key: RuleKey, known: Learned) -> dict[str, Any]:
    """What recent decisions taught, whatever the period: see docs/savings.md."""
    return {
        "rule": key.rule,
        "draft_model": key.draft_model,
        "verifier_model": key.verifier_model,
        "acceptance": known.acceptance,
        "break_even": known.break_even,
        "paused": known.paused,
        "output_ratio": known.output_ratio,
        "token_ratio": known.token_ratio,
        "baseline_error": known.error,
        "baseline_error_samples": known.error_samples,
    }


def _figures(row: SavingsRow) -> dict[str, Any]:
    figures = dataclasses.asdict(row)
    del figures["label"]
    return {
        **figures,
        "saving_nusd": row.saving_nusd,
        "saving_share": row.saving_share,
        "accepted_share": row.accepted_share,
    }


def _as_text(period: Period, by_kind: ByKind, *, simulated: bool) -> str:
    rules = by_kind[simulated]
    money = "simulated money" if simulated else "real money"
    zone = timezone.get_current_timezone_name()
    everything = reports.total(rules)
    lines = [f"{period.first} to {period.last} ({zone}), {money}", ""]
    lines += _table([HEADINGS, *map(_cells, rules), _cells(everything, "all")])
    if everything.unknown_cost:
        lines.append(
            f"\n{everything.unknown_cost} decisions of unknown cost or baseline are in "
            "no sum of money."
        )
    simulated_decisions = reports.total(by_kind[True]).decisions
    if simulated_decisions and not simulated:
        lines.append(
            f"\n{simulated_decisions} simulated decisions are not counted; "
            "--simulated shows them."
        )
    return "\n".join(lines)


def _cells(row: SavingsRow, label: str = "") -> tuple[str, ...]:
    sums = (row.baseline_nusd, row.cost_nusd, row.saving_nusd)
    money = (None, None, None) if row.all_unknown else sums
    return (
        label or row.label or "(no rule)",
        formats.count(row.turns),
        formats.percent(row.accepted_share),
        *map(formats.usd, money),
        formats.percent(row.saving_share),
    )


def _table(rows: Iterable[tuple[str, ...]]) -> list[str]:
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if n else cell.ljust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
