"""A script in, a script out: who is asked, in which order, and who answers."""

from __future__ import annotations

import dataclasses

import pytest

from routing import cascade
from routing.errors import (
    ClientGone,
    ConfigurationError,
    StreamInterrupted,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from routing.facts import ModelFacts
from routing.outcome import Outcome
from routing.types import NOTHING_RECALLED, CascadePlan, Recalled
from routing.verdicts import Signal, Verdict
from tests.builders import (
    DRAFT,
    VERIFIER,
    make_events,
    make_plan,
    make_request,
    make_target,
    make_terms,
    make_usage,
)
from tests.fakes import (
    EVENTS,
    JSON,
    Answer,
    FakeReply,
    ScriptedUpstream,
    refusal,
    streamed,
    whole,
)

DOUBTFUL = make_terms(prior=0.45)
OBLIGING = make_terms(prior=0.45, on_verifier_error="return_draft")
EMPTY = {"content": []}
FALLBACK = "fallback-other"


class Play:
    """One request against a script; all that came of it."""

    def __init__(
        self,
        *,
        draft: Answer | None = None,
        verifier: Answer | None = None,
        fallback: Answer | None = None,
        plan: CascadePlan | None = None,
        judge=None,
        recalled: Recalled = NOTHING_RECALLED,
        claim_trial=None,
        **fields,
    ) -> None:
        script = ((DRAFT, draft), (VERIFIER, verifier), (FALLBACK, fallback))
        self.upstream = ScriptedUpstream(*(line for line in script if line[1]))
        replies = (draft, verifier, fallback)
        self.replies = [r for r in replies if isinstance(r, FakeReply)]
        options = {} if judge is None else {"judge": judge}
        if claim_trial is not None:
            options["claim_trial"] = claim_trial
        self.outcome: Outcome = cascade.run(
            make_request(**fields),
            plan or make_plan(),
            upstream=self.upstream,
            recalled=recalled,
            **options,
        )

    @property
    def asked(self) -> list[str]:
        return self.upstream.models

    @property
    def calls(self) -> list[tuple[str, int | None]]:
        return [(call.role, call.status) for call in self.outcome.calls]


@pytest.mark.parametrize("stream", [False, True])
def test_accepts_a_draft_whose_confidence_reaches_the_threshold(stream):
    draft = streamed(model=DRAFT) if stream else whole(model=DRAFT)
    play = Play(draft=draft, stream=stream, plan=make_plan(terms=make_terms(prior=0.7)))
    assert play.asked == [DRAFT]
    assert play.outcome.kind == "accepted"
    assert play.outcome.answered_by_draft
    assert play.outcome.verifier is None
    assert play.outcome.served.model == DRAFT
    assert play.outcome.reason == ""
    assert play.outcome.verdict.confidence == 0.7
    assert play.calls == [("draft", 200)]
    assert play.outcome.calls[0].usage == make_usage(20, 10)
    assert draft.closed


@pytest.mark.parametrize("stream", [False, True])
def test_escalates_a_draft_whose_confidence_is_too_low(stream):
    answer = streamed if stream else whole
    draft, verifier = answer(model=DRAFT), answer(model=VERIFIER)
    play = Play(
        draft=draft, verifier=verifier, stream=stream, plan=make_plan(terms=DOUBTFUL)
    )
    assert play.asked == [DRAFT, VERIFIER]
    assert (play.outcome.kind, play.outcome.reason) == ("escalated", "low_confidence")
    assert play.outcome.verifier.reply is verifier
    assert play.outcome.served.model == VERIFIER
    assert not play.outcome.answered_by_draft
    assert play.calls == [("draft", 200)]
    assert draft.closed
    assert not verifier.closed, "whoever reads it closes it"


def test_escalates_on_a_veto_whatever_the_prior():
    play = Play(
        draft=whole("", model=DRAFT, **EMPTY),
        verifier=whole(model=VERIFIER),
        plan=make_plan(terms=make_terms(prior=1.0, threshold=0.0)),
    )
    assert (play.outcome.kind, play.outcome.reason) == ("escalated", "veto:empty")
    assert play.outcome.verdict.confidence == 0.0
    assert play.asked == [DRAFT, VERIFIER]


def test_asks_the_judge_it_was_given():
    def stern(request, draft, terms, looks):
        return Verdict(
            confidence=0.1,
            threshold=terms.threshold,
            signals=(Signal(name="length", value=float(len(draft.text))),),
            reason="low_confidence",
        )

    play = Play(draft=whole(model=DRAFT), verifier=whole(model=VERIFIER), judge=stern)
    assert play.outcome.verdict.signals == (Signal(name="length", value=1.0),)
    assert play.outcome.kind == "escalated"


@pytest.mark.parametrize(
    ("draft", "reason"),
    [
        (UpstreamUnreachable("refused"), "draft_error"),
        (UpstreamTimeout("slow"), "draft_timeout"),
        (ConfigurationError("no key"), "draft_error"),
        (refusal(500), "draft_error"),
        (refusal(404), "draft_error"),
        (FakeReply(b"<html>", status=200), "draft_error"),
        (FakeReply(b"{", StreamInterrupted("cut")), "draft_error"),
        (FakeReply(b"{", UpstreamTimeout("stalled")), "draft_timeout"),
    ],
)
def test_a_draft_that_fails_is_a_reason_to_escalate_and_no_error(draft, reason):
    play = Play(draft=draft, verifier=whole(model=VERIFIER))
    assert play.asked == [DRAFT, VERIFIER]
    assert (play.outcome.kind, play.outcome.reason) == ("escalated", reason)
    assert play.outcome.error is None
    assert play.outcome.verdict is None
    assert play.outcome.served.model == VERIFIER
    assert all(reply.closed for reply in play.replies[:-1])


def test_passes_through_when_there_is_no_rule():
    verifier = whole(model=VERIFIER)
    play = Play(verifier=verifier, plan=CascadePlan(verifier=make_target()))
    assert play.asked == [VERIFIER]
    assert (play.outcome.kind, play.outcome.reason) == ("pass_through", "")
    assert play.outcome.verifier.reply is verifier
    assert play.outcome.calls == ()


def test_passes_through_a_request_that_must_not_be_drafted():
    play = Play(verifier=whole(model=VERIFIER), thread="t_1")
    assert play.asked == [VERIFIER]
    assert play.outcome.kind == "pass_through"
    assert play.outcome.reason == "not_eligible:thread"
    assert play.outcome.draft is None


@pytest.mark.parametrize("plan", [make_plan(terms=DOUBTFUL), None])
def test_leaves_the_encoding_to_the_client(plan):
    headers = (("accept-encoding", "gzip, br"), ("a", "b"))
    play = Play(
        draft=whole(model=DRAFT) if plan else None,
        verifier=whole(model=VERIFIER),
        plan=plan or CascadePlan(verifier=make_target()),
        headers=headers,
    )
    assert {asked.request.headers for asked in play.upstream.asked} == {headers}


def test_bounds_the_draft_by_the_rule_and_the_verifier_by_nothing():
    play = Play(
        draft=whole(model=DRAFT),
        verifier=whole(model=VERIFIER),
        plan=make_plan(terms=make_terms(prior=0.1, draft_timeout_s=7.0)),
    )
    assert [asked.timeout_s for asked in play.upstream.asked] == [7.0, None]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("asked", [False, True])
@pytest.mark.parametrize("terms", [DOUBTFUL, OBLIGING])
def test_never_escalates_once_the_client_has_left_the_draft(stream, asked, terms):
    chunks = make_events("4")[:1] if stream else [b"{"]
    headers = EVENTS if stream else JSON
    left = FakeReply(*chunks, ClientGone(), headers=headers)
    draft = left if asked else ClientGone(asked=False)
    play = Play(draft=draft, plan=make_plan(terms=terms), stream=stream)
    assert play.asked == [DRAFT]
    assert play.outcome.gone
    assert play.outcome.kind == "pass_through", "a draft nobody judged did not fail"
    assert not play.outcome.answered_by_draft
    assert play.outcome.verifier is None
    assert play.outcome.error is None
    assert all(reply.closed for reply in play.replies)


def test_records_the_usage_so_far_of_a_draft_whose_client_left():
    draft = FakeReply(*make_events("4")[:2], ClientGone(), headers=EVENTS)
    play = Play(draft=draft, stream=True)
    (call,) = play.outcome.calls
    assert call.usage == make_usage(20, 1)
    assert call.cut_off


@pytest.mark.parametrize("asked", [False, True])
def test_a_client_that_left_before_the_verifier_answered_gets_no_answer(asked):
    play = Play(
        draft=whole(model=DRAFT),
        verifier=ClientGone(asked=asked),
        plan=make_plan(terms=OBLIGING),
    )
    assert play.asked == [DRAFT, VERIFIER]
    assert play.outcome.gone
    assert not play.outcome.answered_by_draft
    assert play.outcome.error is None
    assert play.outcome.reason == "low_confidence"
    asked_of_it = [("verifier", None)] if asked else []
    assert play.calls == [("draft", 200), *asked_of_it]
    assert all(call.cut_off for call in play.outcome.calls[1:])


@pytest.mark.parametrize(
    ("failure", "cut_off"),
    [(UpstreamUnreachable("refused"), False), (UpstreamTimeout("slow"), True)],
)
@pytest.mark.parametrize("plan", [make_plan(terms=DOUBTFUL), None])
def test_a_verifier_that_cannot_be_asked_is_an_error(failure, cut_off, plan):
    draft = whole(model=DRAFT) if plan else None
    plan = plan or CascadePlan(verifier=make_target())
    play = Play(draft=draft, verifier=failure, plan=plan)
    assert play.outcome.error is failure
    assert not play.outcome.gone
    assert not play.outcome.answered_by_draft
    assert play.calls[-1] == ("verifier", None)
    assert play.outcome.calls[-1].cut_off is cut_off, "what it cost is then not known"


def test_a_verifier_that_was_never_asked_is_no_call():
    failure = ConfigurationError("no key")
    play = Play(verifier=failure, plan=CascadePlan(verifier=make_target()))
    assert play.outcome.error is failure
    assert play.outcome.calls == ()


@pytest.mark.parametrize("status", [400, 429, 500, 529])
def test_relays_the_error_of_the_verifier(status):
    verifier = refusal(status)
    play = Play(
        draft=whole(model=DRAFT), verifier=verifier, plan=make_plan(terms=DOUBTFUL)
    )
    assert play.outcome.verifier.reply is verifier
    assert not verifier.closed
    assert not play.outcome.answered_by_draft
    assert play.calls == [("draft", 200)], "the reader of the reply adds its call"


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (UpstreamUnreachable("refused"), None),
        (UpstreamTimeout("slow"), None),
        (refusal(400), 400),
        (refusal(500), 500),
    ],
)
def test_returns_the_draft_for_a_failed_verifier_when_the_rule_says_so(failure, status):
    play = Play(
        draft=whole(model=DRAFT), verifier=failure, plan=make_plan(terms=OBLIGING)
    )
    assert play.outcome.answered_by_draft
    assert play.outcome.served.model == DRAFT
    assert play.outcome.error is None
    assert play.outcome.verifier is None
    assert (play.outcome.kind, play.outcome.reason) == ("escalated", "low_confidence")
    assert play.calls == [("draft", 200), ("verifier", status)]
    assert all(reply.closed for reply in play.replies)


