"""What is known of the models of a provider: rows about them, and the shipped list.

The rows come first: a row of that name, then the most specific pattern that says
anything, then the shipped list for providers that run Claude models.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from routing.config import FactsOf, KnownModel, Pattern
from routing.facts import UNKNOWN, ModelFacts, read_facts
from routing.types import ProviderConfig

if TYPE_CHECKING:
    from routing.models import UpstreamModel

SHIPPED_PATH = Path(__file__).parent / "data" / "models.json"
SHIPPED_FOR = ("anthropic", "simulator")
# Names are what clients write, so there may be any number of them.
REMEMBERED_MODELS = 1_024


class ShippedModel(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """One model of the shipped list; what its sources do not say is left out.

    `dated` are the names with a date that `name` stands for.
    """

    name: str
    display_name: str
    dated: tuple[str, ...] = ()
    max_input_tokens: int | None = None
    max_output_tokens: int | None = None
    thinking: frozenset[str] | None = None
    efforts: tuple[str, ...] | None = None
    sampling: bool | None = None
    forced_tool_choice: bool | None = None
    prefill: bool | None = None

    @property
    def facts(self) -> ModelFacts:
        """What the list says of it."""
        return ModelFacts(
            max_input_tokens=self.max_input_tokens,
            max_output_tokens=self.max_output_tokens,
            thinking=self.thinking,
            efforts=self.efforts,
            sampling=self.sampling,
            forced_tool_choice=self.forced_tool_choice,
            prefill=self.prefill,
        )


class ShippedList(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """The file: where it was read, when, and the models."""

    sources: tuple[str, ...]
    taken_on: str
    models: tuple[ShippedModel, ...]


@cache
def shipped() -> ShippedList:
    """Return the shipped list, read once. Raises OSError or msgspec.MsgspecError."""
    return msgspec.json.decode(SHIPPED_PATH.read_bytes(), type=ShippedList)


def shipped_facts(model: str) -> ModelFacts:
    """Return what the shipped list says of `model`; nothing for other models."""
    return _shipped_by_name().get(model, UNKNOWN)


@cache
def _shipped_by_name() -> Mapping[str, ModelFacts]:
    return {
        name: entry.facts
        for entry in shipped().models
        for name in (entry.name, *entry.dated)
    }


def known_models(
    rows: Iterable[UpstreamModel], provider_names: Mapping[int, str]
) -> tuple[KnownModel, ...]:
    """Return `rows` as the hot path reads them, names before patterns. No query.

    A row of a provider that is not named is left out: it came while we read.
    """
    found = [
        KnownModel(
            provider=provider_names[row.provider_id],
            pattern=Pattern(row.name),
            facts=read_facts(
                row.capabilities,
                row.parameter_rules,
                max_input_tokens=row.max_input_tokens,
                max_output_tokens=row.max_output_tokens,
            ),
            display_name=row.display_name,
            lifecycle=row.lifecycle,
            capabilities=row.capabilities,
            released_at=row.released_at,
            deprecated_at=row.deprecated_at,
            retires_at=row.retires_at,
        )
        for row in rows
        if row.provider_id in provider_names
    ]
    return tuple(sorted(found, key=_most_specific_first))


def lookup(models: Iterable[KnownModel]) -> FactsOf:
    """Return what tells the facts of any model of a provider, by `models`.

    Cost: a pass over the provider's rows for a name that was not asked for lately.
    """
    by_provider: dict[str, list[KnownModel]] = {}
    for known in models:
        if known.facts != UNKNOWN:
            by_provider.setdefault(known.provider, []).append(known)

    @lru_cache(maxsize=REMEMBERED_MODELS)
    def resolved(provider: str, kind: str, model: str) -> ModelFacts:
        told = _told(by_provider.get(provider, ()), model)
        return told.or_else(shipped_facts(model)) if kind in SHIPPED_FOR else told

    def facts_of(provider: ProviderConfig, model: str) -> ModelFacts:
        return resolved(provider.name, provider.kind, model)

    return facts_of


def _told(known: Iterable[KnownModel], model: str) -> ModelFacts:
    """What the rows say: the one of that name, and the first pattern it fits."""
    told = UNKNOWN
    for row in known:
        if row.pattern.matches(model):
            told = told.or_else(row.facts)
            if "*" in row.pattern.text:
                break
    return told


def _most_specific_first(known: KnownModel) -> tuple[bool, int, str, str]:
    exact, literal = known.pattern.specificity
    return (not exact, -literal, known.pattern.text, known.provider)
