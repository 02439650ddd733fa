"""Who calls: by header, by mode, and until when."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from routing import models
from tests.builders import VERIFIER, make_body
from tests.fakes import HttpAnswer, message_bytes
from tests.wsgi import PROVIDER_KEY

MISTYPED = "cp_live_" + "A" * 49


@pytest.fixture
def ask(proxy, upstream):
    def ask(**headers):
        upstream.script(VERIFIER, HttpAnswer(chunks=[message_bytes(model=VERIFIER)]))
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return proxy.post(make_body(), headers=named)

    return ask


def test_takes_the_key_in_either_header(ask, proxy):
    for headers in (
        {"x_api_key": proxy.key},
        {"x_api_key": f"  {proxy.key} "},
        {"authorization": f"Bearer {proxy.key}"},
        {"authorization": f"bearer  {proxy.key}"},
        {"x_api_key": " ", "authorization": f"Bearer {proxy.key}"},
        {"x_api_key": proxy.key, "authorization": "Basic of-somebody-else"},
    ):
        assert ask(**headers).status == 200, headers
    assert {decision.key_name for decision in proxy.decisions()} == {"acme"}


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({}, "No API key"),
        ({"x_api_key": ""}, "No API key"),
        ({"x_api_key": "sk-ant-of-another-place"}, "not valid"),
        ({"x_api_key": "caf\u00e9"}, "not valid"),
        ({"x_api_key": MISTYPED}, "incomplete or mistyped"),
        ({"authorization": f"Bearer {MISTYPED}"}, "incomplete or mistyped"),
        ({"authorization": "Bearer"}, "not valid"),
        ({"authorization": "Basic abc"}, "must be: Bearer"),
    ],
)
def test_says_what_is_wrong_with_a_key(ask, upstream, headers, words):
    got = ask(**headers)
    assert got.status == 401
    assert words in got.json["error"]["message"]
    assert upstream.requests == []


def test_tells_a_key_cut_short_from_a_wrong_one(ask, proxy):
    assert "mistyped" in ask(x_api_key=proxy.key[:-1]).json["error"]["message"]


def test_never_repeats_the_key_it_refuses(ask):
    assert b"A" * 20 not in ask(x_api_key=MISTYPED).body


def test_a_disabled_key_does_not_work(ask, proxy):
    models.ClientKey.objects.filter(name="acme").update(enabled=False)
    assert ask(x_api_key=proxy.key).status == 401


def test_a_key_stops_working_the_moment_it_expires(
    ask, proxy, fresh_holder, monkeypatch
):
    expires_at = timezone.now() + timedelta(hours=1)
    models.ClientKey.objects.filter(name="acme").update(expires_at=expires_at)
    assert ask(x_api_key=proxy.key).status == 200
    loaded = fresh_holder.get()
    monkeypatch.setattr("routing.auth.timezone.now", lambda: expires_at)
    assert ask(x_api_key=proxy.key).status == 401
    assert fresh_holder.get() is loaded, "no reload was needed"


def test_lets_everybody_in_when_told_to(ask, proxy, upstream, settings):
    settings.CASCADE_AUTH_MODE = "none"
    assert ask().status == 200
    assert ask(x_api_key="whatever").status == 200
    assert {decision.key_name for decision in proxy.decisions()} == {""}
    assert {r.headers["x-api-key"] for r in upstream.requests} == {PROVIDER_KEY}


@pytest.mark.parametrize(
    ("name", "value"),
    [("x_api_key", "sk-ant-own"), ("authorization", "Bearer sk-ant-own")],
)
def test_forwards_the_callers_own_credential_in_its_header(
    ask, proxy, upstream, settings, name, value
):
    settings.CASCADE_AUTH_MODE = "pass_through"
    proxy.let_client_credentials_through()
    assert ask(**{name: value}).status == 200
    sent = upstream.requests[0].headers
    assert sent[name.replace("_", "-")] == value
    assert PROVIDER_KEY not in str(sent.raw)
    assert proxy.decision.key_name == ""


def test_forwards_it_for_what_is_no_decision_too(proxy, upstream, settings):
    settings.CASCADE_AUTH_MODE = "pass_through"
    proxy.let_client_credentials_through()
    upstream.script("/v1/models/some", HttpAnswer())
    proxy.call("GET", "/v1/models/some", headers={"x-api-key": "sk-ant-own"})
    assert upstream.requests[0].headers["x-api-key"] == "sk-ant-own"


def test_never_shows_it_to_a_provider_that_is_not_to_see_it(ask, upstream, settings):
    settings.CASCADE_AUTH_MODE = "pass_through"
    got = ask(x_api_key="sk-ant-own")
    assert (got.status, got.json["error"]["type"]) == (403, "permission_error")
    assert upstream.requests == []


def test_asks_for_a_credential_to_forward(ask, settings):
    settings.CASCADE_AUTH_MODE = "pass_through"
    assert ask().status == 401


def test_makes_no_query_for_a_request(
    ask, proxy, fresh_holder, django_assert_num_queries
):
    fresh_holder.get()
    with django_assert_num_queries(0):
        assert ask(x_api_key=proxy.key).status == 200
        assert ask(x_api_key="wrong").status == 401
