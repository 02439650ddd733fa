"""What holds for a model, in words: its row's facts and what stands behind them."""

from __future__ import annotations

from dataclasses import asdict

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from routing import model_table
from routing.facts import ModelFacts
from routing.models import UpstreamModel
from routing.types import ProviderConfig

OF_NAMES = "Of a name that fits this pattern the shipped list may know more."


def what_holds(row: UpstreamModel) -> SafeString:
    """Return every fact that holds for the model of `row`, then what is not known.

    As the hot path takes it: from this row, else the provider's most specific pattern,
    else the shipped list. Of a pattern it is what the pattern itself says. One query.
    """
    told = {name: _in_words(value) for name, value in asdict(_facts(row)).items()}
    known = [(_label(name), words) for name, words in told.items() if words]
    unknown = ", ".join(_label(name) for name, words in told.items() if not words)
    return format_html(
        '<dl class="what-holds">{}</dl>{}{}',
        format_html_join("", "<div><dt>{}</dt><dd>{}</dd></div>", known),
        f"Not known: {unknown}." if unknown else "",
        f" {OF_NAMES}" if "*" in row.name and _is_shipped_for(row) else "",
    )


def _facts(row: UpstreamModel) -> ModelFacts:
    provider = row.provider
    rows = model_table.known_models(
        provider.models.all(), {row.provider_id: provider.name}
    )
    config = ProviderConfig(
        name=provider.name,
        kind=provider.kind,
        base_url=provider.base_url,
    )
    return model_table.lookup(rows)(config, row.name)


def _is_shipped_for(row: UpstreamModel) -> bool:
    return row.provider.kind in model_table.SHIPPED_FOR


def _label(name: str) -> str:
    return name.replace("_", " ")


def _in_words(value: object) -> str:
    """Return a fact as people write it, "" when it is not known."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, frozenset):
        return ", ".join(sorted(value)) or "none"
    return ", ".join(value) if isinstance(value, tuple) and value else "none"
