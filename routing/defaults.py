"""What a new installation begins with: providers, model patterns and rules.

Loaded once. What an operator edits or deletes afterwards stays edited or deleted.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from django.db import transaction

from routing.models import Installation
from routing.rules_file import loading, parsing
from routing.rules_file.document import RulesFile

DEFAULT_RULES = Path(__file__).parent / "data" / "default_rules.yaml"


def default_document() -> RulesFile:
    """Return what the shipped file says."""
    return parsing.parse(DEFAULT_RULES.read_text(encoding="utf-8"), "defaults")


def load_once(*, rules: bool) -> bool:
    """Load the defaults unless that was done before; return whether it was now.

    Without `rules` only the providers come, for somebody who brings rules of their
    own; the default rules are then never loaded later. One query when there is
    nothing to do.
    """
    if Installation.current().defaults_loaded:
        return False
    document = default_document()
    if not rules:
        document = dataclasses.replace(document, rules=None)
    with transaction.atomic():
        loading.load(document)
        Installation.objects.filter(pk=1).update(defaults_loaded=True)
    return True
