"""What holds of deciding for any request whatever; see `tests.fuzz.properties`."""

from __future__ import annotations

import dataclasses

from routing import adapting, conversation
from routing.body import look, span_of
from routing.dialects.anthropic import parse_request
from routing.eligibility import reason_against
from routing.errors import InvalidRequest
from routing.facts import UNKNOWN, ModelFacts
from routing.prompt_size import estimated_prompt_tokens
from routing.quality.deciding import JUDGE_BY_PRIOR
from routing.streams import parse_message
from routing.types import CascadePlan, ChatRequest, Completion
from tests.builders import make_completion, make_plan, make_terms, make_tool_use
from tests.fakes import FakeLooks
from tests.fuzz.properties import Pieces

# Models that refuse what others want.
FACTS = (
    UNKNOWN,
    ModelFacts(
        max_input_tokens=1000,
        max_output_tokens=64,
        thinking=frozenset({"adaptive"}),
        efforts=("low", "high"),
        sampling=False,
        forced_tool_choice=False,
        prefill=False,
        image_input=False,
    ),
    ModelFacts(
        max_output_tokens=4096,
        thinking=frozenset({"enabled", "disabled"}),
        efforts=(),
        structured_outputs=False,
        server_tools=False,
        pdf_input=False,
    ),
    ModelFacts(thinking=frozenset(), efforts=()),
)
ADAPTED = {"thinking", "output_config", "tool_choice", "max_tokens"}
ADAPTED |= set(adapting.SAMPLING)
VERSION = (("anthropic-version", "2023-06-01"),)
ANSWERS = (
    make_completion(),
    make_completion(content=[make_tool_use(arguments={"city": "Bern"})]),
    make_completion('```json\n{"a": 1}\n```\n' * 3),
)


def any_request_is_decided_on(pieces: Pieces) -> None:
    """Nothing a client writes makes deciding raise, or lasts."""
    request = _request(pieces)
    if request is None:
        return
    assert estimated_prompt_tokens(request) >= 0
    assert isinstance(conversation.conversation_of(request), bytes)
    assert isinstance(conversation.turn_of(request), bytes)
    conversation.called_by_last_answer(request)
    conversation.is_subagent(request)
    for plan in (*_plans(), make_plan(draft_provider="elsewhere")):
        reason = reason_against(request, plan)
        assert reason is None or reason
    for answer in (*ANSWERS, *_told(request)):
        verdict = JUDGE_BY_PRIOR(request, answer, make_terms(), FakeLooks())
        assert 0 <= verdict.confidence <= 1


def a_copy_for_the_draft_changes_little(pieces: Pieces) -> None:
    """Only what a model refuses is changed, and what is known of the copy is true."""
    request = _request(pieces)
    if request is None:
        return
    before = {name: bytes(raw) for name, raw in request.fields.items()}
    for plan in _plans():
        copy = adapting.draft_copy(request, plan)
        fields = look(copy.body)
        after = {name: bytes(raw) for name, raw in fields.items()}
        assert after == {name: bytes(raw) for name, raw in copy.fields.items()}
        assert before.keys() ^ after.keys() <= ADAPTED
        assert all(before[k] == after[k] for k in before.keys() - ADAPTED)
        assert copy.model_span == span_of(copy.body, fields, "model")
        assert adapting.draft_copy(copy, plan).body == copy.body
        if (
            adapting.obstacle(request, plan.draft, plan.rule)
            or plan.draft.facts == UNKNOWN
        ):
            assert copy is request


OF_REQUESTS = (any_request_is_decided_on, a_copy_for_the_draft_changes_little)


def _request(pieces: Pieces) -> ChatRequest | None:
    try:
        return parse_request(b"".join(pieces), headers=VERSION)
    except InvalidRequest:
        return None


def _plans() -> list[CascadePlan]:
    plan = make_plan()
    terms = dataclasses.replace(make_terms(), clamp_max_tokens=True)
    return [
        dataclasses.replace(
            plan, draft=dataclasses.replace(plan.draft, facts=facts), rule=rule
        )
        for facts in FACTS
        for rule in (make_terms(), terms)
    ]


def _told(request: ChatRequest) -> list[Completion]:
    """The request's body as if a model had answered it: as odd an answer as any."""
    told = parse_message(request.body)
    return [] if told is None else [told]