@pytest.mark.parametrize(
    ("draft", "reason"),
    [
        (whole("", model=DRAFT, **EMPTY), "veto:empty"),
        (refusal(500), "draft_error"),
    ],
)
def test_never_returns_a_draft_that_is_vetoed_or_missing(draft, reason):
    verifier = refusal(500)
    play = Play(draft=draft, verifier=verifier, plan=make_plan(terms=OBLIGING))
    assert play.outcome.reason == reason
    assert not play.outcome.answered_by_draft
    assert play.outcome.verifier.reply is verifier


def test_a_good_verifier_answers_whatever_the_rule_says_of_errors():
    verifier = whole(model=VERIFIER)
    play = Play(
        draft=whole(model=DRAFT), verifier=verifier, plan=make_plan(terms=OBLIGING)
    )
    assert play.outcome.verifier.reply is verifier
    assert not verifier.closed


def test_the_verifier_that_ended_is_a_call():
    play = Play(
        verifier=whole(model=VERIFIER), plan=CascadePlan(verifier=make_target())
    )
    open_call = play.outcome.verifier
    call = open_call.ended(make_usage(1, 2), cut_off=True)
    assert (call.role, call.status, call.target.model) == ("verifier", 200, VERIFIER)
    assert (call.usage, call.cut_off) == (make_usage(1, 2), True)
    assert call.duration_ms >= open_call.waited_ms


