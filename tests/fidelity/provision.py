"""`python -m tests.fidelity.provision URL`: fills the database; prints the keys.

Everything is answered by the recording upstream at URL. A model `accepting-x` falls
under a rule that accepts a draft no veto touched, `escalating-x` under one that does
not; rows with terms of their own have rules of their own.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import django
from django.core.management import call_command

from tests.fidelity.case import DRAFT, Case, Way
from tests.fidelity.table import FORWARDED

PROVIDER_KEY = "sk-ant-the-providers-own-key"
FOREIGN_KEY = "sk-ant-of-somebody-else"
PRIORS: dict[Way, float] = {"accepting": 0.85, "escalating": 0.45}
# Rules learn from their escalations: no confidence they may come to reaches this.
THRESHOLDS: dict[Way, float] = {"accepting": 0.7, "escalating": 1.0}
# What drafts cannot take. `other-*` belongs to another provider.
FACTS: dict[str, dict[str, Any]] = {
    "draft-short": {"max_input_tokens": 1000, "max_output_tokens": 2000},
    "draft-blind": {
        "capabilities": {
            "image_input": {"supported": False},
            "pdf_input": {"supported": False},
            "structured_outputs": {"supported": False},
            "server_tools": {"supported": False},
        }
    },
    "draft-no-prefill": {"parameter_rules": {"prefill": False}},
    "draft-prefill": {"parameter_rules": {"prefill": True}},
    "draft-old": {
        "capabilities": {
            "effort": {
                "supported": True,
                "low": {"supported": True},
                "high": {"supported": True},
            }
        },
        "parameter_rules": {"sampling": False, "forced_tool_choice": False},
    },
}


def main(upstream_url: str) -> None:
    """Migrate; add providers, models, rules and the keys `acme` and `globex`."""
    django.setup()
    call_command("migrate", verbosity=0)
    from routing import models  # noqa: PLC0415  after setup

    for name, key, served in (
        ("main", PROVIDER_KEY, {"*": {}, **FACTS}),
        ("other", FOREIGN_KEY, {"other-*": {}}),
    ):
        # Of two providers the first has the account: by priority, then by name.
        provider = models.Provider(
            name=name, kind="anthropic", base_url=upstream_url, private_allowed=True
        )
        provider.set_key(key)
        provider.save()
        for model, facts in served.items():
            provider.models.create(name=model, **facts)
    for way, prior in PRIORS.items():
        models.CascadeRule.objects.create(
            name=way,
            request_model=f"{way}-*",
            draft_model=DRAFT,
            prior=prior,
            threshold=THRESHOLDS[way],
            economics=False,  # it would pause a rule whose drafts are all rejected
        )
    models.CascadeRule.objects.bulk_create(
        models.CascadeRule(**_own_rule(case, way))
        for case in FORWARDED
        if case.own_rule
        for way in PRIORS
    )
    _, acme = models.ClientKey.issue("acme")
    _, globex = models.ClientKey.issue("globex", may_force=True, account_access=True)
    sys.stdout.write(json.dumps({"acme": acme, "globex": globex}))


def _own_rule(case: Case, way: Way) -> dict[str, Any]:
    return {
        "name": case.requested(way),
        "request_model": case.requested(way),
        "draft_model": case.draft_model,
        "prior": PRIORS[way],
        "threshold": THRESHOLDS[way],
    } | case.terms


if __name__ == "__main__":
    main(sys.argv[1])
