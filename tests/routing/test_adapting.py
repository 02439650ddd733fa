"""The draft's copy: what changes, by which bytes, and what never does."""

from __future__ import annotations

import dataclasses

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.adapting import draft_copy, obstacle
from routing.body import look, span_of
from routing.dialects.anthropic import parse_request
from routing.facts import ModelFacts
from routing.types import CascadePlan
from tests.builders import (
    DRAFT,
    make_body,
    make_plan,
    make_request,
    make_target,
    make_terms,
    make_tool,
)

OLD_WIRE = (("anthropic-version", "2023-06-01"),)
NEW_WIRE = (("anthropic-version", "2026-10-21"),)
ALWAYS_THINKS = ModelFacts(thinking=frozenset({"adaptive"}), efforts=("low", "high"))
TAKES_A_BUDGET = ModelFacts(thinking=frozenset({"enabled", "disabled"}), efforts=())
# Refuses all that can be refused.
SPARE = ModelFacts(
    thinking=frozenset(), efforts=(), sampling=False, forced_tool_choice=False
)


def sent(facts, *, headers=OLD_WIRE, clamp=False, **fields):
    """What the draft's copy has in place of each of `fields`, None where it is gone."""
    plan = make_plan(draft_facts=facts, terms=make_terms(clamp_max_tokens=clamp))
    request = make_request(headers=headers, **fields)
    copy = draft_copy(request, plan)
    assert_consistent(copy)
    assert_untouched(request, copy)
    return {name: copy.get(name) for name in fields}


def why(facts, *, clamp=False, **fields):
    plan = make_plan(draft_facts=facts, terms=make_terms(clamp_max_tokens=clamp))
    request = make_request(headers=OLD_WIRE, **fields)
    reason = obstacle(request, plan.draft, plan.rule)
    if reason:
        assert draft_copy(request, plan) is request
    return reason


def assert_consistent(copy):
    """Everything a copy says of its body is so."""
    parsed = parse_request(copy.body, headers=copy.headers)
    assert parsed == dataclasses.replace(copy, headers=parsed.headers)
    assert list(copy.fields) == list(parsed.fields)
    assert span_of(copy.body, copy.fields, "model") == copy.model_span
    assert msgspec.json.decode(copy.body_for(DRAFT))["model"] == DRAFT


def assert_untouched(request, copy):
    for name in ("model", "system", "tools", "messages", "stream", "metadata"):
        assert copy.fields.get(name) == request.fields.get(name)


def test_without_facts_or_a_draft_the_copy_is_the_request():
    request = make_request(thinking={"type": "enabled", "budget_tokens": 2048})
    for plan in (make_plan(), CascadePlan(verifier=make_target())):
        assert draft_copy(request, plan) is request
    assert obstacle(request, make_target(), make_terms()) is None


def test_a_request_that_suits_the_model_is_its_own_copy():
    facts = ModelFacts(
        thinking=frozenset({"adaptive"}),
        efforts=("low",),
        sampling=True,
        forced_tool_choice=True,
        max_output_tokens=1024,
    )
    request = make_request(
        thinking={"type": "adaptive"},
        output_config={"effort": "low"},
        tool_choice={"type": "any"},
        temperature=0.5,
    )
    assert draft_copy(request, make_plan(draft_facts=facts)) is request


