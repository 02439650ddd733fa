import re
from datetime import timedelta
from html import unescape

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from metrics import retention, rollups
from metrics.label_models import Label
from metrics.models import RoutingDecision
from metrics.rollup_models import RollupState
from tests.metrics.builders import make_call, make_id, make_record

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


def rows_of(response, by):
    (table,) = (t for t in response.context["tables"] if t.by == by)
    return table.rows


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
    response = page()
    total = response.context["total"].sums
    assert total.decisions == 3
    assert total.unknown_cost == 1
    tables = [table.rows for table in response.context["tables"]]
    for rows in (*tables, response.context["days"]):
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
    assert row.count("<td>unknown</td>") == 3
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
    week = page(period="7d")
    assert cards(week)["Turns"].previous == "1 (+0.0 %)"
    assert cards(page(period="30d"))["Turns"].previous == "no decisions"
    alone = page(period="7d", compare="0")
    assert cards(alone)["Turns"].previous == ""
    assert b"Previous:" in week.content
    assert b"Previous:" not in alone.content


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
    assert [row.label for row in rows_of(real, "rule")] == ["real"]
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
    response = page()
    total = response.context["total"]
    table_rows = [row for t in response.context["tables"] for row in t.rows]
    numbers = [
        (url, number)
        for row in [total, *table_rows, *response.context["days"]]
        for url, number in (
            (row.url, row.sums.decisions),
            (row.accepted_url, row.sums.accepted),
            (row.unknown_url, row.sums.unknown_cost),
        )
    ]
    lost = {loss.label: loss for loss in response.context["losses"]}
    numbers += [
        (cards(response)["Drafts accepted"].url, 3),
        (cards(response)["Turns"].url, total.sums.turns),
        (lost["Wasted drafts"].url, total.sums.wasted_drafts),
    ]
    for url, number in dict(numbers).items():
        listed = admin_client.get(url)
        assert listed.status_code == 200
        assert listed.context["cl"].result_count == number


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
        with django_assert_max_num_queries(14):
            page(period=period)
    assert RoutingDecision.objects.count() == 1


def test_decisions_that_are_not_in_the_sums_yet_are_said(
    page, load_unsummed, today, monkeypatch
):
    monkeypatch.setattr(rollups, "PAGE_ROWS", 1)
    load_unsummed(
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


def test_long_tables_are_folded_and_all_of_them_can_be_reached(page, load, today):
    load(
        *(
            make_record(
                decision_id=make_id(n),
                started_at=today[0],
                tag=f"team {n:02}",
                baseline_nusd=10**9 - n,
            )
            for n in range(13)
        )
    )
    response = page()
    (tags,) = (t for t in response.context["tables"] if t.by == "tag")
    assert [row.label for row in tags.rows] == [f"team {n:02}" for n in range(10)]
    assert tags.other.sums.decisions == tags.folded == 3
    total = response.context["total"].sums
    shown = sum(row.sums.saving_nusd for row in tags.rows)
    assert shown + tags.other.sums.saving_nusd == total.saving_nusd
    assert "Other: show 3 more" in response.content.decode()
    whole = page(show="tag")
    assert len(rows_of(whole, "tag")) == 13
    assert len(rows_of(whole, "key")) == 1


def test_one_row_is_not_folded_away(page, load, today):
    load(
        *(
            make_record(decision_id=make_id(n), started_at=today[0], tag=f"t{n}")
            for n in range(11)
        )
    )
    assert len(rows_of(page(), "tag")) == 11


def test_a_table_that_there_is_not_is_not_shown(page, load, today):
    load(make_record(started_at=today[0]))
    assert b"show fewer" not in page(show="<script>").content


def test_links_keep_what_was_chosen(page, load, today):
    load(make_record(started_at=today[0]))
    response = page(period="7d", compare="0", show="tag", simulated="0")
    for preset in response.context["presets"]:
        assert "compare=0" in preset.url
        assert "show=tag" in preset.url
        assert "simulated=0" in preset.url
    assert "compare" not in response.context["compare_url"]
    assert "period=7d" in response.context["compare_url"]
    form = response.content.decode().partition('<form class="range"')[2]
    assert 'name="compare" value="0"' in form.partition("</form>")[0]


def test_quality_without_enough_labels_is_no_figure(page, load, today):
    load(make_record(started_at=today[0]))
    card = cards(page())["Measured quality"]
    assert card.value == "not enough samples (n=0)"
    assert card.small


def test_quality_is_told_with_its_number_and_interval(page, load, today):
    load(make_record(started_at=today[0]))
    for n in range(40):
        label_of(n, today[0], worse=n < 4)
    card = cards(page())["Measured quality"]
    assert card.value == "90.0 %"
    assert "95 % interval 76.9 % to 96.0 %, n=40" in card.note


def test_losses_are_told_with_their_amounts(page, load, today):
    draft = make_call(cost_nusd=10**9)
    verifier = make_call(role="verifier", cost_nusd=5 * 10**9)
    load(
        make_record(
            started_at=today[0],
            outcome="escalated",
            calls=(draft, verifier),
            cost_nusd=6 * 10**9,
            baseline_nusd=3 * 10**9,
            baseline_basis="verifier:warm",
        )
    )
    label_of(1, today[0], worse=False, outcome="escalated")
    response = page()
    told = {
        loss.label: (loss.count, loss.amount) for loss in response.context["losses"]
    }
    assert told == {
        "Wasted drafts": ("1", "$1.00"),
        "Lost cache discounts": ("", "$2.00"),
        "Drafts that were good": ("1", "$5.00"),
    }


def label_of(number, moment, **changes):
    values = {
        "decision_id": make_id(number),
        "source": "agreement",
        "worse": False,
        "probability": 0.1,
        "decided_at": moment,
        "draft_model": "draft-small",
        "verifier_model": "verifier-large",
        "outcome": "accepted",
        "simulated": False,
    }
    return Label.objects.create(**values | changes)


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
