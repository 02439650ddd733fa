"""What judging a draft comes to: vetoes, then what was learned, then others' word."""

import dataclasses

import pytest

from routing.judging import Opinion
from routing.quality.deciding import JUDGE_BY_PRIOR, RuleJudge
from routing.quality.features.vector import features_of
from routing.quality.knowledge import Knowledge
from routing.quality.learning import Labelled, learn
from routing.quality.route import RouteTable, route_of
from routing.quality.zone import Zone
from routing.types import Checks
from tests.builders import make_completion, make_request, make_target, make_terms
from tests.fakes import FakeLooks

SECOND = make_target("second-small")
ARBITER = make_target("judge-medium")
ASKS_SECOND = Checks(second=SECOND, second_when="uncertain")
ASKS_JUDGE = Checks(judge=ARBITER, judge_when="uncertain")
ASKS_BOTH = Checks(
    second=SECOND, second_when="uncertain", judge=ARBITER, judge_when="uncertain"
)
PROSE = "The committee met twice and found no fault with the plan as it was laid out."
OTHER_PROSE = "Nobody on the board objected, though some members asked for more time."


def verdict(text="4", *, stop_reason="end_turn", **terms):
    draft = make_completion(text, stop_reason=stop_reason)
    return JUDGE_BY_PRIOR(make_request(), draft, make_terms(**terms), FakeLooks())


def judged(checks, looks, *, draft="4", known=None, **terms):
    judge = RuleJudge(checks=checks, known=known or Knowledge())
    request = make_request("What is 2 + 2?")
    return judge(request, make_completion(draft), make_terms(**terms), looks)


def learned(*, labels=160, with_second=False):
    """What a rule knows whose long drafts are worse and whose short ones are good."""
    request, rows = make_request("What is 2 + 2?"), []
    route = route_of(request, "default")
    for number in range(labels):
        good = number % 2 == 0
        draft = make_completion("4" if good else f"Perhaps {number}? " * 30)
        rows.append(
            Labelled(features=features_of(request, draft), as_good=good, route=route)
        )
    found = learn(rows, fitted_at="2026-11-20", prior=0.85)
    assert found is not None
    return Knowledge(
        labels=float(labels),
        version=7,
        gate=found.gate,
        routes=found.routes,
        zone=Zone(low=0.0, high=0.9),
    )


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


def test_without_anybody_to_ask_a_new_rule_goes_by_its_prior():
    looks = FakeLooks(make_completion("4"), Opinion(word="good"))
    verdict = judged(Checks(), looks)
    assert verdict.accepted
    assert looks.asked == []


@pytest.mark.parametrize(
    ("second", "accepted", "reason"),
    [("4", True, ""), ("5", False, "unsupported"), (None, False, "unsupported")],
)
def test_a_new_rule_accepts_only_what_a_second_opinion_supports(
    second, accepted, reason
):
    answer = make_completion(second) if second else None
    verdict = judged(ASKS_SECOND, FakeLooks(answer), prior=1.0, threshold=0.0)
    assert (verdict.accepted, verdict.reason) == (accepted, reason)


def test_prose_is_no_ground_to_support_a_draft():
    looks = FakeLooks(make_completion(OTHER_PROSE))
    assert judged(ASKS_SECOND, looks, draft=PROSE).reason == "unsupported"


@pytest.mark.parametrize(
    ("word", "accepted"), [("good", True), ("flawed", False), ("unsure", False)]
)
def test_a_new_rule_asks_the_judge_about_what_cannot_be_compared(word, accepted):
    looks = FakeLooks(make_completion(OTHER_PROSE), Opinion(word=word))
    verdict = judged(ASKS_BOTH, looks, draft=PROSE)
    assert looks.asked == ["second", "judge"]
    assert verdict.accepted is accepted


def test_a_judge_is_not_asked_when_the_second_opinion_could_be_compared():
    looks = FakeLooks(make_completion("5"), Opinion(word="good"))
    assert judged(ASKS_BOTH, looks).reason == "unsupported"
    assert looks.asked == ["second"]


def test_a_high_threshold_is_not_reached_by_agreement_alone():
    verdict = judged(ASKS_SECOND, FakeLooks(make_completion("4")), threshold=0.99)
    assert verdict.reason == "low_confidence"


def test_nobody_is_asked_about_a_draft_with_a_veto():
    looks = FakeLooks(make_completion("4"))
    assert judged(ASKS_SECOND, looks, draft="").reason == "veto:empty"
    assert looks.asked == []


def test_a_gate_tells_good_drafts_from_worse_ones():
    known = learned()
    good = judged(Checks(), FakeLooks(), known=known)
    worse = judged(Checks(), FakeLooks(), known=known, draft="Perhaps 3? " * 30)
    assert good.accepted
    assert worse.reason == "low_confidence"
    assert good.confidence > worse.confidence


def test_a_decision_names_the_gate_that_judged_and_what_it_saw():
    verdict = judged(Checks(), FakeLooks(), known=learned())
    told = {signal.name: signal.value for signal in verdict.signals}
    assert told["gate_version"] == 7
    assert told["gate"] == round(verdict.confidence, 4)
    assert 0 < told["route"] < 1
    assert verdict.observed.features
    assert verdict.observed.gate == 7


