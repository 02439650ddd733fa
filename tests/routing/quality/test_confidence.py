import pytest

from routing.quality.confidence import judge
from tests.builders import make_completion, make_request, make_terms


def verdict(text="4", *, stop_reason="end_turn", **terms):
    draft = make_completion(text, stop_reason=stop_reason)
    return judge(make_request(), draft, make_terms(**terms))


def test_a_draft_without_veto_has_the_prior_as_its_confidence():
    judged = verdict(prior=0.85, threshold=0.7)
    assert (judged.confidence, judged.threshold, judged.reason) == (0.85, 0.7, "")
    assert judged.accepted
    assert judged.signals == ()


@pytest.mark.parametrize(("prior", "accepted"), [(0.7, True), (0.69, False)])
def test_confidence_at_the_threshold_accepts(prior, accepted):
    judged = verdict(prior=prior, threshold=0.7)
    assert judged.accepted is accepted
    assert judged.reason == ("" if accepted else "low_confidence")


def test_a_veto_escalates_whatever_the_prior():
    judged = verdict(stop_reason="max_tokens", prior=1.0, threshold=0.0)
    assert (judged.confidence, judged.reason) == (0.0, "veto:cut_off")
    assert not judged.accepted


def test_the_first_veto_is_the_reason_and_all_are_signals():
    judged = verdict("", stop_reason="refusal")
    assert judged.reason == "veto:refusal"
    assert [signal.name for signal in judged.signals] == ["refusal", "empty"]


@pytest.mark.parametrize(
    "text", ["I think it is 4, but I am not sure.", "4" * 9_000, "Maybe."]
)
def test_neither_hedging_nor_length_costs_confidence(text):
    assert verdict(text).confidence == verdict("4").confidence
