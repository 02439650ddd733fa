"""Money and limits where a model of OpenAI's shape is asked."""

from __future__ import annotations

import gzip
from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest
from django.utils import timezone

from metrics.models import ModelPrice
from routing import models, throttles
from routing.limits.expecting import Experience
from tests.api.test_chat import LARGE, PATH, TEXT, ask, body, chunks_in, streamed, whole
from tests.api.test_chat import openai as openai
from tests.fakes import EVENTS, HttpAnswer
from tests.routing.translating.speaking import DONE, USAGE, chunk

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _inexperienced(monkeypatch):
    monkeypatch.setattr(throttles, "_experience", Experience())


@pytest.fixture
def limit(proxy, fresh_holder):
    """Sets limits of the key `acme`."""

    def limit(**fields):
        models.ClientKey.objects.filter(name="acme").update(**fields)
        fresh_holder.forget()

    return limit


@pytest.fixture
def priced(db):
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
    @pytest.mark.usefixtures("priced")
    def test_a_stream_that_tells_no_usage_is_paid_for_by_what_was_heard(
        self, compatible, upstream, limit
    ):
        limit(usd_per_day=Decimal(1))
        upstream.script(LARGE, a_long_stream(DONE))
        assert ask(compatible, stream=True).body
        assert compatible.decision.cost_nusd is None
        got = ask(compatible, stream=True)
        assert (got.status, got.json["error"]["code"]) == (429, "insufficient_quota")

    @pytest.mark.usefixtures("priced")
    def test_so_is_one_its_client_leaves(self, openai, upstream, limit):
        limit(usd_per_day=Decimal(1))
        upstream.script(LARGE, a_long_stream(chunk(usage=USAGE), DONE))
        got = ask(openai, stream=True)
        for _ in range(450):
            next(got.chunks)
        got.close()
        assert ask(openai).status == 429

    @pytest.mark.usefixtures("priced")
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


def test_a_whole_answer_is_paid_for_as_it_says(openai, upstream, limit, priced):
    limit(usd_per_day=Decimal("0.2005"))
    upstream.script(LARGE, whole())
    assert ask(openai).status == 200
    assert openai.decision.cost_nusd == 1_200_000
