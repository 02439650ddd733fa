import re
from datetime import timedelta
from html import unescape

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from metrics import retention, rollups
from metrics.models import RoutingDecision
from metrics.rollup_models import RollupState
from tests.metrics.builders import make_id, make_record

pytestmark = pytest.mark.django_db
URL = "/reports/"


@pytest.fixture
def today():
    """A moment of today and one of some days ago, whatever the hour is now."""
    now = timezone.now()
    return now, now - timedelta(days=3)


@pytest.fixture
def page(admin_client):
    def get(**query):
        response = admin_client.get(URL, query)
        assert response.status_code == 200
        return response

    return get


def cards(response):
    return {card.label: card for card in response.context["cards"]}


def test_only_staff_may_look(client, django_user_model):
    assert client.get(URL).status_code == 302
    client.force_login(django_user_model.objects.create_user("globex"))
    assert client.get(URL).status_code == 302


def test_staff_that_may_not_see_decisions_see_no_sums(client, django_user_model):
    staff = django_user_model.objects.create_user("s", password="p", is_staff=True)
    client.force_login(staff)
    assert client.get("/reports/").status_code == 403
    permission = Permission.objects.get(codename="view_routingdecision")
    staff.user_permissions.add(permission)
    assert client.get("/reports/").status_code == 200


def test_it_cannot_be_written_to(admin_client):
    assert admin_client.post(URL).status_code == 405


def test_an_empty_account_says_so(page):
    response = page()
    assert b"No decisions in this period" in response.content
    assert b"<svg class=" not in response.content


def test_the_cards_are_the_sums_of_the_tables(page, load, today):
    load(
        make_record(decision_id=make_id(1), started_at=today[0], rule="a"),
        make_record(decision_id=make_id(2), started_at=today[1], rule="b"),
        make_record(decision_id=make_id(3), started_at=today[1], cost_nusd=None),
    )
    context = page().context
    total = context["total"].sums
    assert total.decisions == 3
    assert total.unknown_cost == 1
    for rows in (context["rules"], context["days"]):
        assert sum(row.sums.saving_nusd for row in rows) == total.saving_nusd
        assert sum(row.sums.decisions for row in rows) == total.decisions
    assert cards(page())["Saved"].value == "$0.0211"


def test_sums_of_nothing_known_are_unknown_in_the_table(page, load, today):
    now, _ = today
    load(
        make_record(started_at=now, cost_nusd=None, rule="unpriced"),
        make_record(started_at=now, decision_id=make_id(2)),
    )
    _, _, table = page().content.decode().partition(">unpriced</a>")
    row = table.partition("</tr>")[0]
    assert row.count(">unknown</a>") == 3
    assert "$" not in row


def test_what_is_unknown_is_said(page, load, today):
    load(make_record(started_at=today[0], baseline_nusd=None))
    text = page().content.decode()
    assert "1 of 1 decisions" in text
    assert "unknown cost or baseline" in text


def test_the_previous_period_stands_beside(page, load, today):
    before = today[0] - timedelta(days=7)
    load(
        make_record(decision_id=make_id(1), started_at=today[0]),
        make_record(decision_id=make_id(2), started_at=before),
    )
    assert cards(page(period="7d"))["Turns"].previous == "1"
    assert cards(page(period="30d"))["Turns"].previous == "no decisions"


def test_a_loss_is_called_a_loss(page, load, today):
    load(make_record(started_at=today[0], cost_nusd=2 * 10**9, baseline_nusd=10**9))
    card = cards(page())["Lost"]
    assert (card.value, card.bad) == ("$1.00", True)
    assert b'class="lost"' in page().content


def test_simulated_money_is_shown_alone_and_said(page, load, today):
    load(make_record(started_at=today[0], simulated=True))
    response = page()
    assert b"Simulated: no real money" in response.content
    assert b"Show the" not in response.content
    assert response.context["total"].sums.decisions == 1


def test_refused_requests_alone_do_not_hide_simulated_money(page, load, today):
    refused = {"calls": (), "cost_nusd": 0, "baseline_nusd": 0, "status": 400}
    load(
        make_record(decision_id=make_id(1), started_at=today[0], **refused),
        make_record(decision_id=make_id(2), started_at=today[0], simulated=True),
    )
    response = page()
    assert response.context["simulated"]
    assert b"Show the 1 real decisions" in response.content
    assert not page(simulated="0").context["simulated"]


@pytest.mark.parametrize("money", [{"cost_nusd": 0}, {"cost_nusd": None}])
def test_real_money_that_was_saved_or_is_unknown_comes_first(page, load, today, money):
    load(
        make_record(decision_id=make_id(1), started_at=today[0], **money),
        make_record(decision_id=make_id(2), started_at=today[0], simulated=True),
    )
    assert not page().context["simulated"]


