import re
from datetime import timedelta
from html import unescape

import pytest
from django.contrib.auth.models import Permission

from metrics import contributions, labelling
from metrics.contributions import Contributions
from metrics.label_models import Label
from metrics.models import RoutingDecision
from metrics.types import Usage
from tests.metrics.builders import DRAFT_PRICE, MOMENT, make_call, make_id, make_record
from tests.metrics.plans import plan

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(admin_client, load):
    def show(**changes):
        load(make_record(**changes))
        response = admin_client.get(f"/d/{changes.get('decision_id', make_id(1))}")
        assert response.status_code == 200
        return unescape(response.content.decode())

    return show


def test_it_tells_who_asked_and_what_became_of_it(page):
    text = page(tag="billing")
    for part in ("acme", "cp_live_Ab12", "billing", "default", "verifier-large"):
        assert part in text
    assert "The draft was accepted: draft-small answered." in text
    assert "the confidence reached the threshold" in text
    assert "Confidence 0.85 is at or above the threshold 0.70." in text


def test_every_call_is_told_to_the_class_of_tokens(page):
    usage = Usage(
        input_tokens=1_000_000,
        output_tokens=2_000_000,
        cache_read_tokens=3_000_000,
        cache_write_5m_tokens=4_000_000,
        cache_write_1h_tokens=5_000_000,
    )
    text = page(
        calls=(make_call(usage=usage, price=DRAFT_PRICE, cost_nusd=2_630_000_000),)
    )
    cells = re.findall(r'<td class="number">([^<]*)</td>', text)
    lines = [cells[n : n + 3] for n in range(2, 17, 3)]  # signals stand before
    assert lines == [
        ["1,000,000", "$0.1", "$0.1000"],
        ["2,000,000", "$0.5", "$1.00"],
        ["3,000,000", "$0.01", "$0.0300"],
        ["4,000,000", "$0.125", "$0.5000"],
        ["5,000,000", "$0.2", "$1.00"],
    ]
    assert "$2.63" in text


def test_what_is_not_known_is_called_unknown(page):
    text = page(
        calls=(make_call(price=None, cost_nusd=None), make_call(usage=None)),
        cost_nusd=None,
    )
    assert "unknown" in text
    assert "The provider reported no tokens." in text
    assert "it is unknown where one of them is" in text


def test_searches_and_tariffs_are_told(page):
    usage = Usage(input_tokens=1, web_searches=3, tariff="batch", unpriced="containers")
    text = page(calls=(make_call(usage=usage),))
    assert "Web searches: 3, unknown each." in text
    assert "tariff batch" in text
    assert "Billed beyond these counts: containers." in text


def test_a_loss_is_negative_and_marked(page):
    text = page(cost_nusd=2 * 10**9, baseline_nusd=10**9)
    assert '<dd class="loss">-$1.00</dd>' in text


def test_the_baseline_says_how_it_came_about(page):
    text = page(
        outcome="escalated",
        reason="veto:cut_off",
        signals={"cut_off": 1.0},
        baseline_basis="verifier:warm",
        estimate_nusd=9_000_000,
    )
    assert "had let its prompt cache go cold" in text
    assert "verifier:warm" in text
    assert "off by -16.7 %" in text
    assert "A veto: it alone escalates" in text


def test_marks_are_shown(page):
    text = page(simulated=True, repeat=True, aborted=True, stream=True)
    for mark in ("simulated", "repeat", "aborted"):
        assert f"<strong>{mark}</strong>" in text
    assert "200, streamed" in text


def test_a_request_to_an_account_endpoint_has_a_page_too(page):
    text = page(
        outcome="account",
        endpoint="files",
        calls=(),
        signals={},
        confidence=None,
        threshold=None,
        rule="",
        requested_model="",
        served_model="",
    )
    assert "No model was called." in text
    assert "No draft was judged." in text
    assert "All of this rule" not in text


def test_it_says_what_is_not_kept(page):
    assert "Text of prompts and answers is no part of a decision" in page()


def test_names_of_clients_are_text(page):
    evil = '<script>alert("x")</script>'
    load_text = page(requested_model=evil, calls=(make_call(model=evil),))
    assert evil in load_text


def test_names_of_clients_run_nothing(admin_client, load):
    evil = '"><script>alert(1)</script>'
    load(make_record(requested_model=evil, rule=evil, calls=(make_call(model=evil),)))
    response = admin_client.get(f"/d/{make_id(1)}")
    text = response.content.decode()
    assert "script-src 'self'" in response.headers["Content-Security-Policy"]
    assert not re.search(r"\sstyle=|\son\w+=|<style|<script(?! src=)", text)


