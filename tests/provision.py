"""`python -m tests.provision URL`: fills the database of a stack; prints its keys.

Run in a process of its own with the stack's environment. Every model but those of the
rules below passes through; all are answered by the upstream at URL.
"""

from __future__ import annotations

import json
import sys

import django
from django.core.management import call_command

# Rules by name; a model `NAME-anything` falls under the rule NAME.
RULES = {
    "cascade": {},
    "doubt": {"prior": 0.45},
    "standin": {"prior": 0.45, "on_verifier_error": "return_draft"},
    "served": {"response_model": "served"},
    "hasty": {"draft_timeout_s": 0.4},
    "balanced": {"latency": "balanced", "slow_draft_s": 0.2},
    "unlikely": {"latency": "balanced", "prior": 0.45},
    "alias": {"prior": 0.45, "verifier_model": "verifier-large"},
    "tagged": {"tag": "research"},
    "edited": {},
    "claude": {},
}
UPSTREAM_KEY = "sk-ant-the-providers-own-key"


def main(upstream_url: str) -> None:
    """Migrate, add providers, rules and the keys `acme` and `globex` (research)."""
    django.setup()
    call_command("migrate", verbosity=0)
    from routing import models  # noqa: PLC0415  after setup

    provider = models.Provider(
        name="main",
        kind="anthropic",
        base_url=upstream_url,
        private_allowed=True,
        takes_client_credentials=True,
    )
    provider.set_key(UPSTREAM_KEY)
    provider.save()
    provider.models.create(name="*")
    simulator = models.Provider.objects.create(
        name="simulator", kind="simulator", base_url=upstream_url
    )
    simulator.models.create(name="simulated-*")
    elsewhere = models.Provider(name="elsewhere", kind="openai", base_url=upstream_url)
    elsewhere.set_key(UPSTREAM_KEY)
    elsewhere.save()
    elsewhere.models.create(name="gpt*")
    for name, terms in RULES.items():
        models.CascadeRule.objects.create(
            name=name,
            request_model=f"{name}-*",
            draft_model="draft-small",
            economics=False,  # a rule whose drafts are all rejected would pause
            **terms,
        )
    _, acme = models.ClientKey.issue("acme")
    _, globex = models.ClientKey.issue("globex", tag="research")
    sys.stdout.write(json.dumps({"acme": acme, "globex": globex}))


if __name__ == "__main__":
    main(sys.argv[1])
