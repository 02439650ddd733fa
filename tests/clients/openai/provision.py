"""`python -m tests.clients.openai.provision URL`: a stack for OpenAI's clients.

Run in a process of its own with the stack's environment; prints the keys as JSON. One
provider of each dialect is the upstream at URL. A key's tag says which pair of models
answers, and what the cascade does to it.
"""

from __future__ import annotations

import json
import sys

import django
from django.core.management import call_command

# Who is asked for, and who drafts, by what lies between them. No name says that its
# model is a small one, which the simulator would let fail.
PAIRS = {
    "same": ("gpt-last", "gpt-first"),
    "to_claude": ("claude-last", "gpt-first"),
    "from_claude": ("gpt-last", "claude-first"),
}
PRIORS = {"accepting": 0.85, "escalating": 0.45}
MODES = ("off", *PRIORS)


def main(upstream_url: str) -> None:
    """Migrate, add both providers, a rule for each pair and mode, and the keys."""
    django.setup()
    call_command("migrate", verbosity=0)
    from routing import models  # noqa: PLC0415  after setup

    models.Installation.objects.create(pk=1, defaults_loaded=True)
    for name, kind, pattern in (
        ("claude", "anthropic", "claude*"),
        ("gpt", "openai", "gpt*"),
    ):
        row = models.Provider(
            name=name, kind=kind, base_url=upstream_url, private_allowed=True
        )
        row.set_key("sk-of-the-provider")
        row.save()
        row.models.create(name=pattern)
    keys = {}
    for pair, (asked, draft) in PAIRS.items():
        for mode in MODES:
            tag = f"{pair}-{mode}"
            if mode in PRIORS:
                models.CascadeRule.objects.create(
                    name=tag,
                    tag=tag,
                    request_model=asked,
                    draft_model=draft,
                    prior=PRIORS[mode],
                    economics=False,
                )
            keys[tag] = models.ClientKey.issue(tag, tag=tag)[1]
    sys.stdout.write(json.dumps(keys))


if __name__ == "__main__":
    main(sys.argv[1])
