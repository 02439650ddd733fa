"""`python -m tests.clients.provision URL`: the database of a stack for real clients.

Run in a process of its own with the stack's environment; prints the keys as JSON. All
models are answered by the upstream at URL. A key's tag decides what the cascade does
to it, so that every client can ask for the same model.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from decimal import Decimal

import django
from django.core.management import call_command

DRAFT, VERIFIER = "claude-haiku-5-5", "claude-opus-5-5"
MODES = ("off", "accepting", "escalating")
# Drafts by what they are for. One that fails again and again is skipped for a while,
# and that must not reach into other tests.
DRAFTS = {
    "": DRAFT,
    "faults": "draft-of-faults",
    "storm": "draft-of-storm",
    "gust": "draft-of-gust",
    "cut": "draft-of-cut",
}
PRIORS = {"accepting": 0.85, "escalating": 0.45}
# Rules learn from their escalations: no confidence they may come to reaches this.
THRESHOLDS = {"accepting": 0.7, "escalating": 1.0}
SUBAGENTS = "subagents"
# The key of the guide: under a rule, and not allowed to choose who answers.
GUIDE = "guide"
# Keys whose budget no request fits into.
SPENT = "spent"
KEYS_OF_EACH = 16


def main(upstream_url: str) -> None:
    """Migrate, add prices, the provider, rules and keys; no defaults come later."""
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("load_prices", stdout=sys.stderr)
    from routing import models  # noqa: PLC0415  after setup

    models.Installation.objects.create(pk=1, defaults_loaded=True)
    provider = models.Provider(
        name="main", kind="anthropic", base_url=upstream_url, private_allowed=True
    )
    provider.set_key("sk-ant-the-providers-own-key")
    provider.save()
    provider.models.create(name="*")
    asked = {"request_model": f"{VERIFIER}*"}
    for purpose, draft in DRAFTS.items():
        for mode, prior in PRIORS.items():
            tag = tag_of(purpose, mode)
            terms = {"draft_model": draft, "prior": prior, **asked}
            terms["threshold"] = THRESHOLDS[mode]
            models.CascadeRule.objects.create(
                name=f"rule-{tag}", tag=tag, economics=False, **terms
            )
    for name, terms in {SUBAGENTS: {"subagents": "only"}, GUIDE: {}}.items():
        terms |= {"draft_model": DRAFT, **asked}
        models.CascadeRule.objects.create(name=name, tag=name, economics=False, **terms)
    keys = {
        name: models.ClientKey.issue(
            name,
            tag=tag,
            may_force=tag != GUIDE,
            usd_per_day=Decimal("0.0001") if tag == SPENT else None,
        )[1]
        for tag, name in _names()
    }
    sys.stdout.write(json.dumps(keys))


def tag_of(purpose: str, mode: str) -> str:
    """Return the tag of keys for a purpose; no rule has it when the mode is off."""
    return f"{purpose}-{mode}"


def _names() -> Iterator[tuple[str, str]]:
    tags = [tag_of(purpose, mode) for purpose in DRAFTS for mode in MODES]
    for tag in [*tags, SUBAGENTS, GUIDE, SPENT]:
        for number in range(KEYS_OF_EACH):
            yield tag, f"{tag}:{number}"


if __name__ == "__main__":
    main(sys.argv[1])
