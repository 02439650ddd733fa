import pytest

from routing.usage import usage_of
from tests.builders import make_usage


def test_every_token_class_is_read():
    usage = {
        "input_tokens": 1,
        "output_tokens": 2,
        "cache_read_input_tokens": 3,
        "cache_creation_input_tokens": 9,
        "cache_creation": {
            "ephemeral_5m_input_tokens": 4,
            "ephemeral_1h_input_tokens": 5,
        },
    }
    assert usage_of(usage) == make_usage(
        1, 2, cache_read=3, cache_write_5m=4, cache_write_1h=5
    )


def test_cache_writes_of_untold_lifetime_are_five_minute_writes():
    usage = {"input_tokens": 1, "cache_creation_input_tokens": 9}
    assert usage_of(usage) == make_usage(1, 0, cache_write_5m=9)


def test_a_lifetime_told_for_some_leaves_the_others_at_five_minutes():
    usage = {
        "cache_creation_input_tokens": 9,
        "cache_creation": {"ephemeral_1h_input_tokens": 5},
    }
    assert usage_of(usage) == make_usage(0, 0, cache_write_5m=4, cache_write_1h=5)


def test_null_is_nothing():
    usage = {"input_tokens": None, "output_tokens": 2, "cache_creation": None}
    assert usage_of(usage) == make_usage(0, 2)


@pytest.mark.parametrize("count", [-1, 1.5, "7", True, [], 10**30, 10**8])
def test_what_is_no_count_is_not_told(count):
    assert usage_of({"input_tokens": count, "output_tokens": 2}) == make_usage(0, 2)
    assert usage_of({"input_tokens": count}) is None


@pytest.mark.parametrize("usage", [None, {}, [], "many", {"service_tier": "x"}])
def test_usage_that_tells_nothing_is_unknown(usage):
    assert usage_of(usage) is None
