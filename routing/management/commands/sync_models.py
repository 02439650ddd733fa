"""`manage.py sync_models`: what providers say of their models, into the database."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from routing import model_sync
from routing.connection import ClientConnection
from routing.errors import ProxyError
from routing.model_source import NotListed, models_of
from routing.model_sync import Synced
from routing.models import Provider
from routing.provider_config import provider_config
from routing.snapshot import holder
from routing.types import Upstream


class Command(BaseCommand):
    """Asks each provider for its list; one that cannot be asked stops no other."""

    help = "Bring what is known of models up to date with their providers' own lists."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what can be asked for."""
        parser.add_argument(
            "--provider", metavar="NAME", help="ask only the provider of that name"
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="say what would change, change nothing",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Ask, write and say what changed. Raises CommandError when one failed.

        A provider without a key is passed over unless it was named.
        """
        self._named = options["provider"] is not None
        providers = _providers(options["provider"])
        holder.refresh()  # which hosts may be private
        connection = ClientConnection({})
        try:
            failed = [
                provider.name
                for provider in providers
                if not self._done(
                    provider, connection.upstream, dry_run=options["dry_run"]
                )
            ]
        finally:
            connection.release()
        if failed:
            raise CommandError(
                f"{len(failed)} of {len(providers)} providers not synced: "
                f"{', '.join(failed)}."
            )

    def _done(self, provider: Provider, upstream: Upstream, *, dry_run: bool) -> bool:
        config = provider_config(provider)
        if config.trouble and not self._named:
            self.stdout.write(f"{provider.name}: skipped. {config.trouble}")
            return True
        try:
            listed = models_of(config, upstream)
        except NotListed as refused:
            self.stderr.write(f"{provider.name}: {refused}")
            return False
        except ProxyError as failure:
            self.stderr.write(f"{provider.name}: {failure.message}")
            return False
        self._tell(model_sync.sync(provider, listed, dry_run=dry_run), dry_run=dry_run)
        return True

    def _tell(self, done: Synced, *, dry_run: bool) -> None:
        new = len(done.created) + len(done.switched_off)
        self.stdout.write(
            f"{done.provider}: {new} new, {len(done.changed)} changed, "
            f"{done.unchanged} as before{' (nothing written)' if dry_run else ''}"
        )
        for name in done.created:
            self.stdout.write(f"  new      {name}")
        for name in done.switched_off:
            self.stdout.write(f"  new      {name}, off: another provider serves it")
        for name, columns in done.changed:
            self.stdout.write(f"  changed  {name}: {', '.join(columns)}")
        for name in done.unlisted:
            self.stdout.write(f"  kept     {name}, no longer listed")


def _providers(name: str | None) -> list[Provider]:
    """Return the providers to ask. Raises CommandError when there is none."""
    if name is None:
        found = list(Provider.objects.filter(enabled=True))
        if not found:
            raise CommandError("No enabled provider has a list of models to read.")
        return found
    provider = Provider.objects.filter(name=name).first()
    if provider is None:
        raise CommandError(f"There is no provider {name}.")
    if not provider.enabled:
        raise CommandError(f"The provider {name} is switched off.")
    return [provider]
