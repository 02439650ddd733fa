"""`python -m bench.prepare URL`: fills the database of a bench; prints its client key.

Run in a process of its own with the environment of the proxy that will serve.
"""

from __future__ import annotations

import sys
from datetime import date

import django
from django.apps import apps
from django.core.management import call_command

from bench import wire


def main(upstream_url: str) -> None:
    """Migrate; add prices, the upstream as provider, a rule per model and a key."""
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("load_prices", stdout=sys.stderr)
    _add_price()
    provider = apps.get_model("routing.Provider")(
        name="bench", kind="anthropic", base_url=upstream_url
    )
    provider.set_key("sk-ant-bench")
    provider.save()
    provider.models.create(name="*")
    for model in wire.models():
        apps.get_model("routing.CascadeRule").objects.create(
            name=model,
            request_model=wire.RULED + model,
            draft_model=wire.DRAFT + model,
        )
    _, key = apps.get_model("routing.ClientKey").issue("bench")
    sys.stdout.write(key)


def _add_price() -> None:
    apps.get_model("metrics.ModelPrice").objects.create(
        model="*",
        valid_from=date(2020, 1, 1),
        input_usd=3,
        output_usd=15,
        cache_read_usd="0.3",
        cache_write_5m_usd="3.75",
        cache_write_1h_usd=6,
    )


if __name__ == "__main__":
    main(sys.argv[1])
