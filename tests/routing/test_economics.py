"""The expected-cost gate, at the prices of Haiku 5.5 before Opus 5.5."""

from __future__ import annotations

import dataclasses

import pytest

from metrics.caching import TTL_S, Cached, Caches
from metrics.stakes import NO_STAKES, Learned, Stakes
from metrics.types import Price
from routing.economics import (
    EXPLORED_ONE_IN,
    asks_for_long,
    caches_prompt,
    expected_costs,
    prospect_of,
    reason_against_cost,
)
from routing.types import CascadePlan, Recalled
from tests.builders import make_plan, make_request, make_target

NOW = 1_000_000.0
MARK = {"type": "ephemeral"}


def price(dollars, output, read, write, long):
    """A price in thousandths of a dollar per million tokens."""
    return Price(
        input_nusd=dollars * 10**6,
        output_nusd=output * 10**6,
        cache_read_nusd=read * 10**6,
        cache_write_5m_nusd=write * 10**6,
        cache_write_1h_nusd=long * 10**6,
    )


HAIKU = price(100, 500, 10, 125, 200)
LONG_HAIKU = price(500, 2_500, 50, 625, 1_000)
OPUS = price(4_000, 20_000, 200, 5_000, 8_000)
STAKES = Stakes(
    draft_price=lambda usage: LONG_HAIKU if usage.prompt_tokens > 100_000 else HAIKU,
    verifier_price=lambda _: OPUS,
)


def cached(tokens, *, age_s=20.0, gap_s=20.0, ttl_s=TTL_S):
    return Cached(
        tokens=tokens,
        at=NOW - age_s,
        ttl_s=ttl_s,
        prompt_tokens=tokens,
        estimated_tokens=tokens,
        gap_s=gap_s,
    )


def held(**tokens):
    """A conversation whose last turn was 20 seconds ago; 0 tokens: not there."""
    return Caches(now=NOW, **{name: cached(n) for name, n in tokens.items() if n})


def worth_it(tokens, caches, *, acceptance=0.7, stakes=STAKES, marked=True):
    prospect = prospect_of(
        tokens, marked=marked, long=False, stakes=stakes, caches=caches
    )
    expected = expected_costs(
        prospect, acceptance=acceptance, stakes=stakes, caches=caches
    )
    return expected.worth_it


# --- What is worth it -----------------------------------------------------------------


@pytest.mark.parametrize("tokens", [30, 2_000, 50_000, 99_000, 150_000])
def test_a_first_turn_is_drafted_however_long(tokens):
    assert worth_it(tokens, Caches())
    assert worth_it(tokens, Caches(), marked=False)


@pytest.mark.parametrize(
    ("tokens", "draft_holds", "drafted"),
    [
        (50_000, 0, True),  # a cold draft is a sixth of the warm verifier
        (99_000, 0, True),
        (101_000, 0, False),  # above 100,000 tokens all of them cost five times more
        (150_000, 0, False),
        (150_000, 149_000, True),
    ],
)
def test_beside_a_warm_verifier_a_draft_must_be_cheap(tokens, draft_holds, drafted):
    caches = held(alone=tokens - 900, verifier=tokens - 900, draft=draft_holds)
    assert worth_it(tokens, caches) is drafted


def test_a_draft_that_is_hardly_ever_accepted_is_not_worth_it():
    caches = held(alone=50_000, verifier=50_000)
    assert not worth_it(51_000, caches, acceptance=0.1)
    assert worth_it(51_000, caches, acceptance=0.9)


def test_a_cold_verifier_is_no_reason_to_put_off_what_must_be_written_anyway():
    caches = held(alone=120_000)
    assert not worth_it(121_000, caches, acceptance=0.2)
    assert worth_it(121_000, caches, acceptance=0.9)


def test_a_verifier_about_to_go_cold_is_kept_warm_when_it_is_needed_soon():
    last = cached(120_000)
    fresh = Caches(now=NOW, alone=last, draft=last, verifier=last)
    going = cached(120_000, age_s=TTL_S - 5)
    assert worth_it(121_000, fresh, acceptance=0.4)
    assert not worth_it(
        121_000, dataclasses.replace(fresh, verifier=going), acceptance=0.4
    )


