"""`python -m tests.browser.provision URL`: a site that has something to show.

A fortnight of made-up traffic, the rules it is about, and a row of every kind that
admin lists. The model providers are at URL; nothing asks them.
"""

from __future__ import annotations

import json
import sys

import django
from django.core.management import call_command

USER, PASSWORD = "operator", "walks-every-page"
RULES = ("claude-opus-5-5", "claude-sonnet-5-5")


def main(upstream_url: str) -> None:
    """Migrate and fill the database; prints the keys of clients."""
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("demo", days=14, per_day=60, stdout=sys.stderr)
    from django.contrib.auth import get_user_model  # noqa: PLC0415  after setup
    from django.contrib.auth.models import Group  # noqa: PLC0415

    from routing import models  # noqa: PLC0415

    get_user_model().objects.create_superuser(USER, password=PASSWORD)
    Group.objects.create(name="accountants")
    provider = models.Provider.objects.create(
        name="simulator", kind="simulator", base_url=upstream_url, private_allowed=True
    )
    provider.models.create(name="claude-*")
    for name in RULES:
        models.CascadeRule.objects.create(
            name=name, request_model=f"{name}*", draft_model="claude-haiku-5-5"
        )
    models.Controls.objects.get_or_create(pk=1)
    _, acme = models.ClientKey.issue("acme")
    sys.stdout.write(json.dumps({"acme": acme}))


if __name__ == "__main__":
    main(sys.argv[1])
