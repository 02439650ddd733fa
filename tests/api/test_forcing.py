"""`x-cascade` on a request, and the switch: who answers, and what is recorded."""

from __future__ import annotations

import pytest

from routing.models import ClientKey, Controls
from tests.builders import DRAFT, VERIFIER, make_body
from tests.fakes import HttpAnswer, message_bytes

ODD_BODY = b' {"messages": [], "model" :\t"verifier-large", "new": 1.50}\n'


@pytest.fixture
def ask(proxy):
    ClientKey.objects.update(may_force=True)

    def ask(word, body=None, **options):
        headers = {"x-api-key": proxy.key, "x-cascade": word}
        return proxy.post(body or make_body(), headers=headers, **options)

    return ask


def answer(model):
    return HttpAnswer(chunks=[message_bytes(model=model)])


def test_off_leaves_the_bytes_and_the_requested_model_alone(proxy, upstream, ask):
    proxy.add_rule(verifier_model="verifier-other")
    upstream.script(VERIFIER, answer(VERIFIER))
    got = ask("off", ODD_BODY)
    assert upstream.requests[0].read() == ODD_BODY
    assert got.body == message_bytes(model=VERIFIER)
    assert (proxy.decision.rule, proxy.decision.reason) == ("", "forced:off")
    assert got.headers["x-cascade-reason"] == "forced:off"


def test_verifier_asks_no_draft(proxy, upstream, ask):
    proxy.add_rule(verifier_model="verifier-other")
    upstream.script("verifier-other", answer("verifier-other"))
    got = ask("verifier")
    assert got.json["model"] == VERIFIER, "the rule's name for it"
    assert upstream.models == ["verifier-other"]
    assert proxy.decision.reason == "forced:verifier"


def test_draft_is_served_unjudged_under_the_requested_name(proxy, upstream, ask):
    proxy.add_rule(prior=0.1)
    upstream.script(DRAFT, answer(DRAFT))
    got = ask("draft")
    assert (got.status, got.json["model"]) == (200, VERIFIER)
    assert got.headers["x-cascade-model"] == DRAFT
    assert "x-cascade-confidence" not in got.headers
    decision = proxy.decision
    assert [call.role for call in decision.calls] == ["verifier"], "no saving of ours"
    assert (decision.outcome, decision.reason) == ("pass_through", "forced:draft")


def test_a_draft_without_a_rule_is_refused(proxy, upstream, ask):
    got = ask("draft")
    assert (got.status, got.json["error"]["type"]) == (400, "invalid_request_error")
    assert "no rule applies" in got.json["error"]["message"]
    assert (upstream.requests, proxy.decisions()) == ([], [])


def test_a_key_that_may_not_is_refused_before_anybody_is_asked(proxy, upstream):
    proxy.add_rule()
    headers = {"x-api-key": proxy.key, "x-cascade": "off"}
    got = proxy.post(make_body(), headers=headers)
    assert (got.status, got.json["error"]["type"]) == (403, "permission_error")
    what_to_do = 'An operator can tick "may force" for it in admin under Client keys.'
    assert what_to_do in got.json["error"]["message"]
    assert (upstream.requests, proxy.decisions()) == ([], [])


def test_another_word_is_refused(ask, upstream):
    got = ask("please")
    assert (got.status, got.json["error"]["type"]) == (400, "invalid_request_error")
    assert upstream.requests == []


@pytest.mark.parametrize("mode", ["none", "pass_through"])
def test_without_keys_of_ours_nobody_may(ask, upstream, settings, mode):
    settings.CASCADE_AUTH_MODE = mode
    got = ask("off")
    assert got.status == 403
    assert "without client keys" in got.json["error"]["message"]
    assert upstream.requests == []


def test_the_header_stays_here(proxy, upstream, ask):
    upstream.script(VERIFIER, answer(VERIFIER))
    ask("off")
    assert "x-cascade" not in upstream.requests[0].headers


def test_counting_tokens_ignores_the_header(proxy, upstream):
    proxy.add_rule()
    upstream.script(VERIFIER, HttpAnswer(chunks=[b'{"input_tokens": 5}']))
    headers = {"x-api-key": proxy.key, "x-cascade": "draft"}
    path = "/v1/messages/count_tokens"
    assert proxy.post(make_body(), path, headers=headers).status == 200
    assert "x-cascade" not in upstream.requests[0].headers


def test_switched_off_the_verifier_answers_under_the_requested_name(proxy, upstream):
    proxy.add_rule(verifier_model="verifier-other")
    Controls.objects.create(pk=1, cascade_on=False)
    upstream.script("verifier-other", answer("verifier-other"))
    got = proxy.ask()
    assert got.json["model"] == VERIFIER
    assert got.headers["x-cascade-reason"] == "switched_off"
    decision = proxy.decision
    assert (decision.rule, decision.reason) == ("default", "switched_off")


def test_a_condition_on_a_header_of_ours_needs_not_go_up(proxy, upstream):
    proxy.add_rule(headers="x-cascade-team: blue")
    upstream.script(DRAFT, answer(DRAFT))
    headers = {"x-api-key": proxy.key, "x-cascade-team": "blue"}
    proxy.post(make_body(), headers=headers)
    assert upstream.models == [DRAFT]
    assert "x-cascade-team" not in upstream.requests[0].headers
