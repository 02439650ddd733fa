"""Puts the shipped prices into the database."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from metrics import price_snapshot


class Command(BaseCommand):
    """`manage.py load_prices`: safe to run again; no existing row is changed."""

    help = "Insert the shipped prices that are missing; leave every existing row alone."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Load the snapshot and print what was done."""
        snapshot = price_snapshot.read()
        done = price_snapshot.load(snapshot)
        self.stdout.write(
            f"Prices of {snapshot.taken_on}: {done.added} added, "
            f"{done.present} already there, "
            f"{done.left} left to the operator's own."
        )
