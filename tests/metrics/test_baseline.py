import dataclasses

import pytest

from metrics.baseline import (
    baseline_of,
    estimate_nusd,
    total_cost_nusd,
    with_spares,
)
from metrics.caching import NOTHING_CACHED, TTL_S, Cached, Caches
from metrics.pricing import cost_nusd
from metrics.stakes import NO_STAKES, Stakes
from metrics.types import Price, Usage
from tests.builders import make_usage
from tests.metrics.builders import make_call

NOW = 1_000_000.0
VERIFIER_PRICE = Price(
    input_nusd=4_000_000_000,
    output_nusd=20_000_000_000,
    cache_read_nusd=200_000_000,
    cache_write_5m_nusd=5_000_000_000,
    cache_write_1h_nusd=8_000_000_000,
)
STAKES = Stakes(verifier_price=lambda _: VERIFIER_PRICE)
DRAFT = make_call(usage=Usage(input_tokens=1000, output_tokens=100))
VERIFIER = make_call(role="verifier", cost_nusd=7_000_000)
COLD = make_usage(10, 5, cache_write_5m=50_000)


def baseline(*calls, stakes=STAKES, caches=NOTHING_CACHED):
    return baseline_of(calls, stakes, caches)


def nusd(*calls, **known):
    return baseline(*calls, **known).nusd


def costs(usage):
    return cost_nusd(usage, VERIFIER_PRICE)


def cached(tokens, *, age_s=10.0):
    return Cached(
        tokens=tokens,
        at=NOW - age_s,
        ttl_s=TTL_S,
        prompt_tokens=tokens,
        estimated_tokens=tokens,
    )


def caches(**tokens):
    """What is held, by the names of `Caches`."""
    return Caches(now=NOW, **{name: cached(each) for name, each in tokens.items()})


def verifier(usage, **changes):
    values = {"price": VERIFIER_PRICE, "cost_nusd": costs(usage)}
    return make_call(role="verifier", usage=usage, **values | changes)


# --- An answer of another model -------------------------------------------------------


def test_an_accepted_draft_is_reckoned_at_the_verifiers_price():
    found = baseline(DRAFT)
    assert (found.nusd, found.basis) == (6_000_000, "estimate:cold")


def test_a_conversation_the_verifier_would_have_cached_is_cheap_for_it():
    draft = make_call(usage=COLD)
    assert nusd(draft) == costs(COLD)
    found = baseline(draft, caches=caches(alone=48_000))
    warm = make_usage(10, 5, cache_read=48_000, cache_write_5m=2_000)
    assert (found.nusd, found.basis) == (costs(warm), "estimate:warm")


def test_a_cache_that_has_gone_cold_by_itself_is_no_help():
    late = Caches(now=NOW, alone=cached(48_000, age_s=TTL_S))
    assert nusd(make_call(usage=COLD), caches=late) == costs(COLD)


def test_what_the_draft_reads_the_verifier_would_have_read():
    warm = make_usage(10, 5, cache_read=50_000)
    assert nusd(make_call(usage=warm)) == costs(warm)


def test_a_conversation_that_was_compacted_is_cold_for_the_verifier_too():
    known = caches(alone=80_000, draft=80_000)
    assert nusd(make_call(usage=COLD), caches=known) == costs(COLD)


def test_prompts_and_answers_are_counted_as_the_verifier_counts_them():
    stakes = dataclasses.replace(STAKES, token_ratio=1.3, output_ratio=2.0)
    draft = make_call(usage=make_usage(100, 50, cache_read=1_000, cache_write_5m=1_000))
    theirs = make_usage(130, 100, cache_read=1_300, cache_write_5m=1_300)
    assert nusd(draft, stakes=stakes) == costs(theirs)


def test_writes_for_an_hour_stay_writes_for_an_hour():
    draft = make_call(
        usage=make_usage(0, 5, cache_write_1h=9_000, cache_write_5m=1_000)
    )
    theirs = make_usage(
        0, 5, cache_read=4_000, cache_write_1h=5_000, cache_write_5m=1_000
    )
    assert nusd(draft, caches=caches(alone=4_000)) == costs(theirs)


def test_an_answer_of_the_fallback_is_reckoned_at_the_verifiers_price():
    failed = make_call(role="verifier", status=529, usage=None, cost_nusd=0)
    answered = make_call(role="fallback", usage=Usage(input_tokens=500))
    stakes = dataclasses.replace(STAKES, token_ratio=3.0)
    assert nusd(DRAFT, failed, answered, stakes=stakes) == 2_000_000


def test_a_fallback_that_failed_too_changes_nothing():
    failed = make_call(role="verifier", status=529, usage=None, cost_nusd=0)
    too = make_call(role="fallback", status=529, usage=None, cost_nusd=0)
    assert nusd(failed, too) == 0


def test_of_several_tries_of_a_draft_the_last_one_answered():
    busy = make_call(status=429, usage=None, cost_nusd=0)
    assert nusd(busy, DRAFT) == 6_000_000


def test_searches_would_have_been_made_all_the_same():
    searching = Usage(input_tokens=1000, web_searches=2)
    priced = dataclasses.replace(VERIFIER_PRICE, web_search_nusd=10_000_000)
    stakes = Stakes(verifier_price=lambda _: priced)
    assert nusd(make_call(usage=searching), stakes=stakes) == 24_000_000
    assert nusd(make_call(usage=searching)) is None


# --- The verifier itself --------------------------------------------------------------


def test_the_verifiers_own_cost_is_the_truth_when_it_was_asked():
    assert nusd(DRAFT, VERIFIER) == 7_000_000
    found = baseline(VERIFIER, stakes=NO_STAKES)
    assert (found.nusd, found.basis) == (7_000_000, "verifier")


