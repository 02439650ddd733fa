"""Which requests a rule is for beside model and key: tables; and what it costs."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing import conditions
from routing.conditions import Asked
from routing.config import Pattern, RuleConditions
from routing.dialects.anthropic import parse_request
from tests.builders import make_request, make_terms, make_tool
from tests.routing.builders import make_rule

SUBAGENT = (("x-claude-code-agent-id", "a1"),)
LONG = "word " * 1000


def unmet(request, **wanted):
    rule = make_rule(conditions=RuleConditions(**wanted))
    return conditions.unmet(rule, Asked(request))


def headers(*lines):
    pairs = (line.split(": ") for line in lines)
    return tuple((name, Pattern(pattern)) for name, pattern in pairs)


def in_words(**wanted):
    return conditions.in_words(RuleConditions(**wanted))


def test_without_conditions_every_request_is_meant():
    assert unmet(make_request()) == ""
    assert unmet(make_request(stream=True, tools=[make_tool()])) == ""


@pytest.mark.parametrize(
    ("wanted", "stream", "met"),
    [
        ("streamed", True, True),
        ("streamed", False, False),
        ("whole", True, False),
        ("whole", False, True),
        ("any", True, True),
    ],
)
def test_streaming(wanted, stream, met):
    missed = unmet(make_request(stream=stream), streaming=wanted)
    assert missed == ("" if met else "streaming")


@pytest.mark.parametrize(
    ("fields", "has_tools"),
    [
        ({"tools": [make_tool()]}, True),
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, True),
        ({"tools": []}, False),
        ({"tools": None}, False),
        ({}, False),
    ],
)
def test_an_empty_list_of_tools_is_none(fields, has_tools):
    request = make_request(**fields)
    assert (unmet(request, tools="with") == "") is has_tools
    assert (unmet(request, tools="without") == "") is not has_tools


def test_a_list_of_tools_may_be_empty_in_many_ways():
    body = b'{"model": "verifier-large", "messages": [], "tools": [ \n ]}'
    full = body.replace(b"\n", b"{}")
    assert not Asked(parse_request(body, headers=())).tools
    assert Asked(parse_request(full, headers=())).tools


@pytest.mark.parametrize(
    ("wanted", "from_subagent", "met"),
    [
        ("only", SUBAGENT, True),
        ("only", (), False),
        ("never", SUBAGENT, False),
        ("never", (), True),
    ],
)
def test_subagents(wanted, from_subagent, met):
    missed = unmet(make_request(headers=from_subagent), subagents=wanted)
    assert missed == ("" if met else "subagents")


@pytest.mark.parametrize(
    ("line", "met"),
    [
        ("x-app: cli", True),
        ("x-app: cl*", True),
        ("x-app: c", False),
        ("x-app: CLI", False),
        ("x-app: *", True),
        ("x-other: *", False),
        ("anthropic-beta: *two*", True),
        ("anthropic-beta: one,two", True),
        ("x-forwarded-for: 192.0.2.*", True),
        ("x-cascade-team: blue", True),
        ("host: proxy.test", True),
    ],
)
def test_a_header_is_matched_whole_wherever_it_goes(line, met):
    request = make_request(
        headers=(
            ("x-app", "cli"),
            ("anthropic-beta", "one"),
            ("anthropic-beta", "two"),
            ("x-forwarded-for", "192.0.2.7"),
            ("x-cascade-team", "blue"),
            ("host", "proxy.test"),
        )
    )
    assert unmet(request, headers=headers(line)) == ("" if met else "headers")


def test_all_headers_must_match():
    request = make_request(headers=(("x-app", "cli"), ("x-team", "blue")))
    assert unmet(request, headers=headers("x-app: cli", "x-team: b*")) == ""
    assert unmet(request, headers=headers("x-app: cli", "x-team: r*")) == "headers"


@pytest.mark.parametrize(
    "name", ["authorization", "x-api-key", "cookie", "proxy-authorization"]
)
def test_a_header_that_carries_a_key_is_never_looked_at(name):
    request = make_request(headers=((name, "secret"),))
    assert unmet(request, headers=headers(f"{name}: *")) == "headers"


def test_prompt_size_includes_both_ends():
    tokens = Asked(make_request(LONG)).prompt_tokens
    assert 700 < tokens < 3000
    for low, high, met in (
        (tokens, None, True),
        (tokens + 1, None, False),
        (None, tokens, True),
        (None, tokens - 1, False),
        (tokens, tokens, True),
        (None, None, True),
    ):
        missed = unmet(
            make_request(LONG), min_prompt_tokens=low, max_prompt_tokens=high
        )
        assert missed == ("" if met else "prompt_size"), (low, high)


# --- Rollout --------------------------------------------------------------------------


def sessions(count):
    return [
        make_request(headers=(("x-claude-code-session-id", str(number)),))
        for number in range(count)
    ]


def taken(percent, *, name="default", count=2000):
    rule = make_rule(
        terms=make_terms(name=name), conditions=RuleConditions(rollout_percent=percent)
    )
    requests = enumerate(sessions(count))
    return {n for n, request in requests if not conditions.unmet(rule, Asked(request))}


def test_a_rollout_takes_about_its_share_of_conversations():
    assert 150 < len(taken(10.0)) < 250
    assert taken(0.0) == set()
    assert len(taken(100.0)) == 2000


def test_a_larger_rollout_only_adds_conversations():
    shares = [taken(percent, count=500) for percent in (1.0, 10.0, 50.0, 99.9)]
    for smaller, larger in itertools.pairwise(shares):
        assert smaller < larger


def test_every_rule_draws_conversations_of_its_own():
    assert taken(10.0, count=500) != taken(10.0, name="other", count=500)


@given(name=st.text(max_size=20), conversation=st.binary(min_size=16, max_size=16))
def test_a_side_is_below_100_and_stays(name, conversation):
    side = conditions.side_of(name, conversation)
    assert 0 <= side < 100
    assert conditions.side_of(name, conversation) == side


def test_a_conversation_stays_on_its_side_while_it_grows():
    first = [{"role": "user", "content": "Hello"}]
    later = [*first, {"role": "assistant", "content": "Hi"}, *first]
    sides = {
        conditions.side_of("r", Asked(make_request(messages=turns)).conversation)
        for turns in (first, later)
    }
    assert len(sides) == 1


# --- Cost -----------------------------------------------------------------------------


@pytest.fixture
def counted(monkeypatch):
    counts = {"estimated_prompt_tokens": 0, "conversation_of": 0}

    def count(name):
        original = getattr(conditions, name)

        def counting(request):
            counts[name] += 1
            return original(request)

        monkeypatch.setattr(conditions, name, counting)

    for name in counts:
        count(name)
    return counts


def test_what_nobody_asks_for_is_not_found_out(counted):
    assert unmet(make_request()) == ""
    assert unmet(make_request(), tools="without", streaming="whole") == ""
    costly = {"max_prompt_tokens": 1, "rollout_percent": 50.0}
    assert unmet(make_request(), tools="with", **costly) == "tools"
    assert counted == {"estimated_prompt_tokens": 0, "conversation_of": 0}


def test_what_several_rules_ask_for_is_found_out_once(counted):
    asked = Asked(make_request())
    for low, percent in ((9000, 1.0), (1, 0.001), (1, 0.002)):
        wanted = RuleConditions(min_prompt_tokens=low, rollout_percent=percent)
        conditions.unmet(make_rule(conditions=wanted), asked)
    assert counted == {"estimated_prompt_tokens": 1, "conversation_of": 1}


# --- In words -------------------------------------------------------------------------


def test_says_in_words_what_is_set_and_nothing_else():
    assert in_words() == {}
    assert in_words(
        streaming="whole",
        tools="with",
        subagents="only",
        headers=headers("x-app: cli*", "x-team: blue"),
        max_prompt_tokens=8000,
        rollout_percent=2.5,
    ) == {
        "streaming": "not streamed",
        "tools": "with tools",
        "subagents": "subagents only",
        "headers": "x-app: cli* and x-team: blue",
        "prompt_size": "prompts up to 8,000 tokens",
        "rollout": "2.5 % of conversations",
    }


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(1, 2000, "prompts of 1 to 2,000 tokens"), (10, None, "prompts from 10 tokens")],
)
def test_says_how_long_prompts_are_to_be(low, high, words):
    said = in_words(min_prompt_tokens=low, max_prompt_tokens=high)
    assert said == {"prompt_size": words}