def test_counts_the_time_of_every_call_as_spent_upstream():
    play = Play(
        draft=whole(model=DRAFT),
        verifier=whole(model=VERIFIER),
        plan=make_plan(terms=DOUBTFUL),
    )
    outcome = play.outcome
    waited_ms = outcome.calls[0].duration_ms + outcome.verifier.waited_ms
    assert outcome.upstream_ms == pytest.approx(waited_ms)
    assert waited_ms > 0


WITH_FALLBACK = CascadePlan(
    verifier=make_target(),
    rule=make_terms(),
    fallback=make_target(FALLBACK, provider="other"),
)
NOT_AVAILABLE = [
    (UpstreamUnreachable("refused"), None),
    (UpstreamTimeout("slow"), None),
    (refusal(500), 500),
    (refusal(529), 529),
]


@pytest.mark.parametrize(("failure", "status"), NOT_AVAILABLE)
def test_asks_the_fallback_when_the_verifier_is_not_available(failure, status):
    fallback = whole(model=FALLBACK)
    play = Play(verifier=failure, fallback=fallback, plan=WITH_FALLBACK)
    assert play.asked == [VERIFIER, FALLBACK]
    assert play.outcome.verifier.reply is fallback
    assert play.outcome.verifier.role == "fallback"
    assert play.outcome.served.model == FALLBACK
    assert play.outcome.error is None
    assert play.calls == [("verifier", status)]
    assert all(reply.closed for reply in play.replies[:-1])


