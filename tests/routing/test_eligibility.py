"""Why a request is not drafted: each reason, its condition, and their order."""

from __future__ import annotations

import dataclasses

import msgspec
import pytest

from metrics.stakes import Stakes
from routing.dialects.openai import parse_request
from routing.eligibility import reason_against
from routing.facts import UNKNOWN, ModelFacts
from routing.types import NOTHING_RECALLED, CascadePlan, Recalled
from tests.builders import make_plan, make_request, make_target, make_tool
from tests.routing.builders import make_price

SIGNED = {"type": "thinking", "thinking": "", "signature": "c2ln"}
CALL = {"type": "tool_use", "id": "t1", "name": "read", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "t1", "content": "ok"}
FILE = {"type": "document", "source": {"type": "file", "file_id": "file_1"}}
PDF = {"type": "document", "source": {"type": "url", "url": "https://a.test/b"}}
TEXT_DOCUMENT = {"type": "document", "source": {"type": "text", "data": "Hello."}}
IMAGE = {"type": "image", "source": {"type": "base64", "data": "eA=="}}
SERVER_USE = {"type": "server_tool_use", "id": "s1", "name": "w", "input": {}}


def user(*blocks):
    return {"role": "user", "content": list(blocks) or "Go on."}


def assistant(*blocks):
    return {"role": "assistant", "content": list(blocks) or "Done."}


def why(*, foreign=False, facts=UNKNOWN, recalled=NOTHING_RECALLED, **fields):
    provider = "other" if foreign else "main"
    plan = make_plan(draft_provider=provider, draft_facts=facts)
    return reason_against(make_request(**fields), plan, recalled)


def test_a_plain_request_may_be_drafted_anywhere():
    assert why() is None
    assert why(foreign=True) is None


def test_without_a_draft_there_is_nothing_to_forbid():
    request = make_request(thread={"type": "create"})
    assert reason_against(request, CascadePlan(verifier=make_target())) is None


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"thread": {"type": "create"}}, "thread"),
        ({"compaction": {"type": "summarize"}}, "compaction"),
        (
            {"context_management": {"edits": [{"type": "compact_20260112"}]}},
            "compaction",
        ),
        ({"fallbacks": "default"}, "fallbacks"),
        ({"fallback_credit_token": "x"}, "fallback_credit_token"),
        ({"max_tokens": 0}, "max_tokens_zero"),
        ({"speed": "fast"}, "speed_fast"),
        ({"messages": [assistant({"type": "compaction"}), user()]}, "compaction"),
    ],
)
def test_some_requests_are_the_verifiers_alone(fields, reason):
    assert why(**fields) == reason


@pytest.mark.parametrize(
    "fields",
    [
        {"thread": None},
        {"fallbacks": []},
        {"context_management": {"edits": [{"type": "clear_thinking_20251015"}]}},
        {"max_tokens": 1},
        {"speed": "standard"},
        {"metadata": {"user_id": "fast"}, "diagnostics": {"previous_message_id": None}},
    ],
)
def test_what_only_looks_like_it_may_be_drafted(fields):
    assert why(**fields) is None


class TestToolLoops:
    LOOP = [user(), assistant(SIGNED, CALL), user(RESULT)]

    def test_a_loop_the_verifier_began_stays_with_it(self):
        recalled = Recalled(in_tool_loop=True)
        assert why(recalled=recalled, messages=self.LOOP) == "tool_loop_of_verifier"

    def test_a_loop_the_draft_began_goes_on_with_it_signed_thinking_or_not(self):
        recalled = Recalled(in_tool_loop=True, loop_of_draft=True)
        assert why(recalled=recalled, messages=self.LOOP) is None

    def test_outside_a_loop_nothing_binds(self):
        assert why(messages=[user(), assistant(SIGNED), user()]) is None


def test_a_draft_that_is_down_is_not_asked():
    assert why(recalled=Recalled(draft_down=True), thread={"type": "x"}) == "draft_down"


class TestPrefill:
    PREFILLED = {"messages": [user(), assistant()]}

    def test_needs_a_model_that_is_known_to_take_it(self):
        assert why(facts=ModelFacts(prefill=True), **self.PREFILLED) is None
        assert why(facts=ModelFacts(prefill=False), **self.PREFILLED) == "prefill"
        assert why(**self.PREFILLED) == "prefill"

    def test_a_system_message_at_the_end_hides_none(self):
        messages = [*self.PREFILLED["messages"], {"role": "system", "content": "x"}]
        assert why(messages=messages) == "prefill"


