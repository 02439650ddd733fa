"""Configuration for tests, as the hot path reads it; no database."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from metrics.price_book import PriceBook, PriceRow
from metrics.types import Price
from routing.config import (
    ClientKeyConfig,
    OwnedPattern,
    Pattern,
    RuleConfig,
    Snapshot,
)
from routing.types import ProviderConfig
from tests.builders import DRAFT, VERIFIER, make_terms

ACME = ClientKeyConfig(id=1, name="acme", prefix="cp_live_Ab12Cd34", tag="")
GLOBEX = ClientKeyConfig(id=2, name="globex", prefix="cp_live_Ef56Gh78", tag="research")


def make_provider(name: str = "main", **changes: Any) -> ProviderConfig:
    values = {"name": name, "kind": "anthropic", "base_url": f"http://{name}.test"}
    return ProviderConfig(**values | changes)


def make_owned(pattern: str = "*", provider: str | ProviderConfig = "main"):
    if isinstance(provider, str):
        provider = make_provider(provider)
    return OwnedPattern(pattern=Pattern(pattern), provider=provider)


def make_rule(pattern: str = VERIFIER, **changes: Any) -> RuleConfig:
    values = {
        "pattern": Pattern(pattern),
        "draft_model": DRAFT,
        "verifier_model": "",
        "client_key_id": None,
        "tag": "",
        "terms": make_terms(),
    }
    return RuleConfig(**values | changes)


def make_snapshot(**changes: Any) -> Snapshot:
    values = {
        "version": 1,
        "rules": (),
        "patterns": (make_owned(),),
        "keys": {},
        "prices": make_prices(),
    }
    return Snapshot(**values | changes)


def make_prices(
    *models: str, tariff: str = "", web_search_nusd: int | None = None
) -> PriceBook:
    """The draft costs 1 and 5 dollars per million tokens, the verifier ten times it."""
    dollars = {DRAFT: 1, VERIFIER: 10}
    return PriceBook(
        PriceRow(
            provider="",
            model=model,
            valid_from=date(2026, 1, 1),
            above_prompt_tokens=0,
            price=replace(make_price(dollars[model]), web_search_nusd=web_search_nusd),
            tariff=tariff,
        )
        for model in models or dollars
    )


def make_price(dollars: int) -> Price:
    """A price in whole dollars per million input tokens, output five times it."""
    nusd = dollars * 1_000_000_000
    return Price(
        input_nusd=nusd,
        output_nusd=5 * nusd,
        cache_read_nusd=nusd // 10,
        cache_write_5m_nusd=nusd * 5 // 4,
        cache_write_1h_nusd=2 * nusd,
    )
