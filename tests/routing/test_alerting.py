"""Budgets that fill up are told, and the webhook is signed and goes nowhere private."""

from __future__ import annotations

import hashlib
import hmac
import socket
from base64 import b64decode
from decimal import Decimal

import msgspec
import pytest
from django.utils import timezone

from metrics import alerts
from metrics.alert_models import Alert
from metrics.rollup_models import DailyRollup
from routing import alerting
from routing.models import ClientKey
from routing.providers import egress
from routing.simulator import Simulator

SECRET = "s" * 32


@pytest.fixture
def acme(db, settings):
    settings.CASCADE_ALERT_EMAILS = ["ops@example.com"]
    return ClientKey.issue("acme", owner="web", usd_per_day=Decimal(10))[0]


def spend(usd, **more):
    DailyRollup.objects.update_or_create(
        day=timezone.localdate(),
        simulated=more.pop("simulated", False),
        key_name="acme",
        defaults={"cost_nusd": int(usd * 10**9)},
    )


def told():
    return [alert.subject for alert in Alert.objects.order_by("pk")]


def test_each_threshold_is_told_once(acme):
    for usd in (1, 4.9, 5, 6, 7.99, 8.25, 9.9, 10, 11):
        spend(usd)
        alerting.watch_budgets()
    assert told() == [
        "acme has used 50 % of its budget for this day",
        "acme has used 82 % of its budget for this day",
        "acme has used 100 % of its budget for this day",
    ]


def test_says_whose_key_it_is_and_what_happens(acme):
    spend(12)
    alerting.watch_budgets()
    text = Alert.objects.get().text
    assert "acme (cp_live_" in text
    assert "owned by web" in text
    assert "$12.00 of $10.00" in text
    assert "are refused until" in text


def test_play_money_alarms_nobody(acme):
    spend(12, simulated=True)
    assert alerting.watch_budgets() == 0


def test_a_budget_that_was_raised_may_be_told_of_again(acme):
    spend(10)
    alerting.watch_budgets()
    acme.usd_per_day = 20
    acme.save()
    alerting.watch_budgets()
    assert told()[-1] == "acme has used 50 % of its budget for this day"


def test_without_budgets_nothing_is_summed(db, django_assert_num_queries):
    ClientKey.issue("acme")
    with django_assert_num_queries(1):
        assert alerting.watch_budgets() == 0


@pytest.fixture
def message():
    return alerts.Message(
        name="budget:1", subject="Full", text="All spent.", created_at=timezone.now()
    )


@pytest.fixture
def webhook(settings):
    with Simulator() as simulator:
        settings.CASCADE_ALERT_WEBHOOK_URL = f"{simulator.url}/hook"
        settings.CASCADE_ALERT_WEBHOOK_SECRET = SECRET
        yield simulator


def test_the_webhook_is_signed(webhook, message):
    webhook.script([{"status": 204}])
    alerting.post(message)
    (request,) = webhook.requests
    signed = b".".join(
        [b"budget:1", request.header("webhook-timestamp").encode(), request.body]
    )
    version, _, given = request.header("webhook-signature").partition(",")
    expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()
    assert (version, b64decode(given)) == ("v1", expected)
    assert msgspec.json.decode(request.body)["text"] == "All spent."


@pytest.mark.parametrize("status", [301, 404, 500])
def test_only_a_2xx_is_an_answer(webhook, message, status):
    webhook.script([{"status": status, "headers": {"location": "/elsewhere"}}])
    with pytest.raises(alerts.SendingFailed, match=str(status)):
        alerting.post(message)
    assert len(webhook.requests) == 1, "it is not followed elsewhere"


@pytest.mark.parametrize("secret", ["", "short"])
def test_nothing_is_sent_without_a_secret(webhook, message, settings, secret):
    settings.CASCADE_ALERT_WEBHOOK_SECRET = secret
    with pytest.raises(alerts.SendingFailed, match="SECRET"):
        alerting.post(message)
    assert not webhook.requests


def test_a_private_host_that_nobody_listed_is_not_called(webhook, message, settings):
    settings.CASCADE_PRIVATE_UPSTREAMS = []
    with pytest.raises(alerts.SendingFailed):
        alerting.post(message)
    assert not webhook.requests


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "[::ffff:169.254.169.254]",
        "[64:ff9b::a9fe:a9fe]",
        "224.0.0.1",
    ],
)
def test_no_listing_leads_to_where_clouds_keep_secrets(message, settings, address):
    settings.CASCADE_ALERT_WEBHOOK_URL = f"http://{address}/hook"
    settings.CASCADE_ALERT_WEBHOOK_SECRET = SECRET
    settings.CASCADE_PRIVATE_UPSTREAMS = [address]
    tried = []

    def connect(_sock, where):
        tried.append(where)
        raise OSError("nobody is there")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(socket.socket, "connect", connect)
        with pytest.raises(alerts.SendingFailed):
            alerting.post(message)
    assert tried == []


def test_a_public_name_that_leads_home_is_not_called(
    webhook, message, settings, monkeypatch
):
    home = [(0, 0, 0, "", ("127.0.0.1", 0))]
    monkeypatch.setattr(egress.socket, "getaddrinfo", lambda *_, **__: home)
    port = webhook.url.rpartition(":")[2]
    settings.CASCADE_ALERT_WEBHOOK_URL = f"http://hook.example:{port}/hook"
    with pytest.raises(alerts.SendingFailed):
        alerting.post(message)
    assert not webhook.requests


@pytest.mark.parametrize("host", ["169.254.169.254", "2852039166", "[fd00:ec2::254]"])
def test_the_metadata_of_a_cloud_is_not_called_even_if_listed(
    message, settings, monkeypatch, host
):
    opened = []
    monkeypatch.setattr(egress, "connect_tcp", lambda *args: opened.append(args))
    settings.CASCADE_ALERT_WEBHOOK_URL = f"http://{host}/hook"
    settings.CASCADE_ALERT_WEBHOOK_SECRET = SECRET
    settings.CASCADE_PRIVATE_UPSTREAMS = [host.strip("[]")]
    with pytest.raises(alerts.SendingFailed):
        alerting.post(message)
    assert opened == []
