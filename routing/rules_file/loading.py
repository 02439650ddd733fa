"""A `RulesFile` into the database: all of it or nothing, and only what differs."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction

from routing import history, secrets, validation
from routing.config import Pattern
from routing.errors import ConfigurationError
from routing.models import CascadeRule, ClientKey, ConfigModel, Provider, UpstreamModel
from routing.rules_file.document import Entry, KeyValue, RulesFile
from routing.rules_file.key_fields import KEY_FIELDS
from routing.rules_file.problems import Problem, RulesFileError

logger = logging.getLogger(__name__)

RULE_MODEL_FIELDS = tuple(
    f.name for f in CascadeRule._meta.fields if f.name not in {"id", "name"}
)
PROVIDER_MODEL_FIELDS = (
    "kind",
    "enabled",
    "priority",
    "takes_client_credentials",
    "quirks",
)
CLIENT_KEY_FIELDS = ("tag", "may_force", "account_access")
# The names of the file where the model's differ.
RULE_FIELDS = {"quality_threshold": "threshold", "key": "client_key"}
PROVIDER_FIELDS = {
    "api_key": "key_reference",
    "private": "private_allowed",
}
USUAL_URLS = {
    "anthropic": "https://api.anthropic.com",
    "openai": "https://api.openai.com",
    "groq": "https://api.groq.com/openai",
}


@dataclass(slots=True)
class Loaded:
    """What loading did. `notes` are lines for the person who loaded the file."""

    counts: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        words = ("created", "changed", "unchanged", "removed")
        return ", ".join(f"{self.counts[word]} {word}" for word in words)


def load(document: RulesFile, *, prune: bool = False) -> Loaded:
    """Make the database say what `document` says and return what was done.

    A field the file leaves out gets its default, but a provider's stored key stays,
    and so does what bounds a client key.
    With `prune`, rules the file does not name are deleted, and providers if it lists
    any. Raises RulesFileError, with nothing changed, when a row is refused.
    """
    work = _Loading(document)
    with transaction.atomic():
        work.providers()
        work.provider_keys()
        work.client_keys()
        work.rules()
        if work.problems:
            raise RulesFileError(document.source, work.problems)
        if prune:
            work.prune()
    for note in work.done.notes:
        logger.info("%s", note)
    return work.done


class _Loading:
    """One load in progress."""

    def __init__(self, document: RulesFile) -> None:
        self.document = document
        self.done = Loaded()
        self.problems: list[Problem] = []

    def providers(self) -> None:
        for entry in self.document.providers or ():
            row = _existing(Provider, entry)
            before = _state(row)
            _set(row, entry.values, PROVIDER_MODEL_FIELDS)
            row.base_url = entry.values.get("base_url") or USUAL_URLS.get(row.kind, "")
            self._set_key(row, entry.values.get("api_key"))
            self._allow_private(row, entry)
            if self._save(row, before, entry, PROVIDER_FIELDS):
                self._models(row, entry)

    def provider_keys(self) -> None:
        for entry in self.document.provider_keys:
            row = Provider.objects.filter(name=entry.values["name"]).first()
            if row is None:
                message = "no provider has this name: add it under providers"
                self.problems.append(entry.problem("", message))
                continue
            before = _state(row)
            self._set_key(row, entry.values["api_key"])
            self._save(row, before, entry, {})

    def client_keys(self) -> None:
        for entry in self.document.client_keys:
            key = _in_clear(entry.values["key"])
            if not key:
                self.problems.append(entry.problem("", "this key is empty"))
                continue
            digest = secrets.client_key_digest(key)
            name = entry.values.get("name") or f"file-{digest[:8]}"
            row = _key_of(digest) or ClientKey()
            before = _state(row)
            _set(row, entry.values, CLIENT_KEY_FIELDS)
            # What bounds a key stays when the file is silent: a start lifts no limit.
            _set(row, entry.values, KEY_FIELDS.keys() & entry.lines.keys())
            row.name = name
            if not row.digest:
                row.set_key(key)
            self._save(row, before, entry, {})

    def rules(self) -> None:
        keys = {key.name: key for key in ClientKey.objects.all()}
        for entry in self.document.rules or ():
            name = entry.values.get("key")
            if name and name not in keys:
                message = f"there is no client key {name}: create it first"
                self.problems.append(entry.problem("key", message))
                continue
            row = _existing(CascadeRule, entry)
            before = _state(row)
            renamed = {RULE_FIELDS.get(k, k): v for k, v in entry.values.items()}
            renamed["client_key"] = keys.get(name) if name else None
            _set(row, renamed, RULE_MODEL_FIELDS)
            self._save(row, before, entry, RULE_FIELDS)

    def prune(self) -> None:
        self._remove(CascadeRule, self.document.rules)
        self._remove(Provider, self.document.providers)

    def _remove(
        self,
        model: type[CascadeRule] | type[Provider],
        keep: Iterable[Entry] | None,
    ) -> None:
        if keep is None:
            return
        names = [entry.values["name"] for entry in keep]
        for row in model.objects.exclude(name__in=names):
            history.because(row, f"not in {self.document.source}")
            row.delete()
            self.done.counts["removed"] += 1

    def _set_key(self, row: Provider, key: KeyValue | None) -> None:
        if key is None:
            return
        row.key_reference = key.reference
        if key.reference:
            row.set_key("")
        elif _stored_key(row) != key.literal:
            row.set_key(key.literal)

    def _allow_private(self, row: Provider, entry: Entry) -> None:
        row.private_allowed = entry.values.get("private", False)
        if "private" not in entry.values and validation.needs_permission(row):
            row.private_allowed = True
            note = f"provider {row.name}: the private host of {row.base_url} is allowed"
            self.done.notes.append(note)

    def _models(self, provider: Provider, entry: Entry) -> None:
        if "models" not in entry.values:
            return
        wanted = entry.values["models"]
        names = [model.values["name"] for model in wanted]
        for row in provider.models.exclude(name__in=names):
            self._leave_out(row, covered=_covered(row.name, names))
        for model in wanted:
            name = model.values["name"]
            row = provider.models.filter(name=name).first()
            row = row or UpstreamModel(provider=provider, name=name)
            before = _state(row)
            _set(row, model.values, ("display_name", "enabled"))
            self._save(row, before, model, {})

    def _leave_out(self, row: UpstreamModel, *, covered: bool) -> None:
        """Remove a model the file leaves out; what is known of one stays.

        `models` says what is routed here: a row that none of its patterns covers takes
        no requests any more.
        """
        if not row.has_facts:
            row.delete()
            self.done.counts["removed"] += 1
        elif row.enabled and not covered:
            row.enabled = False
            row.save()
            self.done.counts["changed"] += 1

    def _save(
        self,
        row: ConfigModel,
        before: Mapping[str, Any],
        entry: Entry,
        renamed: Mapping[str, str],
    ) -> bool:
        try:
            row.full_clean()
        except ValidationError as error:
            self.problems += _problems(error, entry, renamed)
            return False
        if row.pk is None:
            self.done.counts["created"] += 1
        elif before == _state(row):
            self.done.counts["unchanged"] += 1
            return True
        else:
            self.done.counts["changed"] += 1
        history.because(row, f"loaded from {self.document.source}")
        row.save()
        return True


def _existing(model: type[CascadeRule] | type[Provider], entry: Entry) -> Any:
    name = entry.values["name"]
    return model.objects.filter(name=name).first() or model(name=name)


def _key_of(digest: str) -> ClientKey | None:
    """Return the key of this digest, or the one that took its place by a rotation."""
    rows = ClientKey.objects
    found: ClientKey | None = (
        rows.filter(digest=digest).first()
        or rows.filter(previous_digest=digest).first()
    )
    return found


def _covered(name: str, patterns: Iterable[str]) -> bool:
    return any(Pattern(pattern).matches(name) for pattern in patterns)


def _set(row: ConfigModel, values: Mapping[str, Any], names: Iterable[str]) -> None:
    for column in row._meta.concrete_fields:
        if column.name in names:
            setattr(row, column.name, values.get(column.name, column.get_default()))


def _state(row: ConfigModel) -> dict[str, Any]:
    return {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields}


def _stored_key(row: Provider) -> str:
    try:
        return secrets.decrypt(row.key_encrypted) if row.key_encrypted else ""
    except ConfigurationError:
        return ""


def _in_clear(key: KeyValue) -> str:
    return secrets.resolve(key.reference) if key.reference else key.literal


def _problems(
    error: ValidationError, entry: Entry, renamed: Mapping[str, str]
) -> list[Problem]:
    in_file = {model: name for name, model in renamed.items()}
    return [
        entry.problem(
            "" if name == NON_FIELD_ERRORS else in_file.get(name, name), message
        )
        for name, messages in error.message_dict.items()
        for message in messages
    ]