def test_with_both_kinds_the_real_one_comes_first_and_offers_the_other(
    page, load, today
):
    load(
        make_record(decision_id=make_id(1), started_at=today[0], rule="real"),
        make_record(decision_id=make_id(2), started_at=today[0], simulated=True),
        make_record(decision_id=make_id(3), started_at=today[0], simulated=True),
    )
    real = page()
    assert [row.label for row in real.context["rules"]] == ["real"]
    assert b"Show the 2 simulated decisions" in real.content
    other = page(simulated="1")
    assert other.context["total"].sums.decisions == 2
    assert b"Show the 1 real decisions" in other.content


def test_every_number_leads_to_the_decisions_behind_it(page, load, today, admin_client):
    load(
        make_record(decision_id=make_id(1), started_at=today[0], rule=""),
        make_record(decision_id=make_id(2), started_at=today[0], outcome="escalated"),
        make_record(decision_id=make_id(3), started_at=today[0], cost_nusd=None),
        make_record(decision_id=make_id(4), started_at=today[0], simulated=True),
        make_record(
            decision_id=make_id(5),
            started_at=today[0],
            outcome="account",
            endpoint="files",
        ),
        make_record(decision_id=make_id(6), started_at=today[0], repeat=True),
    )
    context = page().context
    for row in [context["total"], *context["rules"], *context["days"]]:
        for url, number in (
            (row.url, row.sums.decisions),
            (row.turns_url, row.sums.turns),
            (row.accepted_url, row.sums.accepted),
            (row.escalated_url, row.sums.escalated),
            (row.unknown_url, row.sums.unknown_cost),
        ):
            listed = admin_client.get(url)
            assert listed.status_code == 200
            assert listed.context["cl"].result_count == number
    listed = admin_client.get(cards(page())["Drafts accepted"].url)
    assert listed.context["cl"].result_count == 3


def test_the_address_holds_the_state(page):
    response = page(**{"from": "2026-11-01", "to": "2026-11-02", "simulated": "1"})
    text = response.content.decode()
    assert 'value="2026-11-01"' in text
    assert 'name="simulated" value="1"' in text
    assert "days in UTC" in text


def test_a_bad_period_is_said_on_the_page(page):
    assert b"There is no period called" in page(period="<b>").content
    for day in ("0001-01-01", "9999-12-31"):
        assert b"Years go from" in page(**{"from": day, "to": day}).content


def test_the_page_needs_no_inline_script_or_style(page, load, today):
    load(make_record(started_at=today[0], rule='<script>alert("x")</script>'))
    response = page()
    text = response.content.decode()
    assert "script-src 'self'" in response.headers["Content-Security-Policy"]
    assert not re.search(r"\sstyle=|\son\w+=|<style|<script(?! src=)", text)
    assert '<script>alert("x")</script>' in unescape(text)


def test_the_page_makes_a_bounded_number_of_queries(
    page, load, today, django_assert_max_num_queries
):
    load(make_record(started_at=today[0]))
    page(period="7d")
    for period in ("7d", "90d"):
        with django_assert_max_num_queries(8):
            page(period=period)
    assert RoutingDecision.objects.count() == 1


def test_decisions_that_are_not_in_the_sums_yet_are_said(
    page, load, today, monkeypatch
):
    monkeypatch.setattr(rollups, "PAGE_ROWS", 1)
    load(
        make_record(decision_id=make_id(1), started_at=today[0]),
        make_record(decision_id=make_id(2), started_at=today[0]),
    )
    assert b"1 decisions have come that are not in these figures" in page().content
    assert b"that are not in these figures" not in page().content


def test_pruned_decisions_are_said_and_their_sums_stay(page, load, today):
    load(make_record(started_at=today[1]))
    retention.prune(days=1)
    response = page()
    assert response.context["total"].sums.decisions == 1
    assert b"have been pruned" in response.content
    assert b"have been pruned" not in page(period="today").content


def test_sums_of_days_in_another_zone_are_said(page, load, today):
    load(make_record(started_at=today[0]))
    page()
    RollupState.objects.update(time_zone="Asia/Tokyo")
    assert b"sums are of days in Asia/Tokyo" in page().content


def test_rules_lead_to_their_pages_with_the_same_period(page, load, today):
    load(
        make_record(decision_id=make_id(1), started_at=today[0], rule="a"),
        make_record(decision_id=make_id(2), started_at=today[0], rule=""),
    )
    text = unescape(page(period="7d").content.decode())
    assert 'href="/reports/rules/a/?period=7d&simulated=0">a</a>' in text
    assert "/reports/rules//" not in text
    day = timezone.localdate().isoformat()
    text = unescape(page(**{"from": day, "to": day}).content.decode())
    assert f'href="/reports/rules/a/?from={day}&to={day}&simulated=0"' in text
