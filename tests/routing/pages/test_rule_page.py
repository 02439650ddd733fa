"""The page of a rule: what it shows of its decisions, to whom, at what cost."""

from __future__ import annotations

from datetime import timedelta
from html import unescape

import pytest
from django.contrib.auth.models import Permission, User
from django.utils import timezone

from metrics import retention, rule_stats
from metrics.label_models import Label
from routing import history
from routing.models import CascadeRule
from tests.metrics.builders import make_id
from tests.routing.admin.pages import mistakes_in

pytestmark = pytest.mark.django_db
ADDRESS = "/reports/rules/first/"
ESCALATED = {
    "outcome": "escalated",
    "reason": "low_confidence",
    "confidence": 0.45,
    "cost_nusd": 11_000_000,
}


@pytest.fixture
def page(admin_client):
    def get(address=ADDRESS, **query):
        answer = admin_client.get(address, query)
        assert answer.status_code == 200
        assert mistakes_in(answer.content.decode()) == []
        return answer

    return get


def text_of(answer) -> str:
    return " ".join(unescape(answer.content.decode()).split())


def cards(answer):
    return {card.label: card for card in answer.context["cards"]}


def sign_in(client, *codenames):
    user = User.objects.create_user("clark", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client.force_login(user)
    return client


def test_only_who_reads_the_account_may_look(client, rule):
    assert client.get(ADDRESS).status_code == 302
    assert sign_in(client, "change_cascaderule").get(ADDRESS).status_code == 403


def test_it_cannot_be_written_to(admin_client, rule):
    assert admin_client.post(ADDRESS).status_code == 405


@pytest.mark.parametrize("name", ["first", "%00", "a%20b", "x" * 300])
def test_a_rule_that_never_was_is_not_found(admin_client, name):
    assert admin_client.get(f"/reports/rules/{name}/").status_code == 404


def test_a_rule_without_decisions_has_a_page(page, rule):
    answer = page()
    assert "No decisions of this rule in this period" in text_of(answer)
    assert "what_if.js" not in text_of(answer)


def test_the_head_tells_how_the_rule_is_set(page, rule):
    CascadeRule.objects.update(threshold=0.725, enabled=False)
    text = text_of(page())
    assert "<dd>off</dd>" in text
    assert "<dd>0.725</dd>" in text
    assert "<dd>as requested</dd>" in text


def test_the_cards_are_the_sums_of_the_rule(page, rule, decide):
    decide({}, ESCALATED, {"rule": "second"}, {"cost_nusd": None})
    shown = cards(page())
    assert shown["Decisions"].value == "3"
    assert shown["Drafts accepted"].value == "66.7 %"
    assert shown["Saved"].value == "$0.0103"
    assert shown["Spent"].value == "$0.0113"
    assert "1 of 3 decisions" in text_of(page())


def test_every_sum_leads_to_the_decisions_behind_it(page, admin_client, rule, decide):
    decide({}, ESCALATED, {"rule": "second"})
    shown = cards(page())
    for label, count in (("Decisions", 2), ("Drafts accepted", 1)):
        listed = admin_client.get(shown[label].url)
        assert listed.context["cl"].result_count == count


def test_break_even_is_held_against_what_is_accepted_of_late(page, rule, decide):
    decide(*[{}] * 3, ESCALATED)
    rule_stats.refresh(0)
    card = cards(page())["Break-even"]
    assert card.value == "2.5 %"
    assert card.note == "75.0 % accepted of late: 72.5 points above it"
    assert not card.bad


def test_a_paused_rule_says_why(page, rule, decide):
    loss = {**ESCALATED, "baseline_nusd": 300_000}
    decide(*[loss] * 40)
    rule_stats.refresh(0)
    assert "The rule first is paused: 0.0 % of the drafts" in text_of(page())
    CascadeRule.objects.update(economics=False)
    assert "is paused" not in text_of(page())


def test_simulated_money_is_shown_where_there_is_no_other(page, rule, decide):
    decide({"simulated": True})
    answer = page()
    assert "Simulated: no real money." in text_of(answer)
    decide({})
    answer = page()
    assert "Real money only." in text_of(answer)
    assert cards(answer)["Decisions"].value == "1"
    assert "Simulated: no real money." in text_of(page(simulated="1"))


def test_a_rule_may_have_decided_with_one_kind_of_money_only(page, decide):
    """Its name is of no rule there is, and each kind has names of its own."""
    decide({"rule": "played", "simulated": True}, {"rule": "paid"})
    assert cards(page("/reports/rules/played/"))["Decisions"].value == "1"
    assert cards(page("/reports/rules/paid/"))["Decisions"].value == "1"
    other = page("/reports/rules/paid/", simulated="1")
    assert "No decisions of this rule in this period" in text_of(other)


def test_a_rule_that_is_gone_keeps_its_page_and_loses_what_changes_it(
    page, rule, decide
):
    decide({})
    rule.delete()
    text = text_of(page())
    assert "There is no rule of this name any more" in text
    assert 'id="what-if"' in text
    assert 'id="apply"' not in text
    assert "Revert it" not in text


def test_a_rule_under_its_former_name_leads_to_the_present_one(page, rule, decide):
    decide({})
    CascadeRule.objects.update(name="renamed")
    assert 'href="/reports/rules/renamed/"' in text_of(page())


def test_without_a_script_the_server_works_the_threshold_out(page, rule, decide):
    decide({}, ESCALATED)
    answer = page(threshold="0.4", period="7d")
    told = answer.context["figures"]
    assert told["accepted"] == "100.0 %"
    assert told["more"] == "$0.0108 more than it was"
    text = text_of(answer)
    assert f'aria-live="polite" data-figure="sentence">{told["sentence"]}' in text
    assert '<input type="hidden" name="period" value="7d">' in text


def test_the_slider_begins_at_the_rules_own_threshold(page, rule, decide):
    decide({}, ESCALATED)
    told = page().context["figures"]
    assert (told["threshold"], told["more"]) == ("0.70", "as it was")


@pytest.mark.parametrize("threshold", ["x", "1.5", "-1", "nan", "inf"])
def test_a_threshold_that_is_none_is_refused_with_words(page, rule, decide, threshold):
    decide({})
    answer = page(threshold=threshold)
    assert "A threshold lies between 0 and 1" in text_of(answer)
    assert answer.context["figures"]["threshold"] == "0.70"


@pytest.mark.parametrize(
    ("count", "quality"), [(29, "not enough samples (n=29)"), (30, "10.0 % (n=30)")]
)
def test_quality_is_told_by_drafts_drawn_at_random(page, rule, decide, count, quality):
    decide({})
    common = {
        "source": "agreement",
        "decided_at": timezone.now() - timedelta(seconds=1),
        "rule": "first",
        "draft_model": "draft-small",
        "verifier_model": "verifier-large",
        "outcome": "accepted",
        "simulated": False,
    }
    Label.objects.bulk_create(
        Label(
            decision_id=make_id(n),
            worse=n < 3,
            probability=0.1,
            confidence=0.85,
            **common,
        )
        for n in range(count)
    )
    by_hand = {**common, "source": "person", "worse": True, "confidence": 0.85}
    Label.objects.create(decision_id=make_id(99), **by_hand)
    assert page().context["figures"]["quality"] == quality


def test_the_histogram_has_the_threshold_and_vetoes_apart(page, rule, decide):
    veto = {**ESCALATED, "reason": "veto:empty", "confidence": 0.0}
    decide({}, ESCALATED, veto)
    text = text_of(page())
    assert "0.85 to 0.86: 1 accepted, 0 escalated" in text
    assert "0.45 to 0.46: 0 accepted, 1 escalated" in text
    assert "vetoed: 1" in text
    assert ">threshold 0.7<" in text


def test_the_trend_marks_where_the_rule_was_changed(page, rule, decide):
    decide({})
    rule.threshold = 0.8
    history.because(rule, "", User.objects.get_or_create(username="anna")[0])
    rule.save()
    text = text_of(page())
    assert "threshold 0.70 -> 0.80 by anna" in text
    (flag,) = page().context["trend"].flags
    assert flag.day == timezone.localdate().isoformat()


def test_changes_before_the_period_mark_nothing(page, rule, decide):
    decide({})
    CascadeRule.history.update(history_date=timezone.now() - timedelta(days=40))
    assert page().context["trend"].flags == ()


def test_who_may_not_see_rules_sees_that_it_changed_and_not_what(client, rule, decide):
    decide({})
    CascadeRule.objects.update(threshold=0.8)
    reader = sign_in(client, "view_routingdecision")
    text = text_of(reader.get(ADDRESS))
    assert "created; changed" in text
    assert "0.70 -> 0.80" not in text
    for offered in ('id="apply"', "Revert it", ">Edit<", ">History<"):
        assert offered not in text


def test_the_address_may_ask_for_any_period(page, rule, decide):
    decide({"started_at": timezone.now() - timedelta(days=20)})
    assert cards(page(period="7d"))["Decisions"].value == "0"
    assert cards(page(period="30d"))["Decisions"].value == "1"
    assert "There is no period called 'x'" in text_of(page(period="x"))


def test_the_number_of_queries_does_not_grow_with_days_or_versions(
    admin_client, rule, decide, django_assert_max_num_queries
):
    decide({}, ESCALATED)
    for n in range(20):
        CascadeRule.objects.update(priority=n)
    now = timezone.now()
    decide(*({"started_at": now - timedelta(days=n)} for n in range(60)))
    with django_assert_max_num_queries(16):
        admin_client.get(ADDRESS, {"period": "90d"})


def test_no_row_of_decisions_is_read(
    admin_client, rule, decide, django_assert_max_num_queries
):
    decide({}, ESCALATED)
    with django_assert_max_num_queries(16) as asked:
        admin_client.get(ADDRESS)
    table = '"metrics_routingdecision"'
    found = [q["sql"] for q in asked.captured_queries if table in q["sql"]]
    assert [sql for sql in found if '"calls"' in sql or '"confidence"' in sql] == []


def test_pruned_decisions_are_said_and_their_sums_stay(page, rule, decide):
    decide({"started_at": timezone.now() - timedelta(days=3)})
    retention.prune(days=1)
    answer = page()
    assert answer.context["total"].decisions == 1
    assert "have been pruned" in text_of(answer)
    assert "have been pruned" not in text_of(page(period="today"))
