"""Configuration as the hot path reads it: frozen values, copied from rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from metrics.price_book import PriceBook
from metrics.stakes import LearnedByRule
from routing.facts import UNKNOWN, ModelFacts
from routing.limits.terms import NO_LIMITS, KeyLimits, Spent
from routing.quality.knowledge import Knowledge, OnLapse
from routing.rule_terms import RuleTerms
from routing.types import ProviderConfig, When

Tools = Literal["any", "with", "without"]
Streaming = Literal["any", "streamed", "whole"]
Subagents = Literal["any", "only", "never"]
RuleMode = Literal["observe", "guarded", "certified"]


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
    """Who calls: what the hot path knows of a client key.

    `allowed_models` are names clients ask for, `allowed_rules` the names of rules it
    may be answered under, and then it is answered under no other and never without
    one; () allows all.
    """

    id: int | None
    name: str
    prefix: str
    tag: str
    expires_at: datetime | None = None
    may_force: bool = False
    account_access: bool = False
    allowed_models: tuple[Pattern, ...] = ()
    allowed_rules: tuple[Pattern, ...] = ()
    limits: KeyLimits = NO_LIMITS

    def may_ask(self, model: str) -> bool:
        """Whether its requests may name `model`."""
        return _fits(model, self.allowed_models)

    def may_use(self, rule: str) -> bool:
        """Whether its requests may be answered under `rule`."""
        return _fits(rule, self.allowed_rules)

    def expired(self, now: datetime) -> bool:
        """Whether the key no longer works at `now`."""
        return self.expires_at is not None and self.expires_at <= now


def _fits(name: str, allowed: tuple[Pattern, ...]) -> bool:
    return not allowed or any(pattern.matches(name) for pattern in allowed)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleConditions:
    """What a request must be like beside its model and key; all of it must hold.

    `headers` are names in lower case with patterns. Token limits are of the estimated
    prompt and include their ends; None sets none.
    """

    tools: Tools = "any"
    streaming: Streaming = "any"
    subagents: Subagents = "any"
    min_prompt_tokens: int | None = None
    max_prompt_tokens: int | None = None
    headers: tuple[tuple[str, Pattern], ...] = ()
    rollout_percent: float = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidingConfig:
    """How drafts of a rule are judged; models by name, "" for none."""

    mode: RuleMode = "guarded"
    on_lapse: OnLapse = "guarded"
    second_model: str = ""
    second_when: When = "off"
    judge_model: str = ""
    judge_when: When = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleConfig:
    """A rule as the hot path reads it."""

    pattern: Pattern
    draft_model: str
    verifier_model: str
    client_key_id: int | None
    tag: str
    terms: RuleTerms
    fallback_model: str = ""
    conditions: RuleConditions = RuleConditions()
    economics: bool = True
    deciding: DecidingConfig = DecidingConfig()

    def applies_to(self, model: str, key: ClientKeyConfig) -> bool:
        """Whether a request of `key` for `model` is cascaded by this rule."""
        return (
            (self.client_key_id is None or self.client_key_id == key.id)
            and (not self.tag or self.tag == key.tag)
            and model != self.draft_model
            and self.pattern.matches(model)
            and key.may_use(self.terms.name)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedPattern:
    """A pattern of models and the provider that serves them."""

    pattern: Pattern
    provider: ProviderConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownModel:
    """A row about models of a provider: a name or a pattern, and what is known."""

    provider: str
    pattern: Pattern
    facts: ModelFacts
    display_name: str = ""
    lifecycle: str = ""
    capabilities: Mapping[str, object] = field(default_factory=dict, hash=False)
    released_at: datetime | None = None
    deprecated_at: datetime | None = None
    retires_at: datetime | None = None


class FactsOf(Protocol):
    """Tells what is known of any model of a provider, listed or not."""

    def __call__(self, provider: ProviderConfig, model: str) -> ModelFacts:
        """Return what holds for `model`; nothing known is an answer too."""


def nothing_known(provider: ProviderConfig, model: str) -> ModelFacts:
    """Return that nothing is known, of any model."""
    del provider, model
    return UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The configuration as of one version; `rules` and `patterns` are in order.

    `models` are the rows about models, names before patterns, those of providers or
    models that are switched off too; `facts_of` tells what they come to. `learned` is
    up to a minute older, and so is `spent`: what keys with a budget spent of real
    (False) and simulated (True) money, by name; `knowledge` is what labels taught, by
    rule; `private_hosts` may lie in a private network.
    """

    version: int
    rules: tuple[RuleConfig, ...]
    patterns: tuple[OwnedPattern, ...]
    keys: Mapping[str, ClientKeyConfig] = field(repr=False)
    prices: PriceBook = field(repr=False)
    models: tuple[KnownModel, ...] = field(default=(), repr=False)
    facts_of: FactsOf = field(default=nothing_known, repr=False, compare=False)
    cascade_on: bool = True
    private_hosts: frozenset[str] = frozenset()
    learned: LearnedByRule = field(default_factory=dict, repr=False, compare=False)
    knowledge: Mapping[str, Knowledge] = field(
        default_factory=dict, repr=False, compare=False
    )
    spent: Mapping[tuple[str, bool], Spent] = field(
        default_factory=dict, repr=False, compare=False
    )

    @property
    def simulated(self) -> bool:
        """Whether a simulator serves any model."""
        return any(owned.provider.simulated for owned in self.patterns)
