"""Prints how good the drafts of each rule are, by labels, and what that would save."""

from __future__ import annotations

from argparse import ArgumentParser
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import msgspec
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from routing.management.arguments import add_rule, rules_in
from routing.quality_words import certificate_in_words, level_in_words, share_in_words
from routing.rule_quality import spread
from routing.rule_standing import (
    Standing,
    outlook_in_words,
    standing_of,
    ungated_in_words,
)

SHOWN_LEVELS = 6


class Command(BaseCommand):
    """`manage.py quality_report`: each rule, from its own labels."""

    help = "Print the quality of drafts by rule: labels, harm, curve, certificate."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what can be asked for."""
        add_rule(parser)
        parser.add_argument(
            "--days", type=int, default=90, help="labels of the last N days"
        )
        parser.add_argument("--json", action="store_true", help="for programs")
        parser.add_argument(
            "--simulated", action="store_true", help="simulated answers, not real ones"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print the report. Raises CommandError for what cannot be reported."""
        rules = rules_in(options)
        try:
            since = timezone.now() - timedelta(days=options["days"])
        except OverflowError as problem:
            raise CommandError(f"--days: {problem}") from problem
        simulated = options["simulated"]
        found = [standing_of(r, simulated=simulated, since=since) for r in rules]
        if options["json"]:
            told = [_as_values(standing) for standing in found]
            self.stdout.write(msgspec.json.encode(told).decode())
            return
        kind = "simulated" if simulated else "real"
        self.stdout.write(f"Labels of {options['days']} days, {kind} answers alone.")
        for standing in found:
            for line in _as_text(standing):
                self.stdout.write(line)


def _as_text(standing: Standing) -> list[str]:
    rule, quality = standing.rule, standing.quality
    lines = ["", f"{rule.name} ({rule.mode}, threshold {standing.threshold:g})"]
    for source in quality.sources:
        score = "" if source.score is None else f", mean score {source.score:.2f}"
        lines.append(
            f"  labels: {source.labels} by {source.source}, {source.worse} worse{score}"
        )
    if not quality.sources:
        lines.append("  labels: none")
    lines.append(f"  accepted drafts that are worse: {share_in_words(quality.harm)}")
    if quality.levels:
        shown = spread(quality.levels, SHOWN_LEVELS)
        lines.append(f"  cost and quality, of {quality.priced} drafts drawn at random:")
        lines += [f"    {level_in_words(level)}" for level in shown]
    if quality.own is not None:
        lines.append(f"  now: {level_in_words(quality.own)}")
    said = (
        certificate_in_words(standing.certificate),
        outlook_in_words(standing),
        ungated_in_words(standing),
        "Checks pause: they cost more than their budget." if standing.paused else "",
    )
    return [*lines, *(f"  {words}" for words in said if words)]


def _as_values(standing: Standing) -> dict[str, Any]:
    """The standing as plain values; shares from 0 to 1, null where it is not known."""
    certificate, gate = standing.certificate, standing.gate
    return {
        "rule": standing.rule.name,
        "mode": standing.rule.mode,
        "threshold": standing.threshold,
        "cold": standing.cold,
        "checks_paused": standing.paused,
        "gate": gate
        and {
            "version": standing.known.version if standing.known else 0,
            "labels": gate.labels,
            "fitted_at": gate.fitted_at,
            **asdict(gate.metrics),
            "weights": dict(gate.weights()),
        },
        "certificate": certificate
        and {
            "state": certificate.state,
            "issued_at": certificate.issued_at,
            "ended_at": certificate.ended_at,
            "why": certificate.why,
            "harm": certificate.harm,
            "sure": certificate.sure,
            "bound": certificate.bound,
            "threshold": certificate.threshold,
            "labels": certificate.labels,
        },
        **asdict(standing.quality),
        "words": outlook_in_words(standing),
    }
