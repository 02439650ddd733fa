"""Money and limits where a model of OpenAI's shape is asked."""

from __future__ import annotations

import gzip
from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest
from django.utils import timezone

from metrics.models import ModelPrice
from routing import models
from tests.api.chatting import (
    LARGE,
    PATH,
    SMALL,
    TEXT,
    ask,
    body,
    chunks_in,
    rule,
    streamed,
    whole,
)
from tests.builders import DRAFT, VERIFIER
from tests.fakes import EVENTS, HttpAnswer, message_bytes
from tests.routing.translating.speaking import (
    DONE,
    USAGE,
    chat_answer,
    chunk,
    chunk_of,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inexperienced")]


@pytest.fixture(autouse=True)
def _priced(db):
    """The model at $10 a million tokens read, $100 a million written."""
    ModelPrice.objects.create(
        provider="openai",
        model=LARGE,
        valid_from=timezone.now() - timedelta(days=1),
        input_usd=10,
        output_usd=100,
        cache_read_usd=1,
        cache_write_5m_usd=10,
        cache_write_1h_usd=10,
    )


@pytest.fixture
def compatible(openai, fresh_holder):
    """The proxy whose model is at a server nobody asks to count streams."""
    quirks = {"count_streams": False}
    models.Provider.objects.filter(name="other").update(quirks=quirks)
    fresh_holder.forget()
    return openai


def a_long_stream(*end):
    """500 chunks of 200 characters: more than a dollar of output."""
    texts = [chunk(content="word " * 40) for _ in range(500)]
    return streamed(chunk(role="assistant", content=""), *texts, chunk("stop"), *end)


class TestBudgets:
    def test_a_stream_that_tells_no_usage_is_paid_for_by_what_was_heard(
        self, compatible, upstream, limit
    ):
        limit(usd_per_day=Decimal(1))
        upstream.script(LARGE, a_long_stream(DONE))
        assert ask(compatible, stream=True).body
        assert compatible.decision.cost_nusd is None
        got = ask(compatible, stream=True)
        assert (got.status, got.json["error"]["code"]) == (429, "insufficient_quota")

    def test_so_is_one_its_client_leaves(self, openai, upstream, limit):
        limit(usd_per_day=Decimal(1))
        upstream.script(LARGE, a_long_stream(chunk(usage=USAGE), DONE))
        got = ask(openai, stream=True)
        for _ in range(450):
            next(got.chunks)
        got.close()
        assert ask(openai).status == 429

    def test_what_was_heard_is_expected_of_the_next(self, compatible, upstream, limit):
        limit(usd_per_day=Decimal(100))
        for _ in range(8):
            upstream.script(LARGE, a_long_stream(DONE))
            assert ask(compatible, stream=True).body
        told = compatible.decisions()[-1].calls[0].usage
        each = Decimal(told.input_tokens * 10 + told.output_tokens * 100) / 1_000_000
        limit(usd_per_day=each * Decimal("8.9"))
        assert ask(compatible).status == 429


class TestCountedStreams:
    """A stream is asked for its usage in its client's place."""

    SENT = (*TEXT, chunk(usage=USAGE), DONE)

    def test_openais_are_without_being_told_to(self, openai, upstream):
        upstream.script(LARGE, streamed(*self.SENT))
        got = ask(openai, stream=True)
        assert b'"usage":{' not in got.body
        assert chunks_in(got)[-1] == "[DONE]"
        asked = msgspec.json.decode(upstream.requests[0].read())
        assert asked["stream_options"] == {"include_usage": True}
        assert openai.decision.calls[0].usage.unpriced == ""

    def test_what_is_counted_for_us_is_asked_for_in_plain(self, openai, upstream):
        upstream.script(LARGE, streamed(*self.SENT))
        headers = {
            "authorization": f"Bearer {openai.key}",
            "accept-encoding": "gzip, br",
        }
        openai.post(body(stream=True), PATH, headers=headers)
        assert upstream.requests[0].headers["accept-encoding"] == "identity"

    def test_a_compressed_one_keeps_nothing_either(self, openai, upstream):
        packed = gzip.compress(b"".join(self.SENT))
        headers = (*EVENTS, ("content-encoding", "gzip"))
        upstream.script(LARGE, HttpAnswer(chunks=[packed], headers=headers))
        got = ask(openai, stream=True)
        assert "content-encoding" not in got.headers
        assert got.body == b"".join([*TEXT, DONE])
        assert openai.decision.calls[0].usage.output_tokens == 10

    def test_who_asks_for_it_gets_it_as_it_came(self, openai, upstream):
        upstream.script(LARGE, streamed(*self.SENT))
        headers = {"authorization": f"Bearer {openai.key}", "accept-encoding": "gzip"}
        asked = body(stream=True, stream_options={"include_usage": True})
        got = openai.post(asked, PATH, headers=headers)
        assert b'"usage":{' in got.body
        assert upstream.requests[0].headers["accept-encoding"] == "gzip"
        assert upstream.requests[0].read() == asked


def test_a_whole_answer_is_paid_for_as_it_says(openai, upstream, limit):
    limit(usd_per_day=Decimal("0.2005"))
    upstream.script(LARGE, whole())
    assert ask(openai).status == 200
    assert openai.decision.cost_nusd == 1_200_000


class TestLimitsOfOutput:
    @pytest.mark.parametrize(
        "asked",
        [
            {"max_tokens": 0},
            {"max_tokens": -1},
            {"max_tokens": True},
            {"max_tokens": "999"},
            {"max_completion_tokens": False},
            {"max_completion_tokens": 5, "max_tokens": 999_999},
            {"max_completion_tokens": 5, "max_tokens": "999999"},
            {"max_tokens": 50, "n": 3},
            {"max_tokens": 50, "n": "3"},
        ],
    )
    def test_no_other_way_of_saying_more_goes_up(self, openai, upstream, limit, asked):
        limit(max_tokens=100)
        got = ask(openai, **asked)
        assert (got.status, got.json["error"]["type"]) == (400, "invalid_request_error")
        assert upstream.requests == []

    def test_all_choices_together_may_come_to_the_limit(self, openai, upstream, limit):
        limit(max_tokens=100)
        upstream.script(LARGE, whole())
        assert ask(openai, max_tokens=50, n=2).status == 200

    @pytest.mark.parametrize("limits", [{"max_tokens": 100}, {"usd_per_day": 1}])
    def test_a_message_asks_for_no_number_below_none(
        self, openai, upstream, limit, limits
    ):
        limit(**limits)
        messages = [{"role": "user", "content": "Hi"}]
        asked = {"model": LARGE, "max_tokens": -1, "messages": messages}
        upstream.script(LARGE, HttpAnswer(status=400, chunks=[b"{}"]))
        got = openai.post(msgspec.json.encode(asked))
        assert got.status == 400
        assert len(upstream.requests) == (0 if "max_tokens" in limits else 1)

    @pytest.mark.parametrize("limit_asked", [0, -1, True, "5"])
    def test_a_model_of_anthropics_gets_no_limit_of_ours_for_a_wrong_one(
        self, openai, upstream, limit_asked
    ):
        got = ask(openai, model=VERIFIER, max_tokens=limit_asked)
        assert got.status == 400
        assert got.json["error"]["message"].startswith("max_tokens:")
        assert upstream.requests == []

    def test_where_none_is_said_any_server_may_have_its_own(self, openai, upstream):
        upstream.script(LARGE, whole())
        assert ask(openai, max_tokens=-1).status == 200


class TestOtherModels:
    @pytest.mark.parametrize("limits", [{"allowed_models": LARGE}, {"usd_per_day": 1}])
    @pytest.mark.parametrize(
        "asked", [{"models": ["gpt-dear"]}, {"route": "fallback"}, {"models": "x"}]
    )
    @pytest.mark.parametrize("path", [PATH, "/v1/responses"])
    def test_none_may_be_named_beside_the_one_that_was_allowed(
        self, openai, upstream, limit, limits, asked, path
    ):
        limit(**limits)
        got = ask(openai, path=path, **asked)
        assert (got.status, got.json["error"]["type"]) == (403, "permission_error")
        assert upstream.requests == []

    def test_a_key_for_anything_may_name_them(self, openai, upstream):
        upstream.script(LARGE, whole())
        assert ask(openai, models=["gpt-dear"]).status == 200

    def test_an_empty_list_names_none(self, openai, upstream, limit):
        limit(allowed_models=LARGE)
        upstream.script(LARGE, whole())
        assert ask(openai, models=[]).status == 200


def respond(proxy, **fields):
    headers = {"authorization": f"Bearer {proxy.key}"}
    asked = msgspec.json.encode({"model": LARGE, **fields})
    return proxy.post(asked, "/v1/responses", headers=headers)


def response(**fields):
    usage = {"input_tokens": 10, "output_tokens": 5}
    told = {"object": "response", "model": LARGE, "usage": usage, **fields}
    return HttpAnswer(chunks=[msgspec.json.encode(told)])


class TestResponses:
    @pytest.mark.parametrize("limits", [{"usd_per_day": 1}, {"tokens_per_minute": 9}])
    def test_nothing_runs_in_the_background_of_a_limit(
        self, openai, upstream, limit, limits
    ):
        limit(**limits)
        got = respond(openai, input="Hi", background=True)
        assert got.status == 400
        assert got.json["error"]["message"].startswith("background:")
        assert upstream.requests == []

    def test_without_one_it_may(self, openai, upstream, limit):
        limit(requests_per_minute=5)
        upstream.script(LARGE, response(status="queued", usage=None))
        assert respond(openai, input="Hi", background=True).status == 200

    def test_a_long_prompt_is_set_aside_for(self, openai, limit):
        limit(usd_per_day=Decimal("0.5"))
        for name in ("input", "instructions"):
            got = respond(openai, **{name: "word " * 40_000})  # some $0.57
            assert got.status == 429

    def test_a_picture_is_no_text(self, openai, upstream, limit):
        limit(usd_per_day=Decimal("0.5"))
        picture = f"data:image/png;base64,{'A' * 1_000_000}"
        part = {"type": "input_image", "image_url": picture}
        upstream.script(LARGE, response())
        got = respond(openai, input=[{"role": "user", "content": [part]}])
        assert got.status == 200

    def test_what_the_provider_ran_has_no_known_cost(self, openai, upstream):
        items = [{"type": "code_interpreter_call"}, {"type": "web_search_call"}]
        upstream.script(LARGE, response(output=items))
        respond(openai, input="Hi")
        (made,) = openai.decision.calls
        assert (made.usage.unpriced, made.cost_nusd) == ("code_interpreter", None)

    def test_nor_when_it_was_streamed(self, openai, upstream):
        told = {
            "object": "response",
            "usage": {"input_tokens": 10, "output_tokens": 5},
            "output": [{"type": "file_search_call"}],
        }
        done = {"type": "response.completed", "response": told}
        event = b"data: " + msgspec.json.encode(done) + b"\n\n"
        upstream.script(LARGE, HttpAnswer(chunks=[event], headers=EVENTS))
        assert respond(openai, input="Hi", stream=True).body
        assert openai.decision.calls[0].usage.unpriced == "file_search"

    def test_what_the_client_runs_costs_nothing_more(self, openai, upstream):
        items = [{"type": "function_call"}, {"type": "custom_tool_call"}]
        upstream.script(LARGE, response(output=items))
        respond(openai, input="Hi")
        assert openai.decision.calls[0].cost_nusd == 600_000

    def test_no_fallback_gets_what_another_provider_stored(self, openai, upstream):
        third = models.Provider(
            name="third", kind="openai_compatible", base_url="http://third.test"
        )
        third.save()
        third.models.create(name="mistral")
        rule(fallback_model="mistral")
        busy = HttpAnswer(status=503, chunks=[b'{"error":{"message":"busy"}}'])
        upstream.script(LARGE, busy)
        got = respond(openai, input="Hi", previous_response_id="resp_1")
        assert got.status == 503
        assert upstream.models == [LARGE]

    def test_no_forced_draft_elsewhere_gets_it_either(self, openai, upstream, limit):
        third = models.Provider(
            name="third", kind="openai_compatible", base_url="http://third.test"
        )
        third.save()
        third.models.create(name="mistral")
        rule(draft_model="mistral")
        limit(may_force=True)
        headers = {"authorization": f"Bearer {openai.key}", "x-cascade": "draft"}
        asked = msgspec.json.encode({"model": LARGE, "input": "Hi"})
        got = openai.post(asked, "/v1/responses", headers=headers)
        assert got.status == 400
        assert "stored_response" in got.json["error"]["message"]
        assert upstream.requests == []


class TestTiers:
    @pytest.mark.parametrize("tier", ["priority", "flex"])
    def test_a_tier_nobody_priced_costs_nobody_knows_what(self, openai, upstream, tier):
        told = chat_answer("4") | {"model": LARGE, "service_tier": tier}
        upstream.script(LARGE, HttpAnswer(chunks=[msgspec.json.encode(told)]))
        ask(openai, service_tier=tier)
        (made,) = openai.decision.calls
        assert (made.usage.tariff, made.cost_nusd) == (tier, None)

    def test_a_streamed_one_is_told_too(self, openai, upstream):
        last = chunk_of([], usage=USAGE, service_tier="priority")
        upstream.script(LARGE, streamed(*TEXT, last, DONE))
        assert ask(openai, stream=True).body
        assert openai.decision.calls[0].usage.tariff == "priority"

    def test_a_response_has_one(self, openai, upstream):
        upstream.script(LARGE, response(service_tier="priority"))
        respond(openai, input="Hi")
        assert openai.decision.calls[0].usage.tariff == "priority"

    def test_a_whole_draft_has_one(self, openai, upstream):
        rule()
        told = chat_answer("4") | {"model": SMALL, "service_tier": "flex"}
        upstream.script(SMALL, HttpAnswer(chunks=[msgspec.json.encode(told)]))
        assert ask(openai).headers["x-cascade-outcome"] == "accepted"
        assert openai.decision.calls[0].usage.tariff == "flex"

    @pytest.mark.parametrize("tier", ["default", "auto", None])
    def test_the_usual_one_costs_the_listed_price(self, openai, upstream, tier):
        told = chat_answer("4") | {"model": LARGE, "service_tier": tier}
        upstream.script(LARGE, HttpAnswer(chunks=[msgspec.json.encode(told)]))
        ask(openai)
        assert openai.decision.calls[0].cost_nusd

    def test_a_budget_counts_it_at_the_listed_price(self, openai, upstream, limit):
        limit(usd_per_day=Decimal("0.3"))
        usage = {"prompt_tokens": 5, "completion_tokens": 3_000}
        told = chat_answer("4", usage=usage) | {"service_tier": "priority"}
        upstream.script(LARGE, HttpAnswer(chunks=[msgspec.json.encode(told)]))
        assert ask(openai).status == 200
        assert ask(openai).status == 429


@pytest.mark.parametrize("choices", [None, {}, "odd", [1]])
def test_usage_beside_choices_that_are_none_counts(openai, upstream, choices):
    upstream.script(LARGE, streamed(*TEXT, chunk_of(choices, usage=USAGE), DONE))
    asked = {"stream": True, "stream_options": {"include_usage": True}}
    assert ask(openai, **asked).body
    (made,) = openai.decision.calls
    assert (made.usage.output_tokens, made.usage.unpriced) == (10, "")


def test_no_header_with_another_vendors_key_goes_up(openai, upstream):
    upstream.script(LARGE, whole())
    headers = {
        "authorization": f"Bearer {openai.key}",
        "api-key": "of-azure",
        "x-goog-api-key": "of-google",
        "x-team": "red",
    }
    assert openai.post(body(), PATH, headers=headers).status == 200
    (sent,) = upstream.requests
    assert "api-key" not in sent.headers
    assert "x-goog-api-key" not in sent.headers
    assert sent.headers["x-team"] == "red"


def test_a_rule_by_header_matches_clients_of_either_dialect(openai, upstream):
    rule(headers="x-team: red")
    upstream.script(SMALL, whole(model=SMALL), whole(model=SMALL))
    team = {"x-team": "red"}
    bearer = {"authorization": f"Bearer {openai.key}"}
    got = openai.post(body(), PATH, headers=bearer | team)
    assert got.headers["x-cascade-outcome"] == "accepted"
    asked = body(max_tokens=100)
    got = openai.post(asked, headers={"x-api-key": openai.key} | team)
    assert got.headers["x-cascade-outcome"] == "accepted"


def test_what_a_rule_goes_by_goes_to_no_other_dialect(openai, upstream):
    rule(VERIFIER, DRAFT, headers="x-team: red")
    upstream.script(DRAFT, HttpAnswer(chunks=[message_bytes(model=DRAFT)]))
    headers = {"authorization": f"Bearer {openai.key}", "x-team": "red"}
    got = openai.post(body(VERIFIER), PATH, headers=headers)
    assert got.headers["x-cascade-outcome"] == "accepted"
    assert "x-team" not in upstream.requests[0].headers
