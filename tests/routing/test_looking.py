"""Whom the cascade asks about a draft, and what of it is paid."""

from __future__ import annotations

import dataclasses

import pytest

from routing import cascade
from routing.errors import UpstreamUnreachable
from routing.facts import ModelFacts
from routing.quality.deciding import RuleJudge
from routing.types import Checks
from tests.builders import DRAFT, VERIFIER, make_plan, make_request, make_target
from tests.fakes import ScriptedUpstream, whole

SECOND, ARBITER = "second-small", "judge-medium"
PROSE = "The committee met twice and found no fault with the plan as it was laid out."
OTHER_PROSE = "Nobody on the board objected, though some members asked for more time."
GOOD = '{"verdict": "good", "reason": "correct"}'


def checks(*, second="uncertain", judge="off", facts=None, provider="main"):
    target = make_target(SECOND, provider=provider, facts=facts or ModelFacts())
    return Checks(
        second=target,
        second_when=second,
        judge=make_target(ARBITER),
        judge_when=judge,
    )


def run(asked, *script, **fields):
    """The outcome of a script under a rule that may ask `asked`, and who was asked."""
    upstream = ScriptedUpstream(*script)
    plan = dataclasses.replace(make_plan(), checks=asked)
    request = make_request(**fields)
    outcome = cascade.run(
        request, plan, upstream=upstream, judge=RuleJudge(checks=asked)
    )
    return outcome, upstream


def roles(outcome):
    return [(call.role, call.target.model) for call in outcome.calls]


def test_a_second_opinion_that_agrees_lets_the_draft_go_out():
    outcome, upstream = run(
        checks(),
        (DRAFT, whole("4", model=DRAFT)),
        (SECOND, whole("4", model=SECOND)),
    )
    assert (outcome.kind, upstream.models) == ("accepted", [DRAFT, SECOND])
    assert roles(outcome) == [("draft", DRAFT), ("second_opinion", SECOND)]


def test_one_that_differs_escalates_and_is_paid_all_the_same():
    outcome, _ = run(
        checks(),
        (DRAFT, whole("4", model=DRAFT)),
        (SECOND, whole("5", model=SECOND)),
        (VERIFIER, whole("4", model=VERIFIER)),
    )
    assert (outcome.kind, outcome.reason) == ("escalated", "unsupported")
    assert ("second_opinion", SECOND) in roles(outcome)


@pytest.mark.parametrize(
    "away", [UpstreamUnreachable("away"), whole("", model=SECOND, content=[])]
)
def test_a_second_model_that_says_nothing_supports_nothing(away):
    outcome, _ = run(
        checks(),
        (DRAFT, whole("4", model=DRAFT)),
        (SECOND, away),
        (VERIFIER, whole("4", model=VERIFIER)),
    )
    assert outcome.reason == "unsupported"


def test_a_judge_is_shown_the_draft_in_a_request_of_its_own():
    outcome, upstream = run(
        checks(judge="uncertain"),
        (DRAFT, whole(PROSE, model=DRAFT)),
        (SECOND, whole(OTHER_PROSE, model=SECOND)),
        (ARBITER, whole(GOOD, model=ARBITER)),
    )
    assert outcome.kind == "accepted"
    assert [role for role, _ in roles(outcome)] == ["draft", "second_opinion", "judge"]
    assert PROSE.encode() in upstream.asked[-1].request.body


def test_nobody_is_asked_about_a_draft_that_failed():
    outcome, upstream = run(
        checks(judge="always"),
        (DRAFT, UpstreamUnreachable("away")),
        (VERIFIER, whole("4", model=VERIFIER)),
    )
    assert outcome.reason == "draft_error"
    assert upstream.models == [DRAFT, VERIFIER]


def test_a_second_model_is_not_asked_what_it_cannot_take():
    outcome, upstream = run(
        checks(facts=ModelFacts(max_output_tokens=16)),
        (DRAFT, whole("4", model=DRAFT)),
        (VERIFIER, whole("4", model=VERIFIER)),
    )
    assert outcome.reason == "unsupported"
    assert upstream.models == [DRAFT, VERIFIER]


def test_a_second_model_elsewhere_does_not_see_what_is_bound_to_its_provider():
    _, upstream = run(
        checks(provider="elsewhere"),
        (DRAFT, whole("4", model=DRAFT)),
        (VERIFIER, whole("4", model=VERIFIER)),
        container="container_1",
    )
    assert SECOND not in upstream.models


class ByModel:
    """An upstream whose answers do not depend on the order of the questions."""

    def __init__(self, **answers):
        self.asked = []
        self._answers = answers

    def ask(self, _request, target, **_):
        self.asked.append(target.model)
        return self._answers[target.model.partition("-")[0]]


def test_one_that_is_always_asked_is_paid_even_beside_a_draft_that_failed():
    asked = checks(second="always")
    upstream = ByModel(
        draft=whole("", model=DRAFT, stop_reason="refusal"),
        second=whole("4", model=SECOND),
        verifier=whole("4", model=VERIFIER),
    )
    plan = dataclasses.replace(make_plan(), checks=asked)
    outcome = cascade.run(
        make_request(), plan, upstream=upstream, judge=RuleJudge(checks=asked)
    )
    assert outcome.reason == "veto:refusal"
    assert set(roles(outcome)) == {("draft", DRAFT), ("second_opinion", SECOND)}
