"""An in-process copy of rules, keys, providers and prices, at most a second stale.

The hot path reads it and makes no query. A thread of the worker reads the version row
and loads a new copy when the number has moved; when the database is away the old copy
serves on.
"""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections

from metrics import price_book, rule_stats
from metrics.stakes import LearnedByRule
from routing import hosts, key_table, knowledge_loading, model_table, rule_loading
from routing.config import (
    OwnedPattern,
    Pattern,
    Snapshot,
)
from routing.errors import ConfigurationError
from routing.models import (
    ConfigVersion,
    Controls,
    Provider,
    ProviderKey,
    UpstreamModel,
)
from routing.provider_config import provider_config
from routing.validators import host_of

logger = logging.getLogger(__name__)


class SnapshotHolder:
    """Holds the newest snapshot of this process and keeps it fresh."""

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        self._starting = threading.Lock()
        self._started = False
        self._healthy = True
        self._learn_at = 0.0

    def get(self) -> Snapshot:
        """Return the newest snapshot; the first call loads it and starts refreshing.

        Raises django.db.Error when there is none yet and the database is away.
        """
        if self._snapshot is None:
            self.start()
        assert self._snapshot is not None  # noqa: S101  start() returns or raises
        return self._snapshot

    @property
    def learned(self) -> LearnedByRule:
        """What is known of rules in the snapshot there is; nothing without one."""
        return self._snapshot.learned if self._snapshot else {}

    @property
    def private_hosts(self) -> frozenset[str]:
        """The hosts that rows of providers let lie in a private network."""
        return self._snapshot.private_hosts if self._snapshot else frozenset()

    @property
    def healthy(self) -> bool:
        """Whether the database answered when it was last asked."""
        return self._healthy

    @property
    def loaded(self) -> bool:
        """Whether there is a snapshot to serve from."""
        return self._snapshot is not None

    def start(self) -> None:
        """Load the first snapshot and keep it fresh from a thread of this process."""
        with self._starting:
            if self._snapshot is None:
                self._load()
            if not self._started and settings.CASCADE_SNAPSHOT_POLL_S > 0:
                self._started = True
                threading.Thread(
                    target=self._refresh_for_ever, name="snapshot", daemon=True
                ).start()

    def refresh(self) -> bool:
        """Load anew when the version moved; whether it did. One query when not.

        What is learned of rules moves no version: it is read anew once a minute.
        """
        snapshot = self._snapshot
        if snapshot is None or ConfigVersion.current() != snapshot.version:
            self._load()
            return True
        if time.monotonic() >= self._learn_at:
            self._learn_at = time.monotonic() + rule_stats.REFRESH_S
            learned = rule_stats.load()
            spent = key_table.spent_by(snapshot.keys.values())
            self._snapshot = dataclasses.replace(snapshot, learned=learned, spent=spent)
        return False

    def _load(self) -> None:
        self._learn_at = time.monotonic() + rule_stats.REFRESH_S
        self._snapshot = load()

    def forget(self) -> None:
        """Drop the snapshot: the next `get` loads it."""
        self._snapshot = None

    def _refresh_for_ever(self) -> None:
        while True:
            time.sleep(settings.CASCADE_SNAPSHOT_POLL_S)
            try:
                close_old_connections()
                self.refresh()
                self._healthy = True
            except (DatabaseError, ConfigurationError, ValueError) as error:
                if self._healthy:
                    logger.warning("configuration not refreshed: %s", error)
                self._healthy = False


def load() -> Snapshot:
    """Return the configuration as it stands. Ten queries or a few more."""
    version = ConfigVersion.current()
    provider_rows = list(Provider.objects.all())
    model_rows = list(UpstreamModel.objects.all())
    models = model_table.known_models(
        model_rows, {row.pk: row.name for row in provider_rows}
    )
    keys = key_table.load()
    return Snapshot(
        version=version,
        rules=rule_loading.load(),
        patterns=_patterns(provider_rows, model_rows),
        keys=keys,
        spent=key_table.spent_by(keys.values()),
        prices=price_book.load(),
        models=models,
        facts_of=model_table.lookup(models),
        cascade_on=settings.CASCADE_ENABLED and _cascade_on(),
        learned=rule_stats.load(),
        knowledge=knowledge_loading.load(),
        private_hosts=frozenset(
            hosts.bare(host_of(row.base_url))
            for row in provider_rows
            if row.private_allowed and row.enabled
        ),
    )


def _cascade_on() -> bool:
    row = Controls.objects.filter(pk=1).first()
    return row is None or bool(row.cascade_on)


def _patterns(
    provider_rows: list[Provider], model_rows: list[UpstreamModel]
) -> tuple[OwnedPattern, ...]:
    enabled = {row.pk: row for row in provider_rows if row.enabled}
    further = _further_keys()
    configs = {
        pk: provider_config(row, further.get(pk, ())) for pk, row in enabled.items()
    }
    ranked: list[tuple[Any, OwnedPattern]] = []
    for row in model_rows:
        if not row.enabled or row.provider_id not in enabled:
            continue
        provider = configs[row.provider_id]
        pattern = Pattern(row.name)
        exact, literal = pattern.specificity
        owned = OwnedPattern(pattern=pattern, provider=provider)
        priority = enabled[row.provider_id].priority
        ranked.append(((not exact, -literal, priority, provider.name), owned))
    ranked.sort(key=lambda pair: pair[0])
    return tuple(owned for _, owned in ranked)


def _further_keys() -> dict[int, list[ProviderKey]]:
    found: dict[int, list[ProviderKey]] = {}
    for row in ProviderKey.objects.filter(enabled=True).order_by("pk"):
        found.setdefault(row.provider_id, []).append(row)
    return found


holder = SnapshotHolder()
