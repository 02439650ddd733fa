"""Limits of a key as its clients meet them, through the whole proxy."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from metrics.models import ModelPrice
from routing import throttles
from routing.limits.ledgers import ledger
from routing.limits.terms import Settlement, day_name
from routing.models import ClientKey
from tests.builders import DRAFT, VERIFIER, make_body
from tests.fakes import HttpAnswer, message_bytes

pytestmark = pytest.mark.usefixtures("inexperienced")


@pytest.fixture
def priced(db):
    """The verifier at $1 a million tokens read, $10 a million written."""
    ModelPrice.objects.create(
        provider="anthropic",
        model=VERIFIER,
        valid_from=timezone.now() - timedelta(days=1),
        input_usd=1,
        output_usd=10,
        cache_read_usd=Decimal("0.1"),
        cache_write_5m_usd=Decimal("1.25"),
        cache_write_1h_usd=2,
    )


def answer(model=VERIFIER, **fields):
    return HttpAnswer(chunks=[message_bytes(model=model)], **fields)


@pytest.fixture
def ask(proxy, upstream):
    def ask(text="Hello", headers=None, **fields):
        upstream.script(VERIFIER, answer())
        headers = {"x-api-key": proxy.key} | (headers or {})
        return proxy.post(make_body(text, **fields), headers=headers)

    return ask


def kind_of(got):
    return got.status, got.json["error"]["type"]


def test_more_requests_than_a_minute_may_have_are_told_to_wait(ask, limit, proxy):
    limit(requests_per_minute=2)
    assert [ask().status for _ in range(2)] == [200, 200]
    got = ask()
    assert kind_of(got) == (429, "rate_limit_error")
    assert "2 requests a minute" in got.json["error"]["message"]
    assert 1 <= int(got.headers["retry-after"]) <= 61
    assert got.headers["anthropic-ratelimit-requests-limit"] == "2"
    assert got.headers["anthropic-ratelimit-requests-remaining"] == "0"
    assert "x-should-retry" not in got.headers
    assert len(proxy.decisions()) == 2, "what is refused is no decision"


def test_an_answer_says_how_much_is_left(ask, limit):
    limit(requests_per_minute=5)
    got = ask()
    assert got.headers["anthropic-ratelimit-requests-remaining"] == "4"
    assert got.headers["anthropic-ratelimit-requests-reset"].endswith("Z")


def test_what_the_provider_says_of_its_own_limits_stands(proxy, upstream, limit):
    limit(requests_per_minute=5)
    theirs = [("anthropic-ratelimit-requests-remaining", "977")]
    upstream.script(VERIFIER, answer(headers=theirs))
    got = proxy.ask()
    assert got.headers["anthropic-ratelimit-requests-remaining"] == "977"


def test_tokens_are_counted_as_the_provider_reports_them(ask, limit):
    limit(tokens_per_minute=5_000)
    ask(max_tokens=4_000)
    table = ledger().table(f"limits:{ClientKey.objects.get().pk}")
    assert sum(v for k, v in table.items() if k.startswith("w:tokens")) == 30


def test_a_request_larger_than_the_limit_may_go_alone(ask, limit):
    limit(tokens_per_minute=100)
    assert ask("word " * 1000).status == 200


def test_a_place_is_given_back_with_the_answer(ask, limit):
    limit(concurrent_requests=1)
    assert [ask().status for _ in range(3)] == [200] * 3


def test_a_place_is_given_back_when_the_client_leaves(proxy, upstream, limit):
    limit(concurrent_requests=1)
    upstream.script(VERIFIER, answer(), answer())
    proxy.ask().close()
    assert proxy.ask().status == 200


def test_a_second_request_at_once_is_told_to_wait(proxy, upstream, limit):
    limit(concurrent_requests=1)
    stream = [("content-type", "text/event-stream")]
    upstream.script(VERIFIER, HttpAnswer(headers=stream, chunks=[b": wait\n\n"] * 3))
    first = proxy.ask(stream=True)
    assert next(first.chunks)
    got = proxy.ask()
    assert kind_of(got) == (429, "rate_limit_error")
    assert "1 requests at once" in got.json["error"]["message"]
    first.close()
    upstream.script(VERIFIER, answer())
    assert proxy.ask().status == 200


def test_a_spent_budget_is_not_asked_for_again(ask, limit, priced):
    limit(usd_per_day=Decimal("0.0002"))
    assert ask(max_tokens=5).status == 200  # 20 tokens in and 10 out: $0.00012
    got = ask(max_tokens=9)
    assert kind_of(got) == (429, "rate_limit_error")
    assert got.json["error"]["details"] == {
        "error_code": "enforced_spend_limit_reached"
    }
    assert got.headers["x-should-retry"] == "false"
    assert "retry-after" not in got.headers
    assert "budget for this day is spent" in got.json["error"]["message"]


def test_a_month_is_a_budget_of_its_own(ask, limit, priced):
    limit(usd_per_month=Decimal("0.0002"), usd_per_day=Decimal(5))
    assert ask(max_tokens=5).status == 200
    assert "for this month" in ask(max_tokens=9).json["error"]["message"]


def test_a_day_begins_at_midnight_of_the_time_zone(ask, limit, priced, monkeypatch):
    limit(usd_per_day=Decimal("0.0002"))
    today = timezone.localdate()
    assert [ask(max_tokens=5).status, ask(max_tokens=9).status] == [200, 429]
    tomorrow = today + timedelta(days=1)
    monkeypatch.setattr(throttles.timezone, "localdate", lambda: tomorrow)
    assert [ask(max_tokens=5).status, ask(max_tokens=9).status] == [200, 429]


def test_a_request_over_midnight_is_of_the_day_it_began(
    proxy, upstream, limit, priced, monkeypatch
):
    limit(usd_per_day=Decimal(1))
    upstream.script(VERIFIER, answer())
    begun = day_name(timezone.localdate())
    tomorrow = timezone.localdate() + timedelta(days=1)
    admit = throttles.admit

    def then_midnight(*args):
        let_in = admit(*args)
        monkeypatch.setattr(throttles.timezone, "localdate", lambda: tomorrow)
        return let_in

    monkeypatch.setattr(throttles, "admit", then_midnight)
    assert proxy.ask().status == 200
    table = ledger().table(f"limits:{ClientKey.objects.get().pk}")
    spent = {name: nusd for name, nusd in table.items() if name.startswith("s:")}
    assert spent == {f"s:real:{begun}": 120_000}


def test_what_the_account_knows_counts_when_the_ledger_has_lost_it(
    ask, limit, priced, monkeypatch
):
    monkeypatch.setattr(
        "metrics.spending.by_key",
        lambda _names, day: {
            ("acme", False): throttles.Spent(
                day=day, day_nusd=2_000_000_000, month_nusd=2_000_000_000
            )
        },
    )
    limit(usd_per_day=Decimal(2))
    assert ask().status == 429


def test_a_budget_does_not_pay_for_what_has_no_price(ask, limit, upstream):
    limit(usd_per_day=Decimal(5))
    got = ask()
    assert kind_of(got) == (403, "permission_error")
    assert "price of verifier-large" in got.json["error"]["message"]
    assert upstream.requests == []


def test_more_output_than_the_key_may_ask_for_is_refused(ask, limit, upstream):
    limit(max_tokens=1000)
    got = ask(max_tokens=1001)
    assert kind_of(got) == (400, "invalid_request_error")
    assert "max_tokens: 1001 > 1000" in got.json["error"]["message"]
    assert upstream.requests == []
    assert ask(max_tokens=1000).status == 200


def test_a_larger_body_than_the_key_may_send_is_refused(ask, limit):
    limit(max_body_bytes=500)
    assert ask("x").status == 200
    assert kind_of(ask("x" * 500)) == (413, "request_too_large")


class TestSessions:
    SESSION = {"x-claude-code-session-id": "s-1"}

    def test_a_loop_is_stopped_and_not_tried_again(self, ask, limit):
        limit(session_requests=3)
        subagents = [
            self.SESSION | {"x-claude-code-agent-id": f"a{n}"} for n in range(4)
        ]
        got = [ask(headers=headers) for headers in subagents]
        assert [answer.status for answer in got] == [200, 200, 200, 429]
        assert got[-1].headers["x-should-retry"] == "false"
        assert "looks like a loop" in got[-1].json["error"]["message"]

    def test_another_session_of_the_key_goes_on(self, ask, limit):
        limit(session_requests=1)
        assert ask(headers=self.SESSION).status == 200
        assert ask(headers={"x-claude-code-session-id": "s-2"}).status == 200

    def test_an_older_client_names_it_in_its_metadata(self, ask, limit):
        limit(session_requests=1)
        named = {"metadata": {"user_id": "user_1_account__session_2"}}
        assert [ask(**named).status for _ in range(2)] == [200, 429]

    def test_who_names_none_is_never_taken_for_one(self, ask, limit):
        limit(session_requests=1)
        other = {"metadata": {"user_id": "customer-17"}}
        assert [ask(**other).status for _ in range(3)] == [200] * 3


def test_counting_tokens_and_listing_models_are_not_limited(proxy, upstream, limit):
    limit(requests_per_minute=1, concurrent_requests=1)
    path = "/v1/messages/count_tokens"
    upstream.script(VERIFIER, *[HttpAnswer(chunks=[b'{"input_tokens": 1}'])] * 26)
    got = [proxy.post(make_body(), path).status for _ in range(26)]
    assert set(got) == {200}
    assert proxy.call("GET", "/v1/models").status == 200


@pytest.mark.parametrize(
    ("mode", "rates", "budgets"),
    [("budgets_closed", 200, 503), ("open", 200, 200), ("closed", 503, 503)],
)
def test_when_nobody_can_count_the_setting_says_what_happens(
    ask, limit, priced, settings, monkeypatch, mode, rates, budgets
):
    settings.CASCADE_LIMITS_WHEN_AWAY = mode
    monkeypatch.setattr(ledger(), "admit", lambda *_: None)
    limit(requests_per_minute=5)
    assert ask().status == rates
    limit(usd_per_day=Decimal(5))
    assert ask().status == budgets


def test_a_key_without_limits_asks_nobody(ask, limit, settings, monkeypatch):
    settings.CASCADE_KEY_SESSION_REQUESTS = 0
    limit(tag="edited")
    for name in ("ledger", "session_ledger"):
        monkeypatch.setattr(throttles, name, lambda: pytest.fail("it was asked"))
    assert ask(headers=TestSessions.SESSION).status == 200


def test_a_limit_makes_no_query(
    ask, limit, priced, fresh_holder, django_assert_num_queries
):
    limit(requests_per_minute=9, usd_per_day=Decimal(5), concurrent_requests=9)
    fresh_holder.get()
    with django_assert_num_queries(0):
        assert ask().status == 200


def test_the_default_holds_for_keys_that_set_nothing(ask, limit, settings):
    settings.CASCADE_KEY_REQUESTS_PER_MINUTE = 1
    limit(tag="one")
    assert [ask().status for _ in range(2)] == [200, 429]
    limit(requests_per_minute=0)
    assert ask().status == 200, "0 is no limit"


def test_a_cascade_reserves_for_draft_and_verifier(proxy, upstream, limit, priced):
    proxy.add_rule()
    limit(usd_per_day=Decimal(5))
    upstream.script(DRAFT, answer(DRAFT))
    got = proxy.ask()
    assert kind_of(got) == (403, "permission_error"), "the draft has no price"


def test_waits_are_counted_by_limit(ask, limit):
    counted = throttles.instruments.REFUSED.labels("requests")
    before = counted._value.get()
    limit(requests_per_minute=1)
    ask()
    ask()
    assert counted._value.get() == before + 1


BATCHES = "/v1/messages/batches"


@pytest.fixture
def account(proxy, upstream):
    proxy.open_account()
    upstream.script(BATCHES, *[HttpAnswer(chunks=[b"{}"])] * 9)
    return proxy


def test_requests_to_the_account_are_requests_of_the_minute(account, limit, ask):
    limit(requests_per_minute=2)
    assert account.call("GET", BATCHES).status == 200
    assert ask().status == 200
    got = account.call("GET", BATCHES)
    assert kind_of(got) == (429, "rate_limit_error")
    assert "retry-after" in got.headers


def test_no_batch_begins_once_a_budget_is_spent(account, limit, ask, priced, upstream):
    limit(usd_per_day=1)
    assert account.post(b"{}", BATCHES).status == 200, "nothing is spent yet"
    key = ClientKey.objects.get(name="acme")
    day = day_name(timezone.localdate())
    ledger().settle(
        f"limits:{key.pk}", Settlement(spent_nusd=10**9, periods=(day,), purse="real")
    )
    asked = len(upstream.requests)
    got = account.post(b"{}", BATCHES)
    assert kind_of(got) == (429, "rate_limit_error")
    assert got.headers["x-should-retry"] == "false"
    assert len(upstream.requests) == asked


def test_when_nobody_can_count_a_key_with_a_budget_reaches_no_account(
    account, limit, monkeypatch
):
    limit(usd_per_day=1)
    monkeypatch.setattr(ledger(), "admit", lambda *_: None)
    assert account.call("GET", BATCHES).status == 503
