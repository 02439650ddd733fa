"""Who is asked: a provider, the keys it may be asked with, and a model of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from routing.facts import UNKNOWN, ModelFacts
from routing.native import Dialect
from routing.quirks import USUAL, Quirks

# The keys of `routing.providers.ADAPTERS`.
ProviderKind = str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountKey:
    """One of several keys of a provider. `secret` is never logged or shown.

    `id` tells keys apart, by what they are; `weight` is its share, 1 at least.
    """

    id: str
    name: str
    secret: str = field(repr=False)
    weight: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderConfig:
    """A provider as configured. `api_key` is the secret itself: never log or show it.

    `keys` are all of them where there are several, the one of `api_key` first.

    `trouble` says what an operator must mend before it can be called; "" when nothing.
    `takes_client_credentials`: whether a client's own key may be sent there. A lower
    `priority` goes first. `dialect` is the API it speaks, `quirks` how it differs from
    others that do.
    """

    name: str
    kind: ProviderKind
    base_url: str
    api_key: str = field(default="", repr=False)
    keys: tuple[AccountKey, ...] = field(default=(), repr=False)
    trouble: str = ""
    takes_client_credentials: bool = False
    priority: int = 0
    dialect: Dialect = "anthropic"
    quirks: Quirks = USUAL

    @property
    def simulated(self) -> bool:
        """Whether its answers and money are not real."""
        return self.kind == "simulator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A model at a provider: where a call goes, and what is known of the model.

    `account` is the id of the key it is asked with, "" where there is one alone.
    """

    provider: ProviderConfig
    model: str
    facts: ModelFacts = UNKNOWN
    account: str = ""