def test_a_fallback_answers_an_escalation_too():
    plan = dataclasses.replace(
        make_plan(terms=OBLIGING), fallback=make_target(FALLBACK)
    )
    fallback = whole(model=FALLBACK)
    draft = whole(model=DRAFT)
    play = Play(draft=draft, verifier=refusal(503), fallback=fallback, plan=plan)
    assert play.outcome.verifier.reply is fallback
    assert (play.outcome.kind, play.outcome.reason) == ("escalated", "low_confidence")
    assert not play.outcome.answered_by_draft


@pytest.mark.parametrize("status", [400, 429])
def test_an_error_of_the_clients_own_is_no_case_for_the_fallback(status):
    verifier = refusal(status)
    play = Play(verifier=verifier, plan=WITH_FALLBACK)
    assert play.outcome.verifier.reply is verifier


@pytest.mark.parametrize(
    ("fallback", "status"),
    [(refusal(400), 400), (refusal(529), 529), (UpstreamUnreachable("refused"), None)],
)
def test_relays_the_verifiers_error_when_the_fallback_fails_too(fallback, status):
    verifier = refusal(529)
    play = Play(verifier=verifier, fallback=fallback, plan=WITH_FALLBACK)
    assert play.outcome.verifier.reply is verifier
    assert not verifier.closed
    assert play.calls == [("fallback", status)]
    assert all(reply.closed for reply in play.replies[1:])


