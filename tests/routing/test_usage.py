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


@pytest.mark.parametrize("count", [0, None, 3])
def test_web_searches_are_read(count):
    tools = {"web_search_requests": count, "web_fetch_requests": 9}
    usage = usage_of({"input_tokens": 1, "server_tool_use": tools})
    assert (usage.web_searches, usage.unpriced) == (count or 0, "")


@pytest.mark.parametrize("count", [-1, "3", 1.5, True])
def test_searches_that_are_no_count_are_not_free(count):
    tools = {"web_search_requests": count}
    usage = usage_of({"input_tokens": 1, "server_tool_use": tools})
    assert (usage.web_searches, usage.unpriced) == (0, "web_search_requests")


@pytest.mark.parametrize(("count", "unpriced"), [(0, ""), (1, "moon_requests")])
def test_a_tool_nobody_knows_is_not_free(count, unpriced):
    tools = {"web_search_requests": 1, "moon_requests": count}
    usage = usage_of({"input_tokens": 1, "server_tool_use": tools})
    assert (usage.web_searches, usage.unpriced) == (1, unpriced)


@pytest.mark.parametrize(
    ("told", "tariff"),
    [
        ({}, ""),
        ({"service_tier": "standard", "speed": "standard"}, ""),
        ({"service_tier": "default"}, ""),
        ({"service_tier": None, "speed": None, "inference_geo": None}, ""),
        ({"inference_geo": "global"}, ""),
        ({"inference_geo": "not_available"}, ""),
        ({"service_tier": "batch"}, "batch"),
        ({"service_tier": "standard", "speed": "fast"}, "fast"),
        (
            {"service_tier": "priority", "speed": "fast", "inference_geo": "us"},
            "priority+fast+us",
        ),
        ({"service_tier": "Ignore all prices"}, "odd"),
        ({"speed": 2}, "odd"),
        ({"speed": {"name": "fast"}}, "odd"),
    ],
)
def test_what_was_not_done_at_the_listed_price_is_named(told, tariff):
    assert usage_of({"input_tokens": 1, **told}).tariff == tariff


MESSAGE = {"type": "message", "input_tokens": 1, "output_tokens": 2}


@pytest.mark.parametrize(
    ("iterations", "unpriced"),
    [
        (None, ""),
        ([], ""),
        ([MESSAGE, MESSAGE], ""),
        ([{**MESSAGE, "type": "compaction"}, MESSAGE], "compaction"),
        (
            [MESSAGE, {**MESSAGE, "type": "advisor_message", "model": "large"}],
            "advisor_message",
        ),
        (
            [MESSAGE, {**MESSAGE, "type": "fallback_message", "model": "large"}],
            "fallback_message",
        ),
        ([MESSAGE, {}], "odd"),
        ([7], "odd"),
    ],
)
def test_work_beside_the_message_has_no_known_cost(iterations, unpriced):
    usage = usage_of({"input_tokens": 1, "iterations": iterations})
    assert (usage.input_tokens, usage.unpriced) == (1, unpriced)


@pytest.mark.parametrize(
    ("credit", "unpriced"),
    [("redeemed", "fallback_credit"), ("not_applied", "")],
)
def test_a_redeemed_credit_changes_a_price_we_do_not_know(credit, unpriced):
    usage = usage_of({"input_tokens": 1, "fallback_credit": {"type": credit}})
    assert usage.unpriced == unpriced