class TestWhatTheModelLacks:
    @pytest.mark.parametrize(
        ("fact", "fields"),
        [
            ("image_input", {"messages": [user(IMAGE)]}),
            ("image_input", {"messages": [user(RESULT | {"content": [IMAGE]})]}),
            ("pdf_input", {"messages": [user(PDF)]}),
            ("pdf_input", {"messages": [user(FILE)]}),
            ("structured_outputs", {"output_config": {"format": {"type": "x"}}}),
            ("structured_outputs", {"output_format": {"type": "json_schema"}}),
            ("structured_outputs", {"tools": [make_tool() | {"strict": True}]}),
            ("server_tools", {"tools": [{"type": "web_search_20260318"}]}),
            ("server_tools", {"tools": [{"type": "advisor_20260301"}]}),
            ("server_tools", {"messages": [assistant(SERVER_USE), user()]}),
        ],
    )
    def test_is_not_asked_of_it(self, fact, fields):
        assert why(facts=ModelFacts(**{fact: False}), **fields) == fact
        assert why(facts=ModelFacts(**{fact: True}), **fields) is None
        assert why(**fields) is None

    @pytest.mark.parametrize(
        "fields",
        [
            {"messages": [user(TEXT_DOCUMENT)]},
            {"messages": [user({"type": "text", "text": '{"type":"image"}'})]},
            {"output_config": {"effort": "low"}, "output_format": None},
            {"output_config": {"format": None}},
            {"tools": [make_tool("strict") | {"strict": False}]},
            {"tools": [{"type": "bash_20250124", "name": "bash"}]},
        ],
    )
    def test_what_it_takes_all_the_same(self, fields):
        lacks_all = ModelFacts(
            image_input=False,
            pdf_input=False,
            structured_outputs=False,
            server_tools=False,
        )
        assert why(facts=lacks_all, **fields) is None

    def test_a_prompt_beyond_its_limit_and_a_margin(self):
        facts = ModelFacts(max_input_tokens=1_000)
        assert why(facts=facts, system="x" * 3_500) is None
        assert why(facts=facts, system="x" * 5_000) is None
        assert why(facts=facts, system="x" * 6_000) == "prompt_limit"

    def test_what_cannot_be_adapted(self):
        facts = ModelFacts(max_output_tokens=100, thinking=frozenset({"adaptive"}))
        assert why(facts=facts, max_tokens=101) == "output_limit"
        off = {"type": "disabled"}
        assert why(facts=facts, max_tokens=9, thinking=off) == "thinking_disabled"


def test_the_first_reason_in_order_is_given():
    """Taken away one by one, the reasons come in the order of the documentation."""
    facts = ModelFacts(image_input=False, max_output_tokens=1)
    fields = {
        "thread": {"type": "create"},
        "speed": "fast",
        "safeguards": [{"type": "x"}],
        "max_tokens": 2,
        "messages": [user(IMAGE), assistant()],
    }
    recalled = Recalled(draft_down=True, in_tool_loop=True)
    steps = [
        ("draft_down", {}),
        ("tool_loop_of_verifier", {"recalled": Recalled(in_tool_loop=True)}),
        ("thread", {"recalled": Recalled()}),
        ("speed_fast", {"thread": None}),
        ("prefill", {"speed": None}),
        ("safeguards", {"messages": [user(IMAGE)]}),
        ("image_input", {"safeguards": None}),
        ("output_limit", {"messages": [user()]}),
        (None, {"max_tokens": 1}),
    ]
    asked = {"recalled": recalled, "facts": facts, "foreign": True, **fields}
    for reason, change in steps:
        asked |= change
        assert why(**asked) == reason


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [None],
        ["hello"],
        [{"role": "user"}],
        [{"role": ["user"], "content": {"signature": 1}}],
        [{"content": 7}, {"role": "user", "content": [None, SIGNED]}],
    ],
)
def test_odd_conversations_are_left_to_the_provider(messages):
    assert why(foreign=True, messages=messages) is None


# --- Money ----------------------------------------------------------------------------


def test_a_draft_that_costs_more_than_it_saves_is_left_out():
    stakes = Stakes(
        draft_price=lambda _: make_price(10), verifier_price=lambda _: make_price(1)
    )
    plan = dataclasses.replace(make_plan(), stakes=stakes)
    assert reason_against(make_request(), plan) == "economics"
    cheap = dataclasses.replace(stakes, draft_price=lambda _: make_price(0))
    plan = dataclasses.replace(plan, stakes=cheap)
    assert reason_against(make_request(), plan) is None


@pytest.mark.parametrize(
    ("fields", "dialect", "reason"),
    [
        ({}, "anthropic", None),
        ({"n": 2}, "openai", "other_dialect"),
        ({"n": 2}, "anthropic", "other_dialect"),
        ({"logprobs": True}, "openai", None),
        ({"logprobs": True}, "anthropic", "other_dialect"),
        ({"response_format": {"type": "json_object"}}, "openai", "other_dialect"),
    ],
)
def test_what_only_another_dialect_says_is_drafted_by_those_who_speak_it(
    fields, dialect, reason
):
    body = msgspec.json.encode(
        {"model": "m", "messages": [{"role": "user", "content": "Hi"}], **fields}
    )
    plan = make_plan()
    draft = dataclasses.replace(
        plan.draft, provider=dataclasses.replace(plan.draft.provider, dialect=dialect)
    )
    asked = dataclasses.replace(plan, draft=draft)
    assert reason_against(parse_request(body, headers=()), asked) == reason
