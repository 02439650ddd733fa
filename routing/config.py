"""Configuration as the hot path reads it: frozen values, copied from rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from metrics.price_book import PriceBook
from routing.types import ProviderConfig, RuleTerms


@dataclass(frozen=True, slots=True)
class Pattern:
    """A model name, or a name with `*` for any run of characters."""

    text: str

    def matches(self, model: str) -> bool:
        """Whether `model` is this name or fits this pattern, whole.

        Cost: one pass over `model`; a regular expression would try every way to
        share it out among the stars.
        """
        if "*" not in self.text:
            return model == self.text
        start, *middle, end = self.text.split("*")
        if not model.startswith(start):
            return False
        position = len(start)
        for part in middle:
            found = model.find(part, position)
            if found < 0:
                return False
            position = found + len(part)
        return model.endswith(end) and len(model) - len(end) >= position

    @property
    def specificity(self) -> tuple[bool, int]:
        """Larger for a name than a pattern, then for more literal characters."""
        return ("*" not in self.text, len(self.text.replace("*", "")))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientKeyConfig:
    """Who calls: what the hot path knows of a client key."""

    id: int | None
    name: str
    prefix: str
    tag: str
    expires_at: datetime | None = None

    def expired(self, now: datetime) -> bool:
        """Whether the key no longer works at `now`."""
        return self.expires_at is not None and self.expires_at <= now


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleConfig:
    """A rule as the hot path reads it."""

    pattern: Pattern
    draft_model: str
    verifier_model: str
    client_key_id: int | None
    tag: str
    terms: RuleTerms

    def applies_to(self, model: str, key: ClientKeyConfig) -> bool:
        """Whether a request of `key` for `model` is cascaded by this rule."""
        return (
            (self.client_key_id is None or self.client_key_id == key.id)
            and (not self.tag or self.tag == key.tag)
            and model != self.draft_model
            and self.pattern.matches(model)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedPattern:
    """A pattern of models and the provider that serves them."""

    pattern: Pattern
    provider: ProviderConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The configuration as of one version; `rules` and `patterns` are in order."""

    version: int
    rules: tuple[RuleConfig, ...]
    patterns: tuple[OwnedPattern, ...]
    keys: Mapping[str, ClientKeyConfig] = field(repr=False)
    prices: PriceBook = field(repr=False)

    @property
    def simulated(self) -> bool:
        """Whether a simulator serves any model."""
        return any(owned.provider.simulated for owned in self.patterns)
