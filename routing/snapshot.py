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
from typing import Any, cast

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections
from django.utils import timezone

from metrics import price_book, rule_stats
from metrics.stakes import LearnedByRule
from routing import model_table
from routing.config import (
    ClientKeyConfig,
    OwnedPattern,
    Pattern,
    RuleConditions,
    RuleConfig,
    Snapshot,
    Streaming,
    Subagents,
    Tools,
)
from routing.errors import ConfigurationError
from routing.models import (
    CascadeRule,
    ClientKey,
    ConfigVersion,
    Controls,
    Provider,
    UpstreamModel,
)
from routing.providers import ADAPTERS
from routing.quirks import USUAL, with_said
from routing.types import (
    OnVerifierError,
    ProviderConfig,
    ResponseModel,
    RuleTerms,
)
from routing.validators import header_lines

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
            self._snapshot = dataclasses.replace(snapshot, learned=learned)
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
    """Return the configuration as it stands. Eight queries."""
    version = ConfigVersion.current()
    provider_rows = list(Provider.objects.all())
    model_rows = list(UpstreamModel.objects.all())
    models = model_table.known_models(
        model_rows, {row.pk: row.name for row in provider_rows}
    )
    return Snapshot(
        version=version,
        rules=_rules(),
        patterns=_patterns(provider_rows, model_rows),
        keys=_keys(),
        prices=price_book.load(),
        models=models,
        facts_of=model_table.lookup(models),
        cascade_on=settings.CASCADE_ENABLED and _cascade_on(),
        learned=rule_stats.load(),
    )


def _cascade_on() -> bool:
    row = Controls.objects.filter(pk=1).first()
    return row is None or bool(row.cascade_on)


def provider_config(row: Provider) -> ProviderConfig:
    """Return the provider of `row` as the hot path reads it, its key in the clear."""
    key, trouble = _key(row)
    adapter = ADAPTERS.get(row.kind)
    return ProviderConfig(
        name=row.name,
        kind=row.kind,
        base_url=row.base_url.rstrip("/"),
        api_key=key,
        trouble=trouble,
        takes_client_credentials=row.takes_client_credentials,
        priority=row.priority,
        dialect=adapter.dialect if adapter else "anthropic",
        quirks=with_said(adapter.quirks if adapter else USUAL, row.quirks),
    )


def _key(row: Provider) -> tuple[str, str]:
    try:
        key = row.key()
    except ConfigurationError as error:
        logger.warning("provider %s: %s", row.name, error.message)
        return "", _told_to_clients(row, error.message)
    if row.key_reference and not key:
        trouble = (
            f"The provider {row.name} has no API key: "
            f"{row.key_reference} holds nothing."
        )
        return "", _told_to_clients(row, trouble)
    return key, ""


def _told_to_clients(row: Provider, trouble: str) -> str:
    """Return `trouble`, but no path of this machine: that is for the log alone."""
    if row.key_reference.startswith("file:"):
        return f"The provider {row.name} has no usable key: the log says why."
    return trouble


def _patterns(
    provider_rows: list[Provider], model_rows: list[UpstreamModel]
) -> tuple[OwnedPattern, ...]:
    enabled = {row.pk: row for row in provider_rows if row.enabled}
    configs = {pk: provider_config(row) for pk, row in enabled.items()}
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


def _rules() -> tuple[RuleConfig, ...]:
    rows = sorted(CascadeRule.objects.filter(enabled=True), key=_rank)
    return tuple(rule_config(row) for row in rows)


def _rank(row: CascadeRule) -> tuple[Any, ...]:
    exact, literal = Pattern(row.request_model).specificity
    for_all = (
        row.client_key_id is None,
        not row.tag,
        _conditions(row) == RuleConditions(),
    )
    return (row.priority, not exact, -literal, *for_all, row.name)


def rule_config(row: CascadeRule) -> RuleConfig:
    """Return the rule of `row` as the hot path reads it."""
    return RuleConfig(
        pattern=Pattern(row.request_model),
        draft_model=row.draft_model,
        verifier_model=row.verifier_model,
        client_key_id=row.client_key_id,
        tag=row.tag,
        terms=RuleTerms(
            name=row.name,
            threshold=row.threshold,
            prior=row.prior,
            draft_timeout_s=row.draft_timeout_s,
            on_verifier_error=cast(OnVerifierError, row.on_verifier_error),
            response_model=cast(ResponseModel, row.response_model),
            clamp_max_tokens=row.clamp_max_tokens,
        ),
        fallback_model=row.fallback_model,
        conditions=_conditions(row),
        economics=row.economics,
    )


def _conditions(row: CascadeRule) -> RuleConditions:
    return RuleConditions(
        tools=cast(Tools, row.tools),
        streaming=cast(Streaming, row.streaming),
        subagents=cast(Subagents, row.subagents),
        min_prompt_tokens=row.min_prompt_tokens,
        max_prompt_tokens=row.max_prompt_tokens,
        headers=tuple(
            (name, Pattern(pattern)) for name, pattern in header_lines(row.headers)
        ),
        rollout_percent=row.rollout_percent,
    )


def _keys() -> dict[str, ClientKeyConfig]:
    now = timezone.now()
    keys = {
        row.digest: ClientKeyConfig(
            id=row.pk,
            name=row.name,
            prefix=row.prefix,
            tag=row.tag,
            expires_at=row.expires_at,
            may_force=row.may_force,
            account_access=row.account_access,
        )
        for row in ClientKey.objects.filter(enabled=True)
    }
    return {digest: key for digest, key in keys.items() if not key.expired(now)}


holder = SnapshotHolder()