def test_a_pause_does_not_make_the_next_turns_slow():
    steps = cached(120_000, age_s=400, gap_s=15)
    prospect = prospect_of(
        1, marked=True, long=False, stakes=STAKES, caches=Caches(now=NOW, alone=steps)
    )
    assert prospect.gap_s == 15


# --- What is expected -----------------------------------------------------------------


def test_earlier_turns_tell_how_far_an_estimate_is_off():
    half = dataclasses.replace(cached(60_000), estimated_tokens=120_000)
    stakes = dataclasses.replace(STAKES, token_ratio=1.5, output_ratio=2.0)
    for caches in (Caches(now=NOW, draft=half), Caches(now=NOW, alone=half)):
        tokens = 130_000 if caches.draft else 195_000
        found = prospect_of(
            tokens, marked=True, long=False, stakes=stakes, caches=caches
        )
        assert (found.draft_prompt_tokens, found.verifier_prompt_tokens) == (
            65_000,
            97_500,
        )
        assert found.verifier_output_tokens == 2 * found.draft_output_tokens


def test_a_client_that_marks_little_has_little_cached():
    little = dataclasses.replace(cached(10_000), prompt_tokens=40_000)
    caches = Caches(now=NOW, alone=little)
    known = {"long": False, "stakes": STAKES, "caches": caches}
    assert prospect_of(1, marked=True, **known).cached_share == 0.25
    assert prospect_of(1, marked=False, **known).cached_share == 0.0


@pytest.mark.parametrize("unknown", ["draft_price", "verifier_price"])
def test_without_a_price_nothing_is_expected(unknown):
    stakes = dataclasses.replace(STAKES, **{unknown: lambda _: None})
    known = {"stakes": stakes, "caches": Caches()}
    prospect = prospect_of(9, marked=True, long=False, **known)
    assert expected_costs(prospect, acceptance=0.5, **known) is None


# --- The reason -----------------------------------------------------------------------


def request(tokens=150_000, **fields):
    """A request whose prompt is estimated at so many tokens, its end marked."""
    text = {"type": "text", "text": "x" * int(tokens * 3.5), "cache_control": MARK}
    messages = [{"role": "user", "content": [text]}]
    return make_request(messages=messages, **fields)


SEVEN_IN_TEN = Learned(accepted=700, escalated=300)


KNOWN = dataclasses.replace(STAKES, learned=SEVEN_IN_TEN)


def plan(stakes=KNOWN):
    return dataclasses.replace(make_plan(), stakes=stakes)


DEAR = Recalled(caches=held(alone=149_000, verifier=149_000))
HOPELESS = Learned(escalated=400, draft_nusd=10, baseline_nusd=100)


def test_a_draft_that_is_not_worth_its_money_is_left_out():
    assert reason_against_cost(request(), plan(), DEAR) == "economics"
    assert reason_against_cost(request(), plan(), Recalled()) is None
    assert reason_against_cost(make_request(), plan(), Recalled()) is None


@pytest.mark.parametrize(
    "stakes",
    [
        NO_STAKES,
        dataclasses.replace(STAKES, gated=False),
        dataclasses.replace(STAKES, gated=False, learned=HOPELESS),
    ],
)
def test_a_rule_may_do_without_and_an_unknown_price_does(stakes):
    assert reason_against_cost(request(), plan(stakes), DEAR) is None


def test_without_a_rule_nothing_is_weighed():
    bare = CascadePlan(verifier=make_target(), stakes=STAKES)
    assert reason_against_cost(request(), bare, DEAR) is None


def test_a_paused_rule_still_drafts_a_trickle():
    paused = plan(dataclasses.replace(STAKES, learned=HOPELESS))
    asked = [make_request(f"question {n}") for n in range(2_000)]
    reasons = [reason_against_cost(each, paused, Recalled()) for each in asked]
    explored = reasons.count(None) + reasons.count("economics")
    assert reasons.count("paused") == 2_000 - explored
    assert 0.5 < explored / 2_000 * EXPLORED_ONE_IN < 2


def test_cache_marks_are_found_where_they_stand():
    assert not caches_prompt(make_request())
    assert caches_prompt(make_request(cache_control=MARK))
    assert not asks_for_long(make_request(cache_control=MARK))
    assert asks_for_long(make_request(cache_control={**MARK, "ttl": "1h"}))
