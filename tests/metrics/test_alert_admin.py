"""The list of alerts in admin."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from metrics.alert_models import Alert

pytestmark = pytest.mark.django_db
LIST = "admin:metrics_alert_changelist"


@pytest.fixture
def boss(client):
    client.force_login(User.objects.create_superuser("boss"))
    return client


def add(**fields):
    return Alert.objects.create(
        name=str(Alert.objects.count()), channel="email", subject="It burns", **fields
    )


def test_says_what_was_sent_what_waits_and_what_was_given_up(boss):
    add(sent_at=timezone.now(), next_try_at=None)
    add(attempts=2, problem="no route")
    add(attempts=18, next_try_at=None, problem="no route")
    shown = boss.get(reverse(LIST)).content.decode()
    assert "sent 20" in shown
    assert "next try 20" in shown
    assert "given up" in shown
    assert "no route" in shown


def test_what_was_given_up_is_tried_again_and_what_was_sent_is_not(boss):
    sent = add(sent_at=timezone.now(), next_try_at=None)
    lost = add(attempts=18, next_try_at=None)
    chosen = {"action": "try_again", "_selected_action": [sent.pk, lost.pk]}
    boss.post(reverse(LIST), chosen)
    sent.refresh_from_db()
    lost.refresh_from_db()
    assert sent.next_try_at is None
    assert lost.next_try_at is not None
    assert lost.attempts == 0


def test_nobody_writes_one_by_hand(boss):
    assert boss.get(reverse("admin:metrics_alert_add")).status_code == 403