class TestThinking:
    def test_a_budget_becomes_an_effort_the_model_takes(self):
        asked = {"type": "enabled", "budget_tokens": 5000, "display": "omitted"}
        assert sent(ALWAYS_THINKS, thinking=asked, output_config=None) == {
            "thinking": {"type": "adaptive", "display": "omitted"},
            "output_config": {"effort": "low"},
        }

    def test_an_effort_is_added_where_there_was_no_place_for_it(self):
        plan = make_plan(draft_facts=ALWAYS_THINKS)
        asked = {"type": "enabled", "budget_tokens": 20_000}
        copy = draft_copy(make_request(thinking=asked), plan)
        assert_consistent(copy)
        assert copy.get("output_config") == {"effort": "high"}

    def test_an_effort_becomes_a_budget(self):
        asked = {"type": "adaptive"}
        config = {"effort": "high", "task_budget": {"type": "tokens"}}
        changed = sent(
            TAKES_A_BUDGET, thinking=asked, output_config=config, max_tokens=64_000
        )
        assert changed["thinking"] == {"type": "enabled", "budget_tokens": 16_384}
        assert changed["output_config"] == {"task_budget": {"type": "tokens"}}

    def test_no_budget_goes_with_a_forced_tool(self):
        choice = {"type": "tool", "name": "get_weather"}
        changed = sent(
            TAKES_A_BUDGET,
            thinking={"type": "adaptive"},
            tool_choice=choice,
            tools=[make_tool()],
            max_tokens=64_000,
        )
        assert changed["thinking"] == {"type": "disabled"}
        assert changed["tool_choice"] == choice

    def test_a_tool_that_is_not_forced_after_all_leaves_the_budget(self):
        facts = dataclasses.replace(TAKES_A_BUDGET, forced_tool_choice=False)
        changed = sent(
            facts,
            thinking={"type": "adaptive"},
            tool_choice={"type": "any"},
            max_tokens=64_000,
        )
        assert changed["thinking"]["type"] == "enabled"
        assert changed["tool_choice"] == {"type": "auto"}

    def test_a_model_that_always_thinks_cannot_be_told_not_to(self):
        assert why(ALWAYS_THINKS, thinking={"type": "disabled"}) == "thinking_disabled"
        between = {"type": "between_tools"}
        assert why(ALWAYS_THINKS, thinking=between) == "thinking_disabled"
        assert why(ALWAYS_THINKS, thinking={"type": "adaptive"}) is None

    def test_a_model_without_thinking_is_not_asked_for_it(self):
        assert sent(SPARE, thinking={"type": "adaptive"}) == {"thinking": None}

    def test_who_clears_thinking_must_think(self):
        clearing = {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]}
        thinking = {"type": "adaptive"}
        asked = {"context_management": clearing, "thinking": thinking}
        assert why(SPARE, **asked) == "clear_thinking"
        assert why(TAKES_A_BUDGET, **asked, max_tokens=64_000) is None
        assert why(TAKES_A_BUDGET, **asked, max_tokens=1_500) == "clear_thinking"
        assert why(SPARE, context_management=clearing) is None

    @pytest.mark.parametrize("odd", ["x", 7, [], True, {"type": None}, {}])
    def test_what_cannot_be_read_is_left_to_the_provider(self, odd):
        assert sent(SPARE, thinking=odd) == {"thinking": odd}
        assert why(ALWAYS_THINKS, thinking=odd) is None


class TestEffort:
    @pytest.mark.parametrize(
        ("taken", "asked", "sent_on"),
        [
            (("low", "medium", "high"), "max", "high"),
            (("low", "medium", "high", "max"), "xhigh", "high"),
            (("low", "high"), "medium", "low"),
            (("high", "max"), "low", "high"),
            (("low",), "low", "low"),
            (("low",), "tomorrow", "tomorrow"),
            (None, "max", "max"),
        ],
    )
    def test_the_nearest_lower_level_stands_in(self, taken, asked, sent_on):
        facts = ModelFacts(efforts=taken)
        changed = sent(facts, output_config={"effort": asked})
        assert changed == {"output_config": {"effort": sent_on}}

    @pytest.mark.parametrize("level", ["high", "tomorrow"])
    def test_a_model_that_takes_none_is_given_none(self, level):
        assert sent(SPARE, output_config={"effort": level}) == {"output_config": None}

    def test_what_stands_beside_it_keeps_its_bytes(self):
        schema = b'{"type":"json_schema","schema":{ "a" : 1.0e1,"a":2 }}'
        body = make_body(output_config=0).replace(
            b'"output_config":0',
            b'"output_config" : {"effort":"max", "format" : ' + schema + b"}",
        )
        request = parse_request(body, headers=OLD_WIRE)
        copy = draft_copy(request, make_plan(draft_facts=SPARE))
        assert_consistent(copy)
        assert bytes(copy.fields["output_config"]) == b'{"format":' + schema + b"}"

    @pytest.mark.parametrize("odd", ["x", 7, [], {"effort": None}, {"effort": 1}])
    def test_what_cannot_be_read_is_left_to_the_provider(self, odd):
        assert sent(SPARE, output_config=odd) == {"output_config": odd}


class TestToolChoice:
    @pytest.mark.parametrize("forced", [{"type": "any"}, {"type": "tool", "name": "x"}])
    def test_a_model_that_refuses_to_be_forced_chooses(self, forced):
        asked = {**forced, "disable_parallel_tool_use": True}
        assert sent(SPARE, tool_choice=asked) == {
            "tool_choice": {"type": "auto", "disable_parallel_tool_use": True}
        }
        assert sent(SPARE, tool_choice=forced) == {"tool_choice": {"type": "auto"}}

    @pytest.mark.parametrize(
        "choice",
        [{"type": "auto"}, {"type": "none"}, None, {}, "any", {"type": ["any"]}],
    )
    def test_any_other_choice_stays(self, choice):
        assert sent(SPARE, tool_choice=choice) == {"tool_choice": choice}