def test_a_second_opinion_is_asked_only_where_it_may_change_the_decision():
    known = learned()
    sure, doubtful = FakeLooks(make_completion("4")), FakeLooks(make_completion("4"))
    judged(ASKS_SECOND, sure, known=known)
    judged(ASKS_SECOND, doubtful, known=known, draft="Perhaps 3? " * 30)
    assert sure.asked == []
    assert doubtful.asked == ["second"]


def test_always_asks_whatever_the_gate_says():
    looks = FakeLooks(make_completion("4"))
    always = Checks(second=SECOND, second_when="always")
    judged(always, looks, known=learned())
    assert looks.asked == ["second"]


@pytest.mark.parametrize(("word", "raises"), [("good", True), ("flawed", False)])
def test_a_judges_word_sways_the_confidence(word, raises):
    known = learned()
    doubtful = "Perhaps 3? " * 30
    before = judged(Checks(), FakeLooks(), known=known, draft=doubtful).confidence
    looks = FakeLooks(opinion=Opinion(word=word))
    after = judged(ASKS_JUDGE, looks, known=known, draft=doubtful).confidence
    assert (after > before) is raises


def test_what_a_judges_word_is_worth_is_learned():
    deaf = Knowledge(words={1.0: (100.0, 100.0), 0.0: (100.0, 100.0)})
    keen = Knowledge(words={1.0: (100.0, 1.0), 0.0: (1.0, 100.0)})
    assert abs(deaf.swayed(0.5, 1.0) - 0.5) < 0.05
    assert keen.swayed(0.5, 1.0) > 0.9
    assert keen.swayed(0.5, 0.0) < 0.1


def test_under_a_hundred_labels_a_gate_is_not_trusted_yet():
    known = learned(labels=90)
    assert known.cold
    looks = FakeLooks(make_completion("5"))
    assert judged(ASKS_SECOND, looks, known=known).reason == "unsupported"


def test_the_base_rate_of_a_route_is_used_before_there_is_a_gate():
    table = RouteTable(0.85)
    request = make_request("What is 2 + 2?")
    for _ in range(40):
        table.add(route_of(request, "default"), as_good=False)
    verdict = judged(Checks(), FakeLooks(), known=Knowledge(labels=40, routes=table))
    assert verdict.confidence < 0.2
    assert verdict.reason == "low_confidence"


def unanimous(*, as_good=True, system=None):
    table = RouteTable(0.85)
    request = make_request("What is 2 + 2?", **({"system": system} if system else {}))
    for _ in range(120):
        table.add(route_of(request, "default"), as_good=as_good)
    return Knowledge(labels=120, routes=table)


@pytest.mark.parametrize(("as_good", "reason"), [(True, ""), (False, "low_confidence")])
def test_where_all_labels_say_the_same_base_rates_decide(as_good, reason):
    known = unanimous(as_good=as_good)
    assert judged(ASKS_SECOND, FakeLooks(), known=known).reason == reason


def test_a_route_without_labels_of_its_own_is_new_all_the_same():
    known = unanimous(system="Another program.")
    assert judged(ASKS_SECOND, FakeLooks(), known=known).reason == "unsupported"


@pytest.mark.parametrize(("second", "reason"), [("4", ""), ("5", "low_confidence")])
def test_a_second_opinion_that_agrees_never_speaks_against_a_draft(second, reason):
    always = dataclasses.replace(ASKS_SECOND, second_when="always")
    looks = FakeLooks(make_completion(second))
    verdict = judged(always, looks, known=unanimous(), threshold=0.99)
    assert verdict.reason == reason


def test_a_gate_that_hardly_saw_a_worse_draft_knows_no_other_routes():
    request, rows = make_request("What is 2 + 2?"), []
    for number in range(200):
        said = make_completion("Perhaps 3? " * 30 if number == 7 else "4")
        rows.append(
            Labelled(
                features=features_of(request, said),
                as_good=number != 7,
                route="another",
                group=str(number),
            )
        )
    found = learn(rows, fitted_at="2026-01-01", prior=0.85)
    known = Knowledge(labels=200, version=1, gate=found.gate, routes=found.routes)
    assert judged(ASKS_SECOND, FakeLooks(), known=known).reason == "unsupported"
    assert not known.cold_on("another")


def test_two_heavy_labels_do_not_make_a_route_known():
    table = RouteTable(0.85)
    request = make_request("What is 2 + 2?")
    for _ in range(120):
        table.add("another", as_good=True)
    for _ in range(2):
        table.add(route_of(request, "default"), as_good=True, weight=20.0)
    known = Knowledge(labels=122, routes=RouteTable.load(table.dump()))
    assert judged(ASKS_SECOND, FakeLooks(), known=known).reason == "unsupported"


def test_while_checks_pause_only_what_is_new_is_asked_about():
    paused = dataclasses.replace(ASKS_SECOND, second_when="always", paused=True)
    looks = FakeLooks(make_completion("5"))
    assert judged(paused, looks, known=unanimous()).reason == ""
    looks = FakeLooks(make_completion("4"))
    elsewhere = unanimous(system="Another program.")
    assert judged(paused, looks, known=elsewhere).reason == ""
    assert judged(paused, FakeLooks(), known=elsewhere).reason == "unsupported"
