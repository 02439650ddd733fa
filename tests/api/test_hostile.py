"""What a client, a provider or a page that means us harm cannot do."""

from __future__ import annotations

import gzip

import pytest

from tests.builders import DRAFT, VERIFIER, make_body, make_events
from tests.fakes import EVENTS, JSON, HttpAnswer, message_bytes
from tests.wsgi import call


def answer(model=VERIFIER, **options):
    return HttpAnswer(**{"chunks": [message_bytes(model=model)]} | options)


@pytest.mark.parametrize("script_name", ["@127.0.0.1:9", "/evil", ".evil.test"])
def test_no_script_name_moves_the_provider(proxy, upstream, script_name):
    upstream.script(VERIFIER, answer())
    got = proxy.post(make_body(), environ={"SCRIPT_NAME": script_name})
    assert got.status == 200
    assert str(upstream.requests[0].url) == "http://main.test/v1/messages"


def test_a_top_level_key_of_megabytes_is_refused_before_it_costs_memory(proxy):
    body = make_body().replace(b"{", b'{"' + b"a" * 300 + b'":1,', 1)
    got = proxy.post(body)
    assert (got.status, got.json["error"]["type"]) == (400, "invalid_request_error")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_never_handed_to_a_client(proxy, upstream, status):
    away = ("location", "http://elsewhere.test/v1/messages")
    upstream.script(VERIFIER, answer(status=status, headers=(*JSON, away)))
    got = proxy.ask()
    assert got.status == 502
    assert "location" not in got.headers


def test_a_provider_cannot_speak_for_us(proxy, upstream):
    forged = [
        ("x-cascade-reason", "forged"),
        ("x-cascade-simulated", "true"),
        ("strict-transport-security", "max-age=9"),
        ("clear-site-data", "*"),
        ("x-odd", "a\x01b"),
    ]
    upstream.script(VERIFIER, answer(headers=(*JSON, *forged)))
    got = proxy.ask()
    assert got.status == 200
    assert not {name for name, _ in forged} & set(got.headers)


def test_a_page_of_a_provider_is_not_a_page_of_ours(proxy, upstream):
    page = HttpAnswer(
        status=502, headers=(("content-type", "text/html"),), chunks=[b"<script>"]
    )
    upstream.script(VERIFIER, page)
    got = proxy.ask()
    assert (got.status, got.body) == (502, b"<script>")
    assert got.headers["content-security-policy"] == "sandbox"
    assert got.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "browser",
    [
        {"origin": "https://evil.test"},
        {"sec-fetch-site": "cross-site"},
        {"origin": "null", "sec-fetch-site": "cross-site"},
    ],
)
def test_without_keys_a_foreign_page_cannot_spend_ours(
    proxy, upstream, settings, browser
):
    settings.CASCADE_AUTH_MODE = "none"
    got = proxy.call("POST", "/v1/messages", body=make_body(), headers=browser)
    assert (got.status, got.json["error"]["type"]) == (403, "permission_error")
    assert upstream.requests == []


def test_without_keys_an_allowed_page_and_programs_may_call(proxy, upstream, settings):
    settings.CASCADE_AUTH_MODE = "none"
    settings.CASCADE_CORS_ORIGINS = ["https://acme.example"]
    for headers in ({}, {"origin": "https://acme.example"}):
        upstream.script(VERIFIER, answer())
        got = proxy.call("POST", "/v1/messages", body=make_body(), headers=headers)
        assert got.status == 200


def test_a_draft_of_countless_events_is_no_draft(proxy, upstream, monkeypatch):
    monkeypatch.setattr("routing.drafting.MAX_DRAFT_EVENTS", 50)
    proxy.add_rule()
    events = make_events("4", model=DRAFT)
    flood = [events[0], b"\n\n" * 100, *events[1:]]
    upstream.script(DRAFT, HttpAnswer(headers=EVENTS, chunks=flood))
    live = HttpAnswer(headers=EVENTS, chunks=make_events("4", model=VERIFIER))
    upstream.script(VERIFIER, live)
    got = proxy.ask(stream=True)
    assert got.headers["x-cascade-reason"] == "draft_error"


def test_a_compressed_answer_is_read_no_further_than_it_may_grow(
    proxy, upstream, monkeypatch
):
    monkeypatch.setattr("routing.encoding.MAX_PLAIN_BYTES", 100)
    packed = gzip.compress(message_bytes(model=VERIFIER))
    headers = (*JSON, ("content-encoding", "gzip"))
    upstream.script(VERIFIER, HttpAnswer(headers=headers, chunks=[packed]))
    got = proxy.ask()
    assert (got.status, got.body) == (200, packed)
    assert proxy.decision.calls[0].usage is None


def test_an_answer_too_large_to_hold_is_an_error(proxy, upstream, monkeypatch):
    monkeypatch.setattr("routing.settling.MAX_ANSWER_BYTES", 10)
    upstream.script(VERIFIER, answer())
    assert proxy.ask().status == 502


@pytest.mark.django_db
def test_a_form_of_megabytes_is_not_read():
    got = call("POST", "/admin/login/", environ={"CONTENT_LENGTH": str(2**21)})
    assert got.status == 413
