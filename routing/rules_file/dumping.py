"""The database as a file of rules. Secrets never leave: references do."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import yaml

from routing.models import CascadeRule, ClientKey, Provider, UpstreamModel
from routing.validators import header_lines

HEADER = """\
# Written by `manage.py dump_rules`; `manage.py load_rules` reads it back.
# Keys are not in this file: providers' keys are references, a stored one stays where
# it is, and of client keys only digests exist.
"""
RULE_FIELDS = {
    "name": "name",
    "enabled": "enabled",
    "priority": "priority",
    "request_model": "request_model",
    "draft_model": "draft_model",
    "verifier_model": "verifier_model",
    "quality_threshold": "threshold",
    "prior": "prior",
    "tag": "tag",
    "tools": "tools",
    "streaming": "streaming",
    "subagents": "subagents",
    "min_prompt_tokens": "min_prompt_tokens",
    "max_prompt_tokens": "max_prompt_tokens",
    "headers": "headers",
    "rollout_percent": "rollout_percent",
    "draft_timeout_s": "draft_timeout_s",
    "latency": "latency",
    "slow_draft_s": "slow_draft_s",
    "clamp_max_tokens": "clamp_max_tokens",
    "economics": "economics",
    "fallback_model": "fallback_model",
    "on_verifier_error": "on_verifier_error",
    "response_model": "response_model",
    "mode": "mode",
    "second_model": "second_model",
    "second_when": "second_when",
    "judge_model": "judge_model",
    "judge_when": "judge_when",
    "shadow_percent": "shadow_percent",
    "shadow_per_day": "shadow_per_day",
    "shadow_quiet_hours": "shadow_quiet_hours",
    "check_budget_percent": "check_budget_percent",
    "max_harm_percent": "max_harm_percent",
    "certificate_confidence": "certificate_confidence",
    "on_lapse": "on_lapse",
    "store_text": "store_text",
    "store_text_percent": "store_text_percent",
    "notes": "notes",
}
PROVIDER_FIELDS = (
    "name",
    "kind",
    "base_url",
    "enabled",
    "priority",
    "takes_client_credentials",
    "quirks",
)
ALWAYS = {"name", "kind", "base_url", "request_model", "draft_model", "threshold"}


def dump() -> str:
    """Return every rule and provider as YAML; the same database gives the same text."""
    rules = CascadeRule.objects.select_related("client_key")
    providers = Provider.objects.prefetch_related("models")
    names = ", ".join(ClientKey.objects.values_list("name", flat=True))
    return (
        HEADER
        + (f"# Client keys here: {names}.\n" if names else "")
        + "\ncascade_rules:"
        + _listing(_yaml([_rule(rule)]) for rule in rules)
        + "\nproviders:"
        + _listing(_provider(provider) for provider in providers)
    )


def _rule(rule: CascadeRule) -> dict[str, Any]:
    said = _said(rule, RULE_FIELDS)
    if rule.client_key is not None:
        said["key"] = rule.client_key.name
    if rule.headers:
        said["headers"] = _headers(rule.headers)
    return said


def _headers(lines: str) -> dict[str, Any]:
    patterns: dict[str, list[str]] = {}
    for name, pattern in header_lines(lines):
        patterns.setdefault(name, []).append(pattern)
    return {name: p if len(p) > 1 else p[0] for name, p in patterns.items()}


def _provider(provider: Provider) -> str:
    said = _said(provider, {name: name for name in PROVIDER_FIELDS})
    if provider.private_allowed:
        said["private"] = True
    models = [_model(model) for model in provider.models.all()]
    return _yaml([said]) + _key(provider) + _indented(_yaml({"models": models}))


def _model(model: UpstreamModel) -> str | dict[str, Any]:
    if model.enabled and not model.display_name:
        return model.name
    names = ("name", "display_name", "enabled")
    return _said(model, {name: name for name in names})


def _key(provider: Provider) -> str:
    kind, _, where = provider.key_reference.partition(":")
    if kind == "env":
        return f'  api_key: "${{{where}}}"\n'
    if kind == "file":
        return f"  api_key: {_quoted(provider.key_reference)}\n"
    if provider.key_encrypted:
        hint = f", ends in {provider.key_last4}" if provider.key_last4 else ""
        return f"  api_key: null  # stored encrypted{hint}; loading null leaves it\n"
    return ""


def _said(row: Any, fields: dict[str, str]) -> dict[str, Any]:
    # What is at its default goes without saying, but for what a reader looks for.
    return {
        name: getattr(row, attribute)
        for name, attribute in fields.items()
        if attribute in ALWAYS
        or getattr(row, attribute) != row._meta.get_field(attribute).get_default()
    }


def _listing(entries: Iterable[str]) -> str:
    text = "".join(_indented(entry) for entry in entries)
    return f"\n{text}" if text else " []\n"


class _Dumper(yaml.SafeDumper):
    """Escapes the line ends of Unicode, which would be read back as spaces."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if any(end in text for end in "\x85\u2028\u2029") else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _yaml(value: Any) -> str:
    return str(
        yaml.dump(
            value,
            Dumper=_Dumper,
            sort_keys=False,
            allow_unicode=True,
            width=math.inf,
        )
    )


def _quoted(text: str) -> str:
    return str(yaml.safe_dump(text, default_style='"', width=math.inf)).strip()


def _indented(text: str) -> str:
    return "".join(f"  {line}\n" for line in text.rstrip("\n").split("\n"))