def test_a_verifier_that_failed_would_have_failed_without_a_draft():
    failed = make_call(role="verifier", status=529, usage=None, cost_nusd=0)
    assert nusd(DRAFT, failed) == 0


def test_what_drafts_let_go_cold_is_no_cost_of_the_verifier_alone():
    found = baseline(DRAFT, verifier(COLD), caches=caches(alone=48_000))
    warm = make_usage(10, 5, cache_read=48_000, cache_write_5m=2_000)
    assert (found.nusd, found.basis) == (costs(warm), "verifier:warm")


def test_a_warm_verifier_lost_nothing():
    warm = make_usage(10, 5, cache_read=48_000, cache_write_5m=2_000)
    found = baseline(verifier(warm), caches=caches(alone=48_000, verifier=48_000))
    assert (found.nusd, found.basis) == (costs(warm), "verifier")


def test_a_compaction_is_no_fault_of_drafts():
    known = caches(alone=80_000, verifier=80_000)
    assert baseline(verifier(COLD), caches=known).basis == "verifier"


# --- Not known ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("calls", "stakes"),
    [
        ((make_call(usage=None),), STAKES),
        ((DRAFT,), NO_STAKES),
        ((DRAFT, make_call(role="verifier", cost_nusd=None)), STAKES),
    ],
)
def test_what_is_not_known_is_none_and_never_nothing(calls, stakes):
    found = baseline(*calls, stakes=stakes)
    assert (found.nusd, found.basis) == (None, "none")


def test_checks_of_our_own_are_no_part_of_it():
    judge = make_call(role="judge", cost_nusd=99)
    assert baseline(DRAFT, judge) == baseline(DRAFT)
    assert total_cost_nusd([DRAFT, judge]) == DRAFT.cost_nusd + 99


def test_nobody_asked_costs_nothing():
    assert (baseline().nusd, baseline().basis) == (0, "none")
    assert total_cost_nusd([]) == 0


def test_one_unknown_cost_makes_the_sum_unknown():
    assert total_cost_nusd([DRAFT, make_call(cost_nusd=None)]) is None


# --- The estimate where the truth is known --------------------------------------------


def estimate(*calls, known=NOTHING_CACHED, stakes=STAKES):
    return estimate_nusd(calls, stakes, known)


def test_an_escalation_tells_what_would_have_been_estimated():
    assert estimate(DRAFT, VERIFIER) == 6_000_000
    assert estimate(DRAFT, VERIFIER, stakes=NO_STAKES) is None


def test_it_is_given_the_cache_the_verifier_had():
    draft = make_call(usage=COLD)
    known = caches(alone=48_000, verifier=30_000)
    theirs = make_usage(10, 5, cache_read=30_000, cache_write_5m=20_000)
    assert estimate(draft, verifier(COLD), known=known) == costs(theirs)


def test_a_first_turn_reads_what_all_conversations_begin_with():
    draft = make_call(usage=make_usage(0, 5, cache_read=18_000, cache_write_5m=2_000))
    assert estimate(draft, VERIFIER) == costs(draft.usage)


def test_so_does_one_whose_caches_have_both_gone_cold():
    draft = make_call(usage=make_usage(0, 5, cache_read=18_000, cache_write_5m=2_000))
    gone = cached(20_000, age_s=TTL_S + 1)
    known = Caches(now=NOW, draft=gone, verifier=gone, alone=gone)
    assert estimate(draft, VERIFIER, known=known) == costs(draft.usage)


@pytest.mark.parametrize(
    "calls",
    [
        (DRAFT,),
        (VERIFIER,),
        (make_call(usage=None), VERIFIER),
        (make_call(status=500), VERIFIER),
        (make_call(usage=make_usage(5, 0)), VERIFIER),
        (DRAFT, make_call(role="verifier", status=529, usage=None, cost_nusd=0)),
    ],
)
def test_there_is_nothing_to_compare_unless_both_answered(calls):
    assert estimate(*calls) is None


# --- A verifier that was asked beside the draft ---------------------------------------


def spare():
    return make_call(role="spare", status=None, usage=None, price=None, cost_nusd=None)


def test_a_spare_verifier_costs_what_its_whole_answer_would_have():
    draft, paid = with_spares([DRAFT, spare()], STAKES, NOTHING_CACHED)
    assert draft == DRAFT
    assert paid.usage == DRAFT.usage
    assert paid.price == VERIFIER_PRICE
    assert paid.cost_nusd == costs(DRAFT.usage)


def test_beside_it_the_baseline_is_that_of_any_accepted_draft():
    calls = with_spares([DRAFT, spare()], STAKES, NOTHING_CACHED)
    assert baseline(*calls) == baseline(DRAFT)
    assert total_cost_nusd(calls) == DRAFT.cost_nusd + nusd(DRAFT)


def test_what_a_spare_reads_is_what_the_verifiers_cache_really_held():
    held = caches(verifier=8_000, draft=8_000, alone=9_000)
    usage = make_usage(200, 100, cache_read=8_000, cache_write_5m=1_800)
    told = dataclasses.replace(DRAFT, usage=usage)
    _, paid = with_spares([told, spare()], STAKES, held)
    assert paid.usage.cache_read_tokens == 8_000


@pytest.mark.parametrize("draft", [[], [dataclasses.replace(DRAFT, usage=None)]])
def test_without_a_drafts_usage_a_spare_costs_nobody_knows_what(draft):
    calls = with_spares([*draft, spare()], STAKES, NOTHING_CACHED)
    assert calls[-1].cost_nusd is None


def test_without_a_price_a_spares_cost_is_not_known():
    _, paid = with_spares([DRAFT, spare()], NO_STAKES, NOTHING_CACHED)
    assert (paid.usage, paid.cost_nusd) == (DRAFT.usage, None)
