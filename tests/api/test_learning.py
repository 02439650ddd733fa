"""What is learned once an answer has gone: labels, and what asking for them costs."""

from __future__ import annotations

import pytest

from metrics import loader
from metrics.label_models import Label, MeasuredDraft
from metrics.models import RoutingDecision
from routing.breaker import FAILURES
from routing.quality.features.vector import NAMES
from routing.shadow import pool
from tests.builders import DRAFT, VERIFIER, make_events
from tests.fakes import EVENTS, HttpAnswer, message_bytes

pytestmark = pytest.mark.django_db
ARBITER = "judge-medium"
PROSE = "The committee met twice and found no fault with the plan as it was laid out."
OTHER_PROSE = "Nobody on the board objected, though some members asked for more time."


def answers(text="4", *, model, **fields):
    return HttpAnswer(chunks=[message_bytes(text, model=model, **fields)])


def settled(settings):
    """Everything that was learned of, loaded into the database."""
    pool.wait()
    loader.load_once(settings.CASCADE_JOURNAL_DIR)


@pytest.mark.parametrize(("verifier", "worse"), [("4", False), ("5", True)])
def test_an_escalation_is_a_label_for_nothing(
    proxy, upstream, settings, verifier, worse
):
    proxy.add_rule(prior=0.1)
    upstream.script(DRAFT, answers("4", model=DRAFT))
    upstream.script(VERIFIER, answers(verifier, model=VERIFIER))
    assert proxy.ask().status == 200
    settled(settings)
    label = Label.objects.get()
    assert (label.source, label.worse, label.probability) == ("agreement", worse, 1.0)
    assert label.decision_id == RoutingDecision.objects.get().decision_id
    assert len(MeasuredDraft.objects.get().features) == len(NAMES)
    assert upstream.models == [DRAFT, VERIFIER]


def test_a_streamed_verifier_is_compared_too(proxy, upstream, settings):
    proxy.add_rule(prior=0.1)
    stream = {"headers": EVENTS}
    upstream.script(DRAFT, HttpAnswer(chunks=make_events("4"), **stream))
    events = make_events("4", model=VERIFIER)
    upstream.script(VERIFIER, HttpAnswer(chunks=events, **stream))
    assert proxy.ask(stream=True).body
    settled(settings)
    assert not Label.objects.get().worse


def test_a_draft_with_a_veto_is_no_label(proxy, upstream, settings):
    proxy.add_rule()
    upstream.script(DRAFT, answers("", model=DRAFT, content=[]))
    upstream.script(VERIFIER, answers("4", model=VERIFIER))
    proxy.ask()
    settled(settings)
    assert not Label.objects.exists()


def test_prose_is_labelled_by_a_judge_that_sees_both_orders(proxy, upstream, settings):
    proxy.add_rule(prior=0.1, judge_model=ARBITER)
    upstream.script(DRAFT, answers(PROSE, model=DRAFT))
    upstream.script(VERIFIER, answers(OTHER_PROSE, model=VERIFIER))
    flawed = '{"verdict": "flawed", "reason": "wrong"}'
    words = [flawed, '{"better": "second"}', '{"better": "first"}']
    upstream.script(ARBITER, *(answers(word, model=ARBITER) for word in words))
    proxy.ask("Tell me about the meeting.")
    settled(settings)
    label = Label.objects.get()
    assert (label.source, label.by, label.worse) == ("judge", ARBITER, True)
    beside = RoutingDecision.objects.get(outcome="shadow")
    assert [call[0] for call in beside.calls] == ["judge", "judge"]


def test_of_accepted_drafts_the_verifier_is_asked_about_a_share(
    proxy, upstream, settings
):
    proxy.add_rule(shadow_percent=100.0)
    upstream.script(DRAFT, answers("4", model=DRAFT))
    upstream.script(VERIFIER, answers("5", model=VERIFIER))
    answer = proxy.ask()
    assert answer.json["content"][0]["text"] == "4"
    settled(settings)
    label = Label.objects.get()
    assert (label.worse, label.probability, label.outcome) == (True, 1.0, "accepted")
    shadow = RoutingDecision.objects.get(outcome="shadow")
    assert shadow.about == label.decision_id
    assert [call[0] for call in shadow.calls] == ["shadow"]
    assert upstream.models == [DRAFT, VERIFIER]


@pytest.mark.parametrize(
    "terms",
    [{"shadow_percent": 0.0}, {"shadow_percent": 100.0, "shadow_per_day": 0}],
)
def test_nobody_is_asked_where_the_rule_says_so(proxy, upstream, settings, terms):
    proxy.add_rule(**terms)
    upstream.script(DRAFT, answers("4", model=DRAFT))
    proxy.ask()
    settled(settings)
    assert upstream.models == [DRAFT]
    assert not Label.objects.exists()


