"""What a key may ask for, and how it is told that it may not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from routing.models import CascadeRule, ClientKey
from tests.builders import DRAFT, VERIFIER, make_body
from tests.fakes import HttpAnswer, message_bytes


@pytest.fixture
def allow(proxy, fresh_holder):
    """Sets what the key `acme` is allowed."""

    def allow(**fields):
        ClientKey.objects.filter(name="acme").update(**fields)
        fresh_holder.forget()

    return allow


def answer(model=VERIFIER):
    return HttpAnswer(chunks=[message_bytes(model=model)])


def refused(got, words):
    assert (got.status, got.json["error"]["type"]) == (403, "permission_error")
    assert words in got.json["error"]["message"]
    return True


class TestModels:
    def test_one_that_is_allowed_is_asked(self, proxy, upstream, allow):
        allow(allowed_models="other\nverifier-*")
        upstream.script(VERIFIER, answer())
        assert proxy.ask().status == 200

    @pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens"])
    def test_another_is_refused_and_nobody_is_asked(self, proxy, upstream, allow, path):
        allow(allowed_models="claude-*")
        got = proxy.post(make_body(), path)
        assert refused(got, "may not ask for the model verifier-large")
        assert upstream.requests == []
        assert proxy.decisions() == []

    def test_a_forced_pass_through_is_refused_too(self, proxy, allow):
        allow(allowed_models="claude-*", may_force=True)
        headers = {"x-api-key": proxy.key, "x-cascade": "off"}
        assert refused(proxy.post(make_body(), headers=headers), VERIFIER)

    def test_the_list_holds_what_may_be_asked(self, proxy, allow):
        proxy.provider.models.create(name="claude-one")
        proxy.provider.models.create(name="gpt-one")
        allow(allowed_models="claude-*")
        listed = proxy.call("GET", "/v1/models?limit=1000").json["data"]
        names = {model["id"] for model in listed}
        assert "claude-one" in names
        assert all(name.startswith("claude-") for name in names)

    def test_another_is_not_found_by_its_name(self, proxy, upstream, allow):
        allow(allowed_models="claude-*")
        got = proxy.call("GET", "/v1/models/gpt-one")
        assert (got.status, got.json["error"]["type"]) == (404, "not_found_error")
        assert upstream.requests == []


class TestRules:
    def test_one_that_is_allowed_applies(self, proxy, upstream, allow):
        proxy.add_rule()
        allow(allowed_rules="default")
        upstream.script(DRAFT, answer(DRAFT))
        assert proxy.ask().headers["x-cascade-outcome"] == "accepted"

    def test_others_are_passed_over(self, proxy, upstream, allow):
        proxy.add_rule(priority=1)
        CascadeRule.objects.create(
            name="thrifty", request_model="verifier-*", draft_model="cheap", priority=9
        )
        allow(allowed_rules="thrif*")
        upstream.script("cheap", answer("cheap"))
        proxy.ask()
        assert proxy.decision.rule == "thrifty"

    def test_what_none_of_them_applies_to_is_refused(self, proxy, upstream, allow):
        proxy.add_rule()
        allow(allowed_rules="other")
        assert refused(proxy.ask(), "none of them applies")
        assert upstream.requests == []

    def test_leaving_the_rule_by_force_is_refused(self, proxy, upstream, allow):
        proxy.add_rule()
        allow(allowed_rules="default", may_force=True)
        headers = {"x-api-key": proxy.key, "x-cascade": "off"}
        assert refused(proxy.post(make_body(), headers=headers), "certain rules")
        assert upstream.requests == []

    def test_the_list_holds_the_names_of_allowed_rules(self, proxy, allow):
        proxy.provider.models.create(name="claude-one")
        proxy.add_rule()
        allow(allowed_rules="default")
        listed = proxy.call("GET", "/v1/models").json["data"]
        assert [model["id"] for model in listed] == [VERIFIER]


class TestRotation:
    @pytest.fixture
    def ask(self, proxy, upstream, fresh_holder):
        def ask(key):
            fresh_holder.refresh()
            upstream.script(VERIFIER, answer())
            return proxy.post(make_body(), headers={"x-api-key": key}).status

        return ask

    def test_both_keys_work_during_the_overlap_and_are_one_in_reports(self, proxy, ask):
        new = proxy.row.rotate(overlap=timedelta(hours=1))
        assert (ask(proxy.key), ask(new)) == (200, 200)
        old_decision, new_decision = proxy.decisions()
        assert old_decision.key_name == new_decision.key_name == "acme"
        assert old_decision.key_prefix == proxy.key[:16]
        assert new_decision.key_prefix == new[:16]

    def test_both_share_one_limit(self, proxy, ask):
        proxy.row.requests_per_minute = 2
        new = proxy.row.rotate(overlap=timedelta(hours=1))
        assert [ask(proxy.key), ask(new), ask(proxy.key)] == [200, 200, 429]

    def test_the_old_key_ends_with_the_overlap(self, proxy, ask, monkeypatch):
        new = proxy.row.rotate(overlap=timedelta(hours=1))
        assert ask(proxy.key) == 200
        end = proxy.row.previous_until
        monkeypatch.setattr("routing.auth.timezone.now", lambda: end)
        assert (ask(proxy.key), ask(new)) == (401, 200)

    def test_without_an_overlap_it_ends_at_once(self, proxy, ask):
        new = proxy.row.rotate(overlap=timedelta())
        assert (ask(proxy.key), ask(new)) == (401, 200)

    def test_rotating_again_ends_what_the_last_one_left(self, proxy, ask):
        second = proxy.row.rotate(overlap=timedelta(hours=1))
        third = proxy.row.rotate(overlap=timedelta(hours=1))
        assert [ask(key) for key in (proxy.key, second, third)] == [401, 200, 200]

    def test_revoking_ends_both(self, proxy, ask):
        new = proxy.row.rotate(overlap=timedelta(hours=1))
        proxy.row.enabled = False
        proxy.row.save()
        assert (ask(proxy.key), ask(new)) == (401, 401)

    def test_an_overlap_does_not_outlive_the_key(self, proxy, ask, monkeypatch):
        proxy.row.expires_at = timezone.now() + timedelta(minutes=5)
        new = proxy.row.rotate(overlap=timedelta(hours=1))
        assert ask(proxy.key) == 200
        end = proxy.row.expires_at
        monkeypatch.setattr("routing.auth.timezone.now", lambda: end)
        assert (ask(proxy.key), ask(new)) == (401, 401)


def test_a_wrong_key_is_told_not_to_try_again(proxy, upstream):
    got = proxy.post(make_body(), headers={"x-api-key": "cp_live_wrong"})
    assert got.status == 401
    assert got.headers["x-should-retry"] == "false"
    assert upstream.requests == []
