from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from metrics import alerts
from metrics.alert_models import Alert

pytestmark = pytest.mark.django_db


class Way:
    """A channel that fails until it is mended."""

    def __init__(self):
        self.sent = []
        self.broken = False
        self.on = True

    def send(self, message):
        if self.broken:
            raise alerts.SendingFailed("no route")
        self.sent.append(message)


@pytest.fixture
def way(monkeypatch):
    way = Way()
    channel = alerts.Channel(is_on=lambda: way.on, send=way.send)
    monkeypatch.setattr(alerts, "channels", {"test": channel})
    return way


@pytest.fixture
def later(monkeypatch):
    """Moves the clock of the queue."""
    moved = [timedelta()]
    now = timezone.now
    monkeypatch.setattr(alerts.timezone, "now", lambda: now() + moved[0])

    def later(**by):
        moved[0] += timedelta(**by)

    return later


def test_a_name_is_told_once(way):
    assert alerts.tell("fire", "It burns", "In the kitchen.") == 1
    assert alerts.tell("fire", "It burns", "In the kitchen.") == 0
    while alerts.send_due():
        pass
    (message,) = way.sent
    assert (message.subject, message.text) == ("It burns", "In the kitchen.")


def test_nothing_is_queued_for_a_channel_that_is_off(way):
    way.on = False
    assert alerts.tell("fire", "It burns", "") == 0
    assert not Alert.objects.exists()


def test_what_fails_is_tried_again_with_longer_and_longer_pauses(way, later):
    way.broken = True
    alerts.tell("fire", "It burns", "")
    pauses = []
    for _ in range(4):
        before = alerts.timezone.now()
        assert alerts.send_due() == 1
        assert alerts.send_due() == 0, "not at once"
        row = Alert.objects.get()
        pauses.append(round((row.next_try_at - before).total_seconds()))
        later(seconds=pauses[-1] + 1)
    assert pauses == [60, 120, 240, 480]
    assert row.problem == "no route"
    way.broken = False
    assert alerts.send_due() == 1
    assert Alert.objects.get().sent_at is not None
    assert len(way.sent) == 1


def test_what_never_works_is_given_up(way, later):
    way.broken = True
    alerts.tell("fire", "It burns", "")
    tries = 0
    while alerts.send_due():
        tries += 1
        later(hours=7)
    assert tries == alerts.MAX_ATTEMPTS
    assert Alert.objects.get().sent_at is None


def test_two_keepers_do_not_both_send(way):
    alerts.tell("fire", "It burns", "")
    row = Alert.objects.get()
    assert alerts._claimed(row, timezone.now())
    assert not alerts._claimed(row, timezone.now())


def test_mail_goes_to_those_who_are_named(settings):
    settings.CASCADE_ALERT_EMAILS = ["ops@example.com"]
    alerts.tell("fire", "It burns", "In the kitchen.")
    assert alerts.send_due() == 1
    (sent,) = mail.outbox
    assert sent.to == ["ops@example.com"]
    assert sent.subject == "[CascadeProxy] It burns"
    assert sent.body == "In the kitchen."


def test_a_name_with_line_ends_makes_one_header_and_stops_nobody(settings):
    settings.CASCADE_ALERT_EMAILS = ["ops@example.com"]
    alerts.tell("fire", "ci\r\nBcc: eve@example.com has used 50 %", "")
    assert alerts.send_due() == 1
    (sent,) = mail.outbox
    assert sent.subject == "[CascadeProxy] ci Bcc: eve@example.com has used 50 %"
    assert sent.recipients() == ["ops@example.com"]


def test_a_mail_server_that_is_away_is_a_failure(settings):
    settings.CASCADE_ALERT_EMAILS = ["ops@example.com"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    alerts.tell("fire", "It burns", "")
    alerts.send_due()
    assert "ConnectionRefusedError" in Alert.objects.get().problem
