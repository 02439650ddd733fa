"""The verifier is asked beside a draft where a rule says so, and left if not needed."""

from __future__ import annotations

import dataclasses
import threading

import pytest

from metrics.stakes import Learned, Stakes
from routing import cascade
from routing.errors import ClientGone, UpstreamUnreachable
from routing.quality.deciding import JUDGE_BY_PRIOR
from tests.builders import DRAFT, VERIFIER, make_plan, make_request, make_terms
from tests.fakes import FakeReply, refusal, whole

LIMIT_S = 10.0
FALLBACK = "fallback-other"
UNLIKELY = Stakes(learned=Learned(accepted=300.0, escalated=700.0))


class Upstream:
    """One whose answers a test lets through; what is left raises ClientGone."""

    def __init__(self, trunk=None):
        self.trunk = trunk or self
        self.gone = threading.Event()
        if trunk is None:
            self.answers, self.asked, self.let = {}, [], {}
            self.changed = threading.Condition()

    def answer(self, model, answer, *, after=()):
        """Answer for `model`, once all of `after` have been asked."""
        self.answers[model], self.let[model] = answer, set(after)

    def ask(self, _request, target, **_):
        trunk = self.trunk
        with trunk.changed:
            trunk.asked.append(target.model)
            trunk.changed.notify_all()
            let = trunk.changed.wait_for(
                lambda: self.gone.is_set() or trunk.let[target.model] <= {*trunk.asked},
                LIMIT_S,
            )
        assert let, f"{target.model} was never let answer"
        if self.gone.is_set():
            raise ClientGone(asked=True)
        answer = trunk.answers[target.model]
        answer = answer() if callable(answer) else answer
        if isinstance(answer, Exception):
            raise answer
        return answer

    def branch(self):
        return Upstream(self.trunk)

    def leave(self):
        self.gone.set()
        with self.trunk.changed:
            self.trunk.changed.notify_all()


@pytest.fixture
def upstream():
    return Upstream()


def run(upstream, *, stakes=None, fallback=None, judge=JUDGE_BY_PRIOR, **terms):
    terms = {"latency": "balanced", "slow_draft_s": 0.01} | terms
    terms = dataclasses.replace(make_terms(), **terms)
    plan = dataclasses.replace(make_plan(terms=terms), fallback=fallback)
    if stakes is not None:
        plan = dataclasses.replace(plan, stakes=stakes)
    return cascade.run(make_request(), plan, upstream=upstream, judge=judge)


def roles(outcome):
    return [call.role for call in outcome.calls]


def test_a_slow_draft_that_is_turned_down_has_the_verifier_answering_already(upstream):
    upstream.answer(DRAFT, whole("", model=DRAFT), after=[VERIFIER])
    upstream.answer(VERIFIER, whole(model=VERIFIER))
    outcome = run(upstream)
    assert upstream.asked == [DRAFT, VERIFIER]
    assert outcome.kind == "escalated"
    assert outcome.verifier.target.model == VERIFIER
    assert outcome.verifier.role == "verifier"
    assert roles(outcome) == ["draft"]


def test_time_the_client_did_not_wait_for_it_is_not_counted(upstream):
    upstream.answer(DRAFT, whole("", model=DRAFT), after=[VERIFIER])
    upstream.answer(VERIFIER, whole(model=VERIFIER))
    outcome = run(upstream)
    (draft,) = outcome.calls
    assert outcome.verifier.waited_ms <= draft.duration_ms + LIMIT_S
    assert outcome.verifier.ended(None).duration_ms < draft.duration_ms


def test_a_slow_draft_that_is_accepted_leaves_the_verifier(upstream):
    upstream.answer(DRAFT, whole(model=DRAFT), after=[VERIFIER])
    upstream.answer(VERIFIER, whole(model=VERIFIER), after=["nobody"])
    outcome = run(upstream)
    assert outcome.kind == "accepted"
    assert outcome.answered_by_draft
    assert outcome.verifier is None
    assert roles(outcome) == ["draft", "spare"]
    spare = outcome.calls[-1]
    assert (spare.target.model, spare.cut_off, spare.usage) == (VERIFIER, True, None)


def test_an_answer_that_came_for_nothing_is_closed(upstream):
    answer, closed = whole(model=VERIFIER), threading.Event()
    answer.close = closed.set
    upstream.answer(VERIFIER, answer)
    upstream.answer(DRAFT, whole(model=DRAFT), after=[VERIFIER])
    assert roles(run(upstream)) == ["draft", "spare"]
    assert closed.wait(LIMIT_S)


@pytest.mark.parametrize(
    ("stakes", "terms"),
    [(UNLIKELY, {}), (None, {"prior": 0.4, "threshold": 0.3})],
)
def test_an_unlikely_draft_has_the_verifier_asked_with_it(upstream, stakes, terms):
    upstream.answer(DRAFT, whole(model=DRAFT), after=[VERIFIER])
    upstream.answer(VERIFIER, whole(model=VERIFIER))
    outcome = run(upstream, stakes=stakes, slow_draft_s=600.0, **terms)
    assert roles(outcome) == ["draft", "spare"]


