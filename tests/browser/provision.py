"""`python -m tests.browser.provision URL`: a site that has something to show.

A month of made-up traffic, the rules it is about, and a row of every kind that
admin lists. The model providers are at URL; nothing asks them.
"""

from __future__ import annotations

import json
import logging
import random
import sys
from typing import Any

import django
from django.core.management import call_command

USER, PASSWORD = "operator", "walks-every-page"
# Two of the rules a new installation has, which the made-up traffic is about.
RULES = ("claude-opus-5-5", "claude-sonnet-5-5")
KNOWN_MODEL = "claude-haiku-5-5"


def main(upstream_url: str) -> None:
    """Migrate and fill the database; prints the keys of clients."""
    django.setup()
    logging.disable()  # what is printed is for the caller
    call_command("migrate", verbosity=0)
    call_command("demo", days=30, per_day=60, stdout=sys.stderr)
    from django.contrib.auth import get_user_model  # noqa: PLC0415  after setup
    from django.contrib.auth.models import Group  # noqa: PLC0415

    from routing import defaults, models  # noqa: PLC0415

    get_user_model().objects.create_superuser(USER, password=PASSWORD)
    Group.objects.create(name="accountants")
    defaults.load_once(rules=True)
    provider = models.Provider.objects.get(name="simulator")
    provider.base_url, provider.private_allowed = upstream_url, True
    provider.enabled = True
    provider.save()
    anthropic = models.Provider.objects.get(name="anthropic")
    anthropic.models.create(name=KNOWN_MODEL, enabled=False)
    provider.further_keys.create(name="team-b", key_reference="env:ANTHROPIC_API_KEY")
    models.Controls.objects.get_or_create(pk=1)
    _, acme = models.ClientKey.issue("acme", requests_per_minute=60, usd_per_day=5)
    _fill_the_account()
    _teach(models.CascadeRule.objects.get(name=RULES[0]))
    sys.stdout.write(json.dumps({"acme": acme}))


def _fill_the_account() -> None:
    """A label, kept text with somebody who read it, an alert, a key, who guessed."""
    from axes.models import (  # noqa: PLC0415  after setup
        AccessAttempt,
        AccessFailureLog,
        AccessLog,
    )
    from django.utils import timezone  # noqa: PLC0415

    from metrics import labelling  # noqa: PLC0415
    from metrics.alert_models import Alert  # noqa: PLC0415
    from metrics.models import RoutingDecision  # noqa: PLC0415
    from metrics.report_key_models import ReportKey  # noqa: PLC0415
    from metrics.text_models import KeptText, TextReading  # noqa: PLC0415

    for outcome in ("accepted", "escalated"):
        decision = RoutingDecision.objects.filter(
            outcome=outcome, confidence__gt=0, tag="support"
        ).first()
        assert decision is not None
        labelling.record(decision, "person", USER, worse=outcome == "escalated")
        KeptText.objects.create(
            decision_id=decision.decision_id,
            rule=decision.rule,
            kept_at=timezone.now(),
            prompt=json.dumps([["user", "What is the capital of France?"]]),
            draft="It is Paris." if outcome == "accepted" else "It is Lyon.",
            verifier=None if outcome == "accepted" else "It is Paris.",
        )
        TextReading.objects.create(
            by=USER, decision_id=decision.decision_id, rule=decision.rule
        )
    Alert.objects.create(
        name="budget-50", channel="email", subject="Half is spent.", text="Of acme."
    )
    ReportKey.issue("accounting", summary=True)
    guess = {"username": "anna", "ip_address": "192.0.2.7", "user_agent": "a browser"}
    AccessAttempt.objects.create(**guess, failures_since_start=3)
    AccessLog.objects.create(**guess)
    AccessFailureLog.objects.create(**guess)


def _teach(rule: Any) -> None:
    """Label the rule's drafts so that it learns, and is certified or told why not."""
    from metrics.label_models import Label, MeasuredDraft  # noqa: PLC0415  after setup
    from metrics.models import RoutingDecision  # noqa: PLC0415
    from routing import schooling  # noqa: PLC0415
    from routing.quality.features.vector import (  # noqa: PLC0415
        FEATURES_VERSION,
        NAMES,
    )

    # The demo's own labels are of the same source.
    Label.objects.filter(rule=rule.name, source="agreement").delete()
    draw = random.Random(5)  # noqa: S311  made-up numbers
    decisions = RoutingDecision.objects.filter(
        rule=rule.name, confidence__gt=0, outcome__in=("accepted", "escalated")
    )
    for decision in decisions[:300]:
        good = draw.random() < 1 - 0.4 * (1 - decision.confidence)
        Label.objects.create(
            decision_id=decision.decision_id,
            source="agreement",
            by=decision.verifier_model,
            worse=not good,
            probability=1.0,
            trust=0.9,
            decided_at=decision.started_at,
            rule=rule.name,
            draft_model=rule.draft_model,
            verifier_model=decision.verifier_model,
            outcome=decision.outcome,
            confidence=decision.confidence,
            simulated=decision.simulated,
        )
        MeasuredDraft.objects.create(
            decision_id=decision.decision_id,
            rule=rule.name,
            decided_at=decision.started_at,
            route="ab12",
            features_version=FEATURES_VERSION,
            features=[draw.gauss(0.4 * good, 1) for _ in NAMES],
        )
    schooling.teach(rule)


if __name__ == "__main__":
    main(sys.argv[1])