class TestSampling:
    def test_is_left_out_where_the_model_takes_none(self):
        assert sent(SPARE, temperature=0.2, top_p=0.9, top_k=5) == {
            "temperature": None,
            "top_p": None,
            "top_k": None,
        }

    def test_stays_where_the_wire_refuses_it_anyway(self):
        for headers in (NEW_WIRE, ()):
            assert sent(SPARE, headers=headers, temperature=1) == {"temperature": 1}


class TestMaxTokens:
    LIMITED = ModelFacts(max_output_tokens=64_000)

    def test_is_clamped_when_the_rule_says_so(self):
        request = make_request(max_tokens=128_000)
        plan = make_plan(
            draft_facts=self.LIMITED, terms=make_terms(clamp_max_tokens=True)
        )
        copy = draft_copy(request, plan)
        assert_consistent(copy)
        assert copy.max_tokens == copy.get("max_tokens") == 64_000

    def test_is_an_obstacle_otherwise(self):
        assert why(self.LIMITED, max_tokens=64_001) == "output_limit"
        assert why(self.LIMITED, max_tokens=64_000) is None
        assert why(self.LIMITED, max_tokens=None) is None
        assert why(self.LIMITED, max_tokens=64_001, clamp=True) is None

    def test_a_clamp_takes_a_budget_with_it(self):
        changed = sent(
            dataclasses.replace(TAKES_A_BUDGET, max_output_tokens=64_000),
            clamp=True,
            max_tokens=128_000,
            thinking={"type": "enabled", "budget_tokens": 100_000},
        )
        assert changed["thinking"] == {"type": "enabled", "budget_tokens": 32_000}


FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "thinking": st.sampled_from(
            [
                {"type": "adaptive"},
                {"type": "disabled"},
                {"type": "enabled", "budget_tokens": 2_048},
            ]
        ),
        "output_config": st.sampled_from([{"effort": "max"}, {"format": {"a": "}"}}]),
        "tool_choice": st.sampled_from([{"type": "any"}, {"type": "auto"}]),
        "temperature": st.just(0.5),
        "top_p": st.just(1),
        "top_k": st.just(3),
        "system": st.just('say "model": and }'),
        "metadata": st.just({"user_id": "{}"}),
    },
)
FACTS = st.builds(
    ModelFacts,
    thinking=st.none()
    | st.frozensets(st.sampled_from(["adaptive", "enabled", "disabled"])),
    efforts=st.sampled_from([None, (), ("low", "high")]),
    sampling=st.sampled_from([None, True, False]),
    forced_tool_choice=st.sampled_from([None, True, False]),
    max_output_tokens=st.sampled_from([None, 1_000, 4_096]),
)


@given(fields=FIELDS, facts=FACTS, data=st.data(), clamp=st.booleans())
def test_a_copy_is_a_request_that_suits_the_model_whatever_its_order(
    fields, facts, data, clamp
):
    """Adapting twice changes nothing more, and only what may change has changed."""
    members = {"model": "verifier-large", "max_tokens": 4_096, "messages": []} | fields
    order = data.draw(st.permutations(list(members)))
    gap = data.draw(st.sampled_from(["", " ", "\n\t"]))
    text = f",{gap}".join(
        f'"{n}"{gap}:{gap}{msgspec.json.encode(members[n]).decode()}' for n in order
    )
    body = f"{gap}{{{gap}{text}{gap}}}{gap}".encode()
    request = parse_request(body, headers=OLD_WIRE)
    plan = make_plan(draft_facts=facts, terms=make_terms(clamp_max_tokens=clamp))
    copy = draft_copy(request, plan)
    assert_consistent(copy)
    assert_untouched(request, copy)
    if obstacle(request, plan.draft, plan.rule) is None:
        assert draft_copy(copy, plan) is copy
    else:
        assert copy is request


def test_no_byte_beside_the_changes_moves():
    body = (
        b'{ "temperature":0.1 ,"model" : "verifier-large",\n "system":"a\\u0062c",'
        b'"max_tokens":10,"messages":[{"role":"user", "content":"a"}] , "top_p" : 1 }\n'
    )
    copy = draft_copy(
        parse_request(body, headers=OLD_WIRE), make_plan(draft_facts=SPARE)
    )
    assert copy.body == (
        b'{ "model" : "verifier-large",\n "system":"a\\u0062c",'
        b'"max_tokens":10,"messages":[{"role":"user", "content":"a"}] }\n'
    )
    assert look(copy.body).keys() == copy.fields.keys()
