"""Brings the rows about a provider's models up to date with its own list.

A row is created or changed, never deleted. What an operator decided stays: `enabled`,
the parameter rules, and whatever the list says nothing about. A new row never moves
requests from one provider to another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from routing import rules, snapshot
from routing.config import Snapshot
from routing.errors import ConfigurationError
from routing.model_source import ListedModel
from routing.models import Provider, UpstreamModel

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """What became of one provider's rows, by the names of models.

    `switched_off` are new too, but another provider serves them. `changed` has the
    columns that changed. `unlisted` were synced once and are not listed any more.
    """

    provider: str
    created: tuple[str, ...] = ()
    switched_off: tuple[str, ...] = ()
    changed: tuple[tuple[str, tuple[str, ...]], ...] = ()
    unchanged: int = 0
    unlisted: tuple[str, ...] = ()


def sync(provider: Provider, listed: Sequence[ListedModel], *, dry_run: bool) -> Synced:
    """Return what was done to the rows of `provider`, or would be in a dry run.

    All of it or nothing is written.
    """
    with transaction.atomic():
        synced = _sync(provider, listed)
        if dry_run:
            transaction.set_rollback(True)
    return synced


def _sync(provider: Provider, listed: Sequence[ListedModel]) -> Synced:
    rows = {row.name: row for row in provider.models.all()}
    new = [entry for entry in listed if entry.id not in rows]
    present = [entry for entry in listed if entry.id in rows]
    named = {entry.id for entry in listed}
    enabled = _created(provider, new)
    changed = tuple((e.id, _updated(rows[e.id], e)) for e in present)
    return Synced(
        provider=provider.name,
        created=tuple(name for name, on in enabled.items() if on),
        switched_off=tuple(name for name, on in enabled.items() if not on),
        changed=tuple((name, columns) for name, columns in changed if columns),
        unchanged=sum(not columns for _, columns in changed),
        unlisted=tuple(
            n for n, row in rows.items() if row.synced_at and n not in named
        ),
    )


def _created(provider: Provider, new: Sequence[ListedModel]) -> dict[str, bool]:
    """Create rows; by name, whether requests for the model go to them."""
    before = snapshot.load()
    enabled = {e.id: _owner(e.id, before) in (provider.name, None) for e in new}
    for entry in new:
        UpstreamModel.objects.create(
            provider=provider,
            name=entry.id,
            enabled=enabled[entry.id],
            synced_at=timezone.now(),
            **_told(entry),
        )
    return enabled


def _owner(model: str, configuration: Snapshot) -> str | None:
    try:
        return rules.target_for(model, configuration).provider.name
    except ConfigurationError:
        return None


def _updated(row: UpstreamModel, entry: ListedModel) -> tuple[str, ...]:
    """Write what the list says otherwise than `row`; the columns that changed."""
    told = _told(entry)
    changed = tuple(name for name, value in told.items() if getattr(row, name) != value)
    for name in changed:
        setattr(row, name, told[name])
    row.synced_at = timezone.now()
    row.save(update_fields=[*changed, "synced_at"])
    return changed


def _told(entry: ListedModel) -> dict[str, Any]:
    """Return the columns the list says something about.

    A model of a known lifecycle without a date has none; the release of one without it
    is not known, and is given as the epoch.
    """
    columns = {
        "display_name": entry.display_name or None,
        "max_input_tokens": entry.max_input_tokens or None,
        "max_output_tokens": entry.max_tokens or None,
        "capabilities": entry.capabilities or None,
        "lifecycle": entry.lifecycle,
        "released_at": entry.created_at if entry.created_at != _EPOCH else None,
    }
    told: dict[str, Any] = {k: v for k, v in columns.items() if v is not None}
    dates = {"deprecated_at": entry.deprecated_at, "retires_at": entry.retires_at}
    kept = dates.items() if entry.lifecycle else ()
    return told | dict(kept)
