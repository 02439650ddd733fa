"""`manage.py rotate_field_keys`: stored provider keys, under the newest field key."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from routing import secrets
from routing.errors import ConfigurationError
from routing.models import Provider, ProviderKey
from routing.versioning import ConfigVersion


class Command(BaseCommand):
    """Encrypts stored provider keys anew, so that older field keys can go."""

    help = "Encrypt every stored provider key under the first of FIELD_KEYS."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what can be asked for."""
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would be done, do nothing"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Rotate all or, when one does not open, none. Raises CommandError."""
        with transaction.atomic():
            done, lost = self._rotate(write=not options["dry_run"])
            if lost:
                raise CommandError(
                    f"Nothing was changed: {', '.join(lost)} does not open with any of "
                    "FIELD_KEYS. Put back the field key it was stored with, or set or "
                    "forget that key in admin; then try again."
                )
        word = "would be" if options["dry_run"] else "are"
        self.stdout.write(f"{done} stored keys {word} under the first of FIELD_KEYS.")
        if done and not options["dry_run"]:
            self.stdout.write("The field keys after it may go, at every host.")

    def _rotate(self, *, write: bool) -> tuple[int, list[str]]:
        done, lost = 0, []
        for model in (Provider, ProviderKey):
            for row in model.objects.exclude(key_encrypted="").select_for_update():
                try:
                    token = secrets.rotated(row.key_encrypted)
                except ConfigurationError:
                    lost.append(f"the key of {row}")
                    continue
                done += 1
                if write:  # past save(): nothing about the key itself has changed
                    model.objects.filter(pk=row.pk).update(key_encrypted=token)
        if write and done:
            ConfigVersion.bump()
        return done, lost
