import pytest

from metrics.caching import (
    TTL_S,
    Cached,
    Caches,
    cacheable_tokens,
    charged,
    is_other_prompt,
    warmed,
)
from tests.builders import make_usage

NOW = 1_000_000.0


def cached(tokens=50_000, *, age_s=0.0, ttl_s=TTL_S):
    return Cached(
        tokens=tokens,
        at=NOW - age_s,
        ttl_s=ttl_s,
        prompt_tokens=tokens,
        estimated_tokens=tokens,
    )


@pytest.mark.parametrize(("age_s", "held"), [(0, 50_000), (299, 50_000), (300, 0)])
def test_a_cache_holds_for_five_minutes(age_s, held):
    assert cached(age_s=age_s).held(NOW) == held


def test_a_cache_may_hold_for_an_hour():
    assert cached(age_s=3599, ttl_s=3600).held(NOW) == 50_000


def test_a_clock_that_went_back_holds_nothing():
    assert cached(age_s=-1).held(NOW) == 0


def test_the_gap_is_the_time_since_the_last_turn():
    assert Caches(now=NOW).gap_s is None
    assert Caches(now=NOW, alone=cached(age_s=40)).gap_s == 40


def test_what_is_read_or_written_lay_before_a_mark():
    usage = make_usage(5, cache_read=10, cache_write_5m=20, cache_write_1h=30)
    assert cacheable_tokens(usage) == 60


@pytest.mark.parametrize(
    ("held", "usage"),
    [
        (0, make_usage(1_000, 7, cache_write_5m=9_000)),
        (4_000, make_usage(1_000, 7, cache_read=4_000, cache_write_5m=5_000)),
        (99_000, make_usage(1_000, 7, cache_read=9_000)),
    ],
)
def test_a_prompt_reads_what_is_held_and_writes_the_rest(held, usage):
    assert charged(10_000, cacheable=9_000, held=held, output_tokens=7) == usage


def test_the_first_part_may_be_written_for_an_hour():
    usage = charged(9_000, cacheable=9_000, held=0, output_tokens=1, long_tokens=6_000)
    assert usage == make_usage(0, 1, cache_write_1h=6_000, cache_write_5m=3_000)


def test_a_prompt_that_is_too_short_is_not_cached():
    assert charged(1_023, cacheable=1_023, held=900, output_tokens=1) == make_usage(
        1_023, 1
    )


def test_a_warm_cache_reads_what_was_written():
    cold = make_usage(10, 5, cache_write_1h=3_000, cache_write_5m=6_000)
    warm = make_usage(10, 5, cache_read=8_000, cache_write_5m=1_000)
    assert warmed(cold, 8_000) == warm
    assert warmed(warm, 8_000) == warm
    assert warmed(cold, 0) == cold


def test_a_prompt_that_reads_far_less_than_is_held_is_another_one():
    again = make_usage(0, cache_read=48_000, cache_write_5m=2_000)
    compacted = make_usage(0, cache_write_5m=40_000)
    assert not is_other_prompt(cached(), again, NOW)
    assert is_other_prompt(cached(), compacted, NOW)
    assert not is_other_prompt(cached(age_s=600), compacted, NOW), "it had gone cold"
    assert not is_other_prompt(None, compacted, NOW)
