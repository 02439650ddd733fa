"""Prints the savings of the last days, for people, as CSV or as JSON."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

import msgspec
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from metrics import (
    cards,
    export_rows,
    exports,
    formats,
    overview,
    periods,
    rollups,
    rule_stats,
    summaries,
    tables,
)
from metrics.links import Links
from metrics.overview import Overview
from metrics.stakes import Learned, RuleKey
from metrics.types import SavingsRow

HEADINGS = ("turns", "accepted", "verifier alone", "spent", "saved", "")
TABLES = ("day", *summaries.DIMENSION_OF)
CSV_NAMES = ("by", "label", *export_rows.SUM_NAMES)
MEASURED = ("Added time", "Measured quality")
EMPTY = {kind.by: kind.empty for kind in tables.KINDS.values()}


class Command(BaseCommand):
    """`manage.py savings_report`: the figures of the savings page."""

    help = "Print what was saved, in all and by rule, key, tag and model."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what can be asked for."""
        parser.add_argument(
            "--days", type=int, default=30, help="last N days, today among them"
        )
        shape = parser.add_mutually_exclusive_group()
        shape.add_argument("--json", action="store_true", help="exact, in nano-USD")
        shape.add_argument(
            "--csv",
            action="store_true",
            help="every table, a line for each of its rows",
        )
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
        seen = overview.read(period, simulated=options["simulated"])
        if options["csv"]:
            for line in exports.csv_lines(CSV_NAMES, _csv_rows(seen)):
                self.stdout.write(line, ending="")
            return
        self.stdout.write(_as_json(seen) if options["json"] else _as_text(seen))


def _csv_rows(seen: Overview) -> Iterator[tuple[Any, ...]]:
    """The total, then each table: all of them add up to it."""
    yield ("all", *export_rows.of_sums(seen.figures.total))
    for by in TABLES:
        for row in summaries.rows_of(seen, by):
            yield (by, *export_rows.of_sums(row))


def _as_json(seen: Overview) -> str:
    others = seen.figures.total if seen.simulated else seen.other
    report = {
        **summaries.whole(seen),
        "time_zone": timezone.get_current_timezone_name(),
        "simulated_decisions": others.decisions,
        **{
            f"{by}s": summaries.labelled(summaries.rows_of(seen, by), by)
            for by in TABLES
        },
        "learned": [
            _learned(key, known)
            for key, known in sorted(rule_stats.load().items())
            if key.simulated is seen.simulated
        ],
    }
    return msgspec.json.format(export_rows.to_json(report), indent=2).decode()


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


def _as_text(seen: Overview) -> str:
    period, everything = seen.period, seen.figures.total
    money = "simulated money" if seen.simulated else "real money"
    zone = timezone.get_current_timezone_name()
    lines = [f"{period.first} to {period.last} ({zone}), {money}"]
    for table in TABLES[1:]:
        heading = table.replace("_", " ")
        rows = summaries.rows_of(seen, table)
        lines += [
            "",
            *formats.aligned([(heading, *HEADINGS), *(_cells(r, table) for r in rows)]),
        ]
    lines += [
        "",
        *formats.aligned([("", *HEADINGS), _cells(everything, "all", label="all")]),
    ]
    lines += ["", *_measured(seen)]
    if everything.unknown_cost:
        lines.append(
            f"\n{everything.unknown_cost} decisions of unknown cost or baseline are in "
            "no sum of money."
        )
    if seen.other.decisions and not seen.simulated:
        lines.append(
            f"\n{seen.other.decisions} simulated decisions are not counted; "
            "--simulated shows them."
        )
    return "\n".join(lines)


def _measured(seen: Overview) -> Iterator[str]:
    """What is measured, and what was lost, a line each, as the page has it."""
    links = Links(period=seen.period, simulated=seen.simulated)
    for card in cards.cards(seen.figures, links):
        if card.label in MEASURED:
            yield f"{card.label}: {card.value} ({card.note})"
    for loss in cards.losses(seen, links):
        often = f", {loss.count}" if loss.count else ""
        yield f"{loss.label}: {loss.amount}{often} ({loss.note})"


def _cells(row: SavingsRow, by: str, *, label: str = "") -> tuple[str, ...]:
    sums = (row.baseline_nusd, row.cost_nusd, row.saving_nusd)
    money = (None, None, None) if row.all_unknown else sums
    return (
        label or row.label or EMPTY.get(by, ""),
        formats.count(row.turns),
        formats.percent(row.accepted_share),
        *map(formats.usd_cents, money),
        formats.percent(row.saving_share),
    )