def test_the_first_error_is_told_when_nobody_can_be_reached():
    unreachable, slow = UpstreamUnreachable("refused"), UpstreamTimeout("slow")
    play = Play(verifier=unreachable, fallback=slow, plan=WITH_FALLBACK)
    assert play.outcome.error is unreachable
    assert play.calls == [("fallback", None), ("verifier", None)]


@pytest.mark.parametrize("verifier", [UpstreamUnreachable("refused"), refusal(529)])
def test_a_client_that_leaves_while_the_fallback_is_asked_is_gone(verifier):
    play = Play(verifier=verifier, fallback=ClientGone(), plan=WITH_FALLBACK)
    assert play.outcome.gone
    assert play.outcome.error is None
    assert play.outcome.verifier is None
    assert [role for role, _ in play.calls] == ["verifier", "fallback"]
    assert all(reply.closed for reply in play.replies)


def test_the_fallback_is_asked_in_a_way_its_model_takes():
    facts = ModelFacts(max_output_tokens=100)
    plan = dataclasses.replace(
        WITH_FALLBACK,
        rule=make_terms(clamp_max_tokens=True),
        fallback=dataclasses.replace(WITH_FALLBACK.fallback, facts=facts),
    )
    play = Play(verifier=refusal(529), fallback=whole(model=FALLBACK), plan=plan)
    asked = [asked.request.max_tokens for asked in play.upstream.asked]
    assert asked == [1024, 100]


def test_a_client_that_left_is_no_case_for_the_fallback():
    play = Play(verifier=ClientGone(), plan=WITH_FALLBACK)
    assert play.asked == [VERIFIER]
    assert play.outcome.gone


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (UpstreamUnreachable("refused"), "unreachable"),
        (UpstreamTimeout("s"), "timeout"),
    ],
)
def test_a_failed_call_says_how_its_provider_failed(failure, kind):
    play = Play(
        draft=failure,
        verifier=failure,
        plan=make_plan(terms=DOUBTFUL),
    )
    assert [call.failure for call in play.outcome.calls] == [kind, kind]


def test_the_impatience_of_a_rule_is_no_fault_of_the_providers():
    play = Play(
        draft=UpstreamTimeout("slow"),
        verifier=whole(model=VERIFIER),
        plan=make_plan(terms=make_terms(draft_timeout_s=2.0)),
    )
    assert play.outcome.reason == "draft_timeout"
    assert play.outcome.calls[0].failure == ""


def test_passes_the_reason_of_a_plan_without_a_draft_on():
    plan = CascadePlan(verifier=make_target(), rule=make_terms(), reason="switched_off")
    play = Play(verifier=whole(model=VERIFIER), plan=plan)
    assert (play.outcome.kind, play.outcome.reason) == ("pass_through", "switched_off")


def test_carries_what_was_recalled():
    recalled = Recalled(repeat=True)
    play = Play(draft=whole(model=DRAFT), recalled=recalled)
    assert play.outcome.recalled is recalled


@pytest.mark.parametrize("mine", [True, False])
def test_a_draft_on_trial_is_asked_by_one_request_alone(mine):
    asked = []

    def claim(plan):
        asked.append(plan)
        return mine

    play = Play(
        draft=whole(model=DRAFT) if mine else None,
        verifier=None if mine else whole(model=VERIFIER),
        recalled=Recalled(draft_trial=True),
        claim_trial=claim,
    )
    assert len(asked) == 1
    reason = "" if mine else "not_eligible:draft_down"
    assert play.outcome.reason == reason


def test_a_request_that_is_not_eligible_claims_no_trial():
    def claim(plan):
        raise AssertionError("it would hold the trial for nothing")

    play = Play(
        verifier=whole(model=VERIFIER),
        recalled=Recalled(draft_trial=True),
        claim_trial=claim,
        thread="t_1",
    )
    assert play.outcome.reason == "not_eligible:thread"