@pytest.mark.parametrize("terms", [{"slow_draft_s": 600.0}, {"latency": "save"}])
def test_otherwise_one_is_asked_after_the_other(upstream, terms):
    upstream.answer(DRAFT, whole(model=DRAFT))
    outcome = run(upstream, **terms)
    assert upstream.asked == [DRAFT]
    assert roles(outcome) == ["draft"]


def test_nobody_is_asked_once_it_is_decided(upstream):
    upstream.answer(DRAFT, whole(model=DRAFT))
    run(upstream, slow_draft_s=0.2)
    for timer in threading.enumerate():
        if isinstance(timer, threading.Timer):
            timer.join(LIMIT_S)
    assert upstream.asked == [DRAFT]


def test_a_draft_that_fails_at_once_asks_the_verifier_at_once(upstream):
    upstream.answer(DRAFT, refusal(400))
    upstream.answer(VERIFIER, whole(model=VERIFIER))
    outcome = run(upstream, slow_draft_s=600.0)
    assert upstream.asked == [DRAFT, VERIFIER]
    assert outcome.verifier.target.model == VERIFIER


def test_a_client_that_leaves_leaves_the_verifier_too(upstream):
    upstream.answer(DRAFT, ClientGone(asked=True), after=[VERIFIER])
    upstream.answer(VERIFIER, whole(model=VERIFIER), after=["nobody"])
    outcome = run(upstream)
    assert outcome.gone
    assert roles(outcome) == ["draft", "spare"]


def test_its_fallback_is_asked_beside_the_draft_as_well(upstream):
    fallback = make_plan(draft_provider="other").draft
    fallback = dataclasses.replace(fallback, model=FALLBACK)
    upstream.answer(DRAFT, whole("", model=DRAFT), after=[FALLBACK])
    upstream.answer(VERIFIER, UpstreamUnreachable("away"))
    upstream.answer(FALLBACK, whole(model=FALLBACK))
    outcome = run(upstream, fallback=fallback)
    assert outcome.verifier.role == "fallback"
    assert roles(outcome) == ["draft", "verifier"]


def test_an_error_of_the_verifiers_is_the_clients(upstream):
    upstream.answer(DRAFT, whole("", model=DRAFT), after=[VERIFIER])
    upstream.answer(VERIFIER, UpstreamUnreachable("away"))
    outcome = run(upstream)
    assert isinstance(outcome.error, UpstreamUnreachable)


def test_the_draft_may_stand_in_for_a_verifier_that_failed_beside_it(upstream):
    upstream.answer(DRAFT, whole(model=DRAFT), after=[VERIFIER])
    upstream.answer(VERIFIER, FakeReply(b"{}", status=500))
    outcome = run(upstream, prior=0.6, on_verifier_error="return_draft")
    assert outcome.kind == "escalated"
    assert outcome.answered_by_draft


def test_one_that_failed_for_nothing_is_a_failure_and_no_cost(upstream):
    upstream.answer(DRAFT, whole(model=DRAFT), after=[VERIFIER])
    upstream.answer(VERIFIER, refusal(529))
    (_, spare) = run(upstream, slow_draft_s=0.01, judge=slowly).calls
    assert (spare.role, spare.status, spare.cut_off) == ("spare", 529, False)
    assert spare.duration_ms == 0.0


def test_one_that_failed_is_asked_again_when_it_is_needed(upstream):
    upstream.answer(DRAFT, whole("", model=DRAFT), after=[VERIFIER])
    answers = iter([refusal(529), whole(model=VERIFIER)])
    upstream.answer(VERIFIER, lambda: next(answers))
    outcome = run(upstream, judge=slowly)
    assert upstream.asked == [DRAFT, VERIFIER, VERIFIER]
    assert outcome.verifier.reply.status == 200
    assert roles(outcome) == ["draft", "spare"]


def test_a_judge_that_breaks_down_leaves_the_verifier(upstream):
    answer, closed = whole(model=VERIFIER), threading.Event()
    answer.close = closed.set
    upstream.answer(DRAFT, whole(model=DRAFT), after=[VERIFIER])
    upstream.answer(VERIFIER, answer)
    with pytest.raises(ZeroDivisionError):
        run(upstream, judge=lambda *_: 1 / 0)
    assert closed.wait(LIMIT_S)


def slowly(request, draft, terms, looks):
    """Judges once the spare has been heard: nobody else has a thread of that name."""
    for thread in threading.enumerate():
        if thread.name == "spare":
            thread.join(LIMIT_S)
    return JUDGE_BY_PRIOR(request, draft, terms, looks)
