"""The models a client may ask for, as `GET /v1/models` tells them. Asks no provider.

Source: Anthropic API reference, "Models"; the SDK's ModelInfo and ModelListParams.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.http import QueryDict

from routing import model_table
from routing.config import ClientKeyConfig, KnownModel, Snapshot
from routing.errors import ConfigurationError, InvalidRequest
from routing.facts import UNKNOWN, ModelFacts
from routing.rules import target_for
from routing.types import Target

LIFECYCLES = ("active", "deprecated", "retired")
# Retired ones are listed for those who ask for them.
USUAL_LIFECYCLES = frozenset({"active", "deprecated"})
DEFAULT_LIMIT = 20
MAX_LIMIT = 1000
# What the API says of a model whose day of release it does not know.
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WORD_OF_A_NAME = re.compile(r"[A-Za-z0-9._@:+~-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A model by the name a client asks for, with what is known of who answers.

    `shipped`: all of it is from the shipped list, and its provider knows more.
    """

    id: str
    display_name: str
    facts: ModelFacts = UNKNOWN
    lifecycle: str = "active"
    created_at: datetime = EPOCH
    deprecated_at: datetime | None = None
    retires_at: datetime | None = None
    capabilities: Mapping[str, object] | None = None
    shipped: bool = False

    def as_entry(self) -> dict[str, Any]:
        """Return the model object of the API."""
        return {
            "type": "model",
            "id": self.id,
            "display_name": self.display_name,
            "created_at": self.created_at,
            "lifecycle": self.lifecycle,
            "deprecated_at": self.deprecated_at,
            "retires_at": self.retires_at,
            "line": None,
            "max_input_tokens": self.facts.max_input_tokens,
            "max_tokens": self.facts.max_output_tokens,
            "capabilities": self.capabilities,
        }


def models_for(key: ClientKeyConfig, snapshot: Snapshot) -> Mapping[str, Listed]:
    """Return by name the models that `key` may ask for, the newest first.

    Those with a row of their own at the provider that owns them, those of the shipped
    list that somebody owns, and the names rules give to others.
    """
    found: dict[str, Listed] = {}
    for listed in (*_of_rows(snapshot), *_shipped(snapshot)):
        found.setdefault(listed.id, listed)
    under_rules = {m.id: m for m in _of_rules(key, snapshot, found)}
    # A key that is answered under rules alone may ask for what they name.
    found = under_rules | found if not key.allowed_rules else under_rules
    found = {name: m for name, m in found.items() if key.may_ask(name)}
    newest_first = sorted(found.values(), key=lambda m: m.created_at, reverse=True)
    return {listed.id: listed for listed in newest_first}


def is_name(model: str) -> bool:
    """Whether a provider may be asked for `model` by its address.

    A name, and at most the one of who made the model before it: nothing a provider
    could take for another address, however often it decodes it.
    """
    words = model.split("/")
    named = all(_WORD_OF_A_NAME.fullmatch(word) and word.strip(".") for word in words)
    return named and len(words) <= 2


def page(models: Iterable[Listed], query: QueryDict) -> dict[str, Any]:
    """Return the page of `models` that `query` asks for.

    Raises InvalidRequest for a parameter that is not one.
    """
    stages = _lifecycles(query)
    found = [model for model in models if model.lifecycle in stages]
    limit = _limit(query)
    before, after = query.get("before_id"), query.get("after_id")
    if before is not None and after is not None:
        raise InvalidRequest("after_id: Not allowed together with before_id")
    if before is not None:
        found = found[: _position(found, before, "before_id")]
        shown = found[-limit:]
    else:
        start = 0 if after is None else _position(found, after, "after_id") + 1
        found = found[start:]
        shown = found[:limit]
    return {
        "data": [model.as_entry() for model in shown],
        "has_more": len(found) > limit,
        "first_id": shown[0].id if shown else None,
        "last_id": shown[-1].id if shown else None,
    }


def _of_rows(snapshot: Snapshot) -> Iterator[Listed]:
    for row in snapshot.models:
        if "*" in row.pattern.text:
            continue
        owner = owner_of(row.pattern.text, snapshot)
        if owner is not None and owner.provider.name == row.provider:
            yield _of_row(row, owner.facts)


def _of_row(row: KnownModel, facts: ModelFacts) -> Listed:
    return Listed(
        id=row.pattern.text,
        display_name=row.display_name or row.pattern.text,
        facts=facts,
        lifecycle=row.lifecycle or "active",
        created_at=row.released_at or EPOCH,
        deprecated_at=row.deprecated_at,
        retires_at=row.retires_at,
        capabilities=row.capabilities or None,
    )


def _shipped(snapshot: Snapshot) -> Iterator[Listed]:
    for model in model_table.shipped().models:
        owner = owner_of(model.name, snapshot)
        if owner is not None and owner.provider.kind in model_table.SHIPPED_FOR:
            yield Listed(
                id=model.name,
                display_name=model.display_name,
                facts=owner.facts,
                shipped=True,
            )


def _of_rules(
    key: ClientKeyConfig, snapshot: Snapshot, known: Mapping[str, Listed]
) -> Iterator[Listed]:
    """Yield the names rules give; each has the facts of the model that verifies."""
    for rule in snapshot.rules:
        name = rule.pattern.text
        if "*" in name or not rule.applies_to(name, key):
            continue
        verifier = owner_of(rule.verifier_model or name, snapshot)
        if verifier is None:
            continue
        model = known.get(verifier.model)
        yield Listed(
            id=name,
            display_name=name,
            facts=verifier.facts,
            lifecycle=model.lifecycle if model else "active",
            created_at=model.created_at if model else EPOCH,
            deprecated_at=model.deprecated_at if model else None,
            retires_at=model.retires_at if model else None,
            capabilities=model.capabilities if model else None,
        )


def owner_of(model: str, snapshot: Snapshot) -> Target | None:
    """Return who serves `model`; None when nobody does."""
    try:
        return target_for(model, snapshot)
    except ConfigurationError:
        return None


def _lifecycles(query: QueryDict) -> frozenset[str]:
    # SDKs write a list with brackets.
    asked = [*query.getlist("lifecycle"), *query.getlist("lifecycle[]")]
    if not set(asked) <= set(LIFECYCLES):
        raise InvalidRequest(
            "lifecycle: Input should be 'active', 'deprecated' or 'retired'"
        )
    return frozenset(asked) or USUAL_LIFECYCLES


def _limit(query: QueryDict) -> int:
    text = query.get("limit", str(DEFAULT_LIMIT))
    # A longer number is no limit, and would take long to read.
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InvalidRequest("limit: Input should be a valid integer")
    if not 1 <= int(text) <= MAX_LIMIT:
        raise InvalidRequest(f"limit: Input should be between 1 and {MAX_LIMIT}")
    return int(text)


def _position(models: Sequence[Listed], wanted: str, parameter: str) -> int:
    for position, model in enumerate(models):
        if model.id == wanted:
            return position
    raise InvalidRequest(f"{parameter}: No model with this ID is in the list")