def test_observing_serves_the_verifier_and_judges_the_draft(proxy, upstream, settings):
    proxy.add_rule(mode="observe")
    upstream.script(DRAFT, answers("4", model=DRAFT))
    upstream.script(VERIFIER, answers("4", model=VERIFIER))
    answer = proxy.ask()
    assert answer.headers["x-cascade-outcome"] == "pass_through"
    assert answer.headers["x-cascade-reason"] == "observed"
    settled(settings)
    assert upstream.models == [VERIFIER, DRAFT]
    shadow = RoutingDecision.objects.get(outcome="shadow")
    assert (shadow.confidence, shadow.reason) == (0.85, "")
    assert shadow.baseline_nusd in (0, None)
    assert not Label.objects.get().worse


def test_an_answer_nobody_got_whole_teaches_nothing(proxy, upstream, settings):
    proxy.add_rule(prior=0.1)
    upstream.script(DRAFT, answers("4", model=DRAFT))
    upstream.script(VERIFIER, HttpAnswer(status=529, chunks=[b'{"type":"error"}']))
    proxy.ask()
    settled(settings)
    assert not Label.objects.exists()
    assert upstream.models == [DRAFT, VERIFIER]


def test_what_was_only_observed_is_a_label_of_the_rules_draft(
    proxy, upstream, settings
):
    proxy.add_rule(mode="observe")
    upstream.script(DRAFT, answers("4", model=DRAFT))
    upstream.script(VERIFIER, answers("4", model=VERIFIER))
    proxy.ask()
    settled(settings)
    label = Label.objects.get()
    assert (label.draft_model, label.verifier_model) == (DRAFT, VERIFIER)
    assert label.confidence == 0.85


def test_what_may_not_be_drafted_is_not_observed_either(proxy, upstream, settings):
    proxy.add_rule(mode="observe")
    upstream.script(VERIFIER, answers("4", model=VERIFIER))
    proxy.ask(max_tokens=0)
    settled(settings)
    assert upstream.models == [VERIFIER]


def test_a_fallbacks_answer_is_not_taken_for_the_verifiers(proxy, upstream, settings):
    proxy.add_rule(prior=0.1, fallback_model="fallback-large")
    upstream.script(DRAFT, answers("4", model=DRAFT))
    upstream.script(VERIFIER, HttpAnswer(status=529, chunks=[b'{"type":"error"}']))
    upstream.script("fallback-large", answers("5", model="fallback-large"))
    assert proxy.ask().json["content"][0]["text"] == "5"
    settled(settings)
    assert not Label.objects.exists()


def test_a_draft_nobody_supported_stands_in_for_a_verifier_that_fails(proxy, upstream):
    proxy.add_rule(on_verifier_error="return_draft", second_model="second-small")
    upstream.script(DRAFT, answers("4", model=DRAFT))
    upstream.script("second-small", answers("5", model="second-small"))
    upstream.script(VERIFIER, HttpAnswer(status=529, chunks=[b'{"type":"error"}']))
    assert proxy.ask().json["content"][0]["text"] == "4"


def test_nothing_a_client_wrote_is_in_what_is_learned(proxy, upstream, settings):
    secret = "my password is hunter2 and the answer is 4"
    proxy.add_rule(prior=0.1, judge_model=ARBITER)
    upstream.script(DRAFT, answers(PROSE + secret, model=DRAFT))
    upstream.script(VERIFIER, answers(OTHER_PROSE, model=VERIFIER))
    word = '{"verdict": "flawed", "reason": "hunter2"}'
    words = [word, '{"better": "second", "reason": "hunter2"}', '{"better": "first"}']
    upstream.script(ARBITER, *(answers(word, model=ARBITER) for word in words))
    proxy.ask(secret)
    settled(settings)
    assert Label.objects.exists()
    for model in (Label, MeasuredDraft, RoutingDecision):
        assert "hunter2" not in str(list(model.objects.values()))


def test_a_second_model_that_is_down_holds_up_nobody_for_long(proxy, upstream):
    proxy.add_rule(second_model="second-small")
    for number in range(FAILURES + 1):
        upstream.script(DRAFT, answers("4", model=DRAFT))
        upstream.script(VERIFIER, answers("4", model=VERIFIER))
        if number < FAILURES:
            upstream.script("second-small", HttpAnswer(status=500))
        proxy.ask(f"What is {number}?")
    assert upstream.models.count("second-small") == FAILURES
    assert upstream.models[-2:] == [DRAFT, VERIFIER]
