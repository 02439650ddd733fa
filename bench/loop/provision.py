"""`python -m bench.loop.provision URL`: fills the database of a loop; prints its key.

Three kinds of traffic, each with a rule and three models of its own name.
"""

from __future__ import annotations

import sys
from datetime import date

import django
import msgspec
from django.apps import apps
from django.core.management import call_command

# Without a second opinion good and poor drafts are told apart by labels alone.
RULES = {
    "good": {"second_model": ""},
    "poor": {"second_model": ""},
    "steady": {
        "second_model": "steady-second",
        "mode": "certified",
        "on_lapse": "observe",
        "max_harm_percent": 30.0,
    },
}
# Dollars a million tokens, read and written.
PRICES = {"draft": ("0.25", "1.25"), "second": ("0.15", "0.6"), "verifier": (3, 15)}


def main(upstream_url: str) -> None:
    """Migrate; add the upstream as provider, prices, the rules and a key."""
    django.setup()
    call_command("migrate", verbosity=0)
    provider = apps.get_model("routing.Provider")(
        name="loop", kind="anthropic", base_url=upstream_url, private_allowed=True
    )
    provider.set_key("sk-ant-loop")
    provider.save()
    provider.models.create(name="*")
    for name, terms in RULES.items():
        _add(name, terms)
    _, key = apps.get_model("routing.ClientKey").issue("acme")
    sys.stdout.write(msgspec.json.encode({"acme": key}).decode())


def _add(name: str, terms: dict[str, object]) -> None:
    usual = {
        "request_model": f"{name}-verifier",
        "draft_model": f"{name}-draft",
        "shadow_percent": 100.0,
        "shadow_per_day": 100_000,
        "check_budget_percent": 100.0,
        "economics": False,
    }
    apps.get_model("routing.CascadeRule").objects.create(name=name, **usual | terms)
    for role, (read, written) in PRICES.items():
        apps.get_model("metrics.ModelPrice").objects.create(
            model=f"{name}-{role}",
            valid_from=date(2020, 1, 1),
            input_usd=read,
            output_usd=written,
            cache_read_usd=0,
            cache_write_5m_usd=0,
            cache_write_1h_usd=0,
        )


if __name__ == "__main__":
    main(sys.argv[1])
