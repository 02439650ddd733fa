"""Teaches rules by the labels there are, as the keeper does; says what came of it."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from routing.knowledge_loading import knowledge_of
from routing.management.arguments import add_rule, rules_in
from routing.rule_standing import promise_in_words, weights_of
from routing.schooling import Progress, teach
from routing.teaching import FIRST_LABELS

NAMED_WEIGHTS = 5


class Command(BaseCommand):
    """`manage.py fit_gates`: labels -> gates and certificates, here and now."""

    help = "Teach the rules by their labels, and print what was learned."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what can be asked for."""
        add_rule(parser)
        parser.add_argument(
            "--force", action="store_true", help="also where few labels are new"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Teach. Raises CommandError when there is no such rule."""
        for rule in rules_in(options):
            progress = teach(rule, force=options["force"])
            for line in _in_words(progress):
                self.stdout.write(line)


def _in_words(progress: Progress) -> list[str]:
    """What became of a rule: a line on what it knows, others below it."""
    known = progress.known
    if known is None:
        return [
            f"{progress.rule}: {progress.lessons} measured drafts have labels; "
            f"{FIRST_LABELS} teach the first base rates."
        ]
    verb = "learned" if progress.refitted else "nothing new since"
    head = (
        f"{progress.rule}: {verb} version {known.version}, from {known.lessons} "
        f"labelled drafts; {progress.lessons} now."
    )
    gate = knowledge_of(known).gate
    lines = [head]
    if gate is None:
        lines.append("  No gate yet: the base rates of its routes decide.")
    else:
        told = gate.metrics
        lines.append(
            f"  Gate: AUROC {told.auroc:.2f}, Brier {told.brier:.3f}, "
            f"{told.good:.0%} of {gate.labels} drafts good."
        )
        weights = ", ".join(
            f"{weight.name} {weight.value:+.2f}"
            for weight in weights_of(gate, NAMED_WEIGHTS)
        )
        lines.append(f"  Counts most: {weights or 'nothing'}.")
    if progress.certificate is not None:
        lines.append(f"  {promise_in_words(progress.certificate)}")
    return lines