def test_one_walks_along_the_decisions_of_a_key(admin_client, load):
    later = MOMENT + timedelta(seconds=1)
    load(
        make_record(decision_id=make_id(1)),
        make_record(decision_id=make_id(2), key_name="globex"),
        make_record(decision_id=make_id(3)),  # at the same moment as the first
        make_record(decision_id=make_id(4), started_at=later),
    )

    def way(number):
        context = admin_client.get(f"/d/{make_id(number)}").context
        return context["previous"], context["next"]

    assert way(1) == (None, f"/d/{make_id(3)}")
    assert way(3) == (f"/d/{make_id(1)}", f"/d/{make_id(4)}")
    assert way(4) == (f"/d/{make_id(3)}", None)
    assert way(2) == (None, None)


def test_it_leads_to_its_rule_and_to_the_like(admin_client, load):
    load(
        make_record(decision_id=make_id(1)),
        make_record(decision_id=make_id(2), rule="other"),
        make_record(decision_id=make_id(3), key_name="globex"),
    )
    context = admin_client.get(f"/d/{make_id(1)}").context
    for name in ("same_rule_url", "same_key_url"):
        listed = admin_client.get(context[name])
        assert listed.context["cl"].result_count == 2
    assert admin_client.get(context["rule_url"]).status_code == 200


def test_who_may_not_see_rules_gets_no_way_to_them(client, django_user_model, load):
    staff = django_user_model.objects.create_user("acme", is_staff=True)
    staff.user_permissions.set(
        [_permission("view_routingdecision")],
    )
    client.force_login(staff)
    load(make_record())
    assert "cascaderule" not in client.get(f"/d/{make_id(1)}").content.decode()


@pytest.mark.parametrize(
    "asked", [make_id(2), "x", "%00" * 22, "ü" * 22, "a'b", "-" * 22]
)
def test_an_unknown_id_is_explained(admin_client, load, asked):
    load(make_record())
    response = admin_client.get(f"/d/{asked}")
    assert response.status_code == 404
    assert b"about a second after the answer" in response.content


def test_the_page_asks_little(admin_client, load, django_assert_max_num_queries):
    load(*(make_record(decision_id=make_id(n)) for n in range(5)))
    with django_assert_max_num_queries(8):
        admin_client.get(f"/d/{make_id(2)}")


def test_its_neighbours_are_found_by_the_index():
    same_key = RoutingDecision.objects.filter(key_name="acme")
    rows = same_key.filter(started_at__lte=MOMENT).order_by("-started_at", "-pk")
    assert "decision_key" in plan(rows[:1])


def _permission(codename):
    return Permission.objects.get(codename=codename)


def test_a_shadow_evaluation_and_its_decision_lead_to_each_other(page, admin_client):
    page()
    about = page(decision_id=make_id(2), outcome="shadow", about=make_id(1))
    assert f'href="/d/{make_id(1)}"' in about
    assert "to learn from it: no client saw it" in about
    text = admin_client.get(f"/d/{make_id(1)}").content.decode()
    assert f'href="/d/{make_id(2)}"' in text


def test_what_counted_is_told_by_whoever_knows(page, monkeypatch):
    told = Contributions(by="the gate", parts=(("route", 1.25), ("length", -0.5)))
    monkeypatch.setattr(contributions, "explainers", [lambda _: None, lambda _: told])
    text = page()
    assert "What counted for and against this draft, by the gate" in text
    assert '<td class="number">1.250</td><td>for the draft</td>' in text
    assert '<td class="number">-0.500</td><td>against the draft</td>' in text


def test_where_nobody_knows_nothing_is_told(page, monkeypatch):
    monkeypatch.setattr(contributions, "explainers", [])
    assert "What counted" not in page()


def test_labels_of_every_source_are_told(page, admin_client):
    page()
    decision = RoutingDecision.objects.get()
    for source in Label.Source.values:
        labelling.record(decision, source, "who", worse=True, trust=0.8, reason="why")
    text = unescape(admin_client.get(f"/d/{make_id(1)}").content.decode())
    for source in Label.Source:
        assert str(source.label) in text
    assert text.count('<td class="number">0.80</td>') == len(Label.Source)


def test_evaluations_of_a_decision_are_found_by_index(page):
    page()
    about = RoutingDecision.objects.filter(about=make_id(1)).exclude(about="")
    assert "decision_about" in plan(about)
