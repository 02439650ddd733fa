"""For load balancers, Prometheus and people who type the bare address."""

from __future__ import annotations

import pytest
from django.db import OperationalError

from cascadeproxy import __version__
from metrics import recorder
from routing import breaker
from routing.types import Call
from tests.builders import DRAFT, VERIFIER, make_target
from tests.fakes import HttpAnswer, message_bytes
from tests.wsgi import call

pytestmark = pytest.mark.django_db
TOKEN = "a-token-for-prometheus"
DOWN = make_target(DRAFT)


def failing():
    raise OperationalError("away")


# --- /health, / -----------------------------------------------------------------------


def test_says_that_it_is_up_whatever_else_is_not(fresh_holder, monkeypatch):
    monkeypatch.setattr("routing.snapshot.load", failing)
    got = call("GET", "/health")
    assert (got.status, got.json) == (200, {"status": "ok", "version": __version__})


@pytest.mark.parametrize("path", ["/health", "/ready", "/metrics", "/"])
def test_answers_only_safe_methods(path):
    assert call("PUT", path).status in (403, 405)


def test_sends_people_to_the_reports():
    got = call("GET", "/")
    assert (got.status, got.headers["location"]) == (302, "/reports/")


def test_answers_those_who_only_knock():
    got = call("HEAD", "/")
    assert (got.status, got.body) == (200, b"")


# --- /ready ---------------------------------------------------------------------------


def ready():
    got = call("GET", "/ready")
    return got.status, got.json["status"], got.json["checks"]


ALL_WELL = {"snapshot": True, "provider": True, "journal": True, "database": True}


def test_is_ready_when_all_is_well(proxy):
    assert ready() == (200, "ready", ALL_WELL)
    assert call("GET", "/ready").json["version"] == __version__


def test_loads_the_configuration_because_nobody_else_may_before(proxy, fresh_holder):
    assert not fresh_holder.loaded
    ready()
    assert fresh_holder.loaded


def test_makes_no_query_once_it_is_loaded(proxy, django_assert_num_queries):
    ready()
    with django_assert_num_queries(0):
        ready()


def test_is_not_ready_without_a_provider(proxy):
    proxy.provider.delete()
    assert ready() == (503, "not_ready", ALL_WELL | {"provider": False})


def test_is_not_ready_without_a_configuration(proxy, monkeypatch):
    monkeypatch.setattr("routing.snapshot.load", failing)
    status, word, checks = ready()
    assert (status, word) == (503, "not_ready")
    assert (checks["snapshot"], checks["provider"]) == (False, False)


def test_is_degraded_and_serves_on_while_the_database_is_away(
    proxy, fresh_holder, monkeypatch
):
    fresh_holder.get()
    monkeypatch.setattr(fresh_holder, "_healthy", False)
    assert ready() == (200, "degraded", ALL_WELL | {"database": False})


def test_is_degraded_while_the_journal_cannot_be_written(proxy, settings, tmp_path):
    blocked = tmp_path / "file"
    blocked.touch()
    settings.CASCADE_JOURNAL_DIR = blocked
    assert ready() == (200, "degraded", ALL_WELL | {"journal": False})
    recorder.recorder_for.cache_clear()


# --- /metrics -------------------------------------------------------------------------


def scrape(peer="127.0.0.1", **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return call("GET", "/metrics", headers=named, environ={"REMOTE_ADDR": peer})


def test_shows_the_instruments(proxy, upstream):
    upstream.script(VERIFIER, HttpAnswer(chunks=[message_bytes(model=VERIFIER)]))
    proxy.ask()
    got = scrape()
    assert got.status == 200
    assert got.headers["content-type"].startswith("text/plain")
    assert b"cascadeproxy_requests_total{" in got.body


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1"])
def test_lets_this_machine_read_them(peer):
    assert scrape(peer).status == 200


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        ("10.0.0.7", {}),
        ("", {}),
        ("127.0.0.1", {"x_forwarded_for": "10.0.0.7"}),
        ("127.0.0.1", {"forwarded": "for=10.0.0.7"}),
        ("127.0.0.1", {"x_forwarded_for": ""}),
    ],
)
def test_lets_nobody_else_read_them(peer, headers):
    got = scrape(peer, **headers)
    assert got.status == 403
    assert b"cascadeproxy_" not in got.body


@pytest.mark.parametrize("peer", ["127.0.0.1", "10.0.0.7"])
@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        ("Bearer wrong", 403),
        (TOKEN, 403),
        ("Bearer caf\u00e9", 403),
        ("", 403),
    ],
)
def test_asks_for_the_token_where_there_is_one(settings, peer, sent, status):
    settings.CASCADE_METRICS_TOKEN = TOKEN
    assert scrape(peer, authorization=sent).status == status


def test_shows_which_breakers_are_open_as_all_workers_know_them():
    name = b'cascadeproxy_breaker_open{model="draft-small",provider="main"} 1.0'
    assert name not in scrape().body
    call = Call(role="draft", target=DOWN, status=529, usage=None, duration_ms=1.0)
    for _ in range(breaker.FAILURES):
        breaker.note([call])
    assert name in scrape().body


def test_shows_how_much_of_the_journal_is_to_be_loaded(
    settings, tmp_path, fresh_holder
):
    settings.CASCADE_JOURNAL_DIR = tmp_path
    (tmp_path / "a.jsonl").write_bytes(b"1234567")
    fresh_holder.get()
    assert b"cascadeproxy_journal_waiting_bytes 7.0" in scrape().body


def test_does_not_ask_a_database_that_is_away(
    fresh_holder, monkeypatch, django_assert_num_queries
):
    fresh_holder.get()
    monkeypatch.setattr("routing.snapshot.load", failing)
    monkeypatch.setattr(fresh_holder, "_healthy", False)
    with django_assert_num_queries(0):
        assert b"\ncascadeproxy_journal_waiting_bytes" not in scrape().body
