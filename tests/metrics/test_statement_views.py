import csv
from datetime import UTC, datetime

import msgspec
import pytest
from django.contrib.auth.models import Permission

from metrics import periods, rollups, statements
from metrics.statement_models import MonthClosing
from tests.metrics.builders import make_id, make_record

pytestmark = pytest.mark.django_db
LIST, PAGE = "/reports/statements/", "/reports/statements/2025-10/"
INSIDE = datetime(2025, 10, 15, 12, tzinfo=UTC)


@pytest.fixture
def reader(client, django_user_model):
    user = django_user_model.objects.create_user("r", password="p", is_staff=True)
    permit(user, "view_routingdecision")
    client.force_login(user)
    return user


@pytest.fixture
def traffic(load):
    load(
        make_record(decision_id=make_id(1), started_at=INSIDE, tag="=agent"),
        make_record(decision_id=make_id(2), started_at=INSIDE, cost_nusd=None),
        make_record(decision_id=make_id(3), started_at=INSIDE, simulated=True),
    )


def permit(user, codename):
    user.user_permissions.add(Permission.objects.get(codename=codename))


def close(client, **words):
    return client.post(f"{PAGE}close", {"confirmed": "yes"} | words, follow=True)


def text_of(response):
    return b"".join(response.streaming_content).decode()


@pytest.mark.parametrize("url", [LIST, PAGE, "/reports/statements/2025-10.csv"])
def test_only_readers_of_the_account_may_look(client, django_user_model, url):
    assert client.get(url).status_code == 302
    staff = django_user_model.objects.create_user("s", password="p", is_staff=True)
    client.force_login(staff)
    assert client.get(url).status_code == 403


def test_the_page_says_what_is_open_unknown_and_exact(admin_client, traffic):
    text = admin_client.get(PAGE).content.decode()
    assert "Not closed" in text
    assert "1 of 2 decisions have an unknown cost" in text
    assert "=agent" in text
    assert "days in UTC" in text
    assert 'class="close' in text


def test_a_line_of_nothing_known_is_unknown_and_not_zero(admin_client, load):
    load(make_record(started_at=INSIDE, cost_nusd=None, tag="unpriced"))
    _, _, line = admin_client.get(PAGE).content.decode().partition(">unpriced</a>")
    line = line.partition("</tr>")[0]
    assert line.count("<td>unknown</td>") == 3
    assert "$" not in line


def test_closing_needs_a_permission_of_its_own(client, reader, traffic):
    assert client.get(PAGE).status_code == 200
    assert b'class="close' not in client.get(PAGE).content
    assert close(client).status_code == 403
    permit(reader, "close_month")
    assert b"2025-10 is closed." in close(client).content
    assert b"<strong>Closed</strong>" in client.get(PAGE).content


def test_closing_must_be_confirmed(admin_client, traffic):
    assert b"cannot be undone" in close(admin_client, confirmed="").content
    assert not MonthClosing.objects.exists()


def test_closing_twice_is_said(admin_client, traffic):
    close(admin_client)
    assert b"2025-10 is closed already." in close(admin_client).content


def test_nothing_but_closing_writes(admin_client):
    assert admin_client.get(f"{PAGE}close").status_code == 405
    assert admin_client.post(PAGE).status_code == 405


def test_late_decisions_are_shown_apart(admin_client, traffic, load):
    close(admin_client)
    assert b"All with adjustments" not in admin_client.get(PAGE).content
    load(make_record(decision_id=make_id(9), started_at=INSIDE))
    response = admin_client.get(PAGE)
    assert b"All with adjustments" in response.content
    assert len(response.context["adjustments"]) == 1
    assert len(response.context["rows"]) == 2


@pytest.mark.parametrize("month", ["2025-13", "1999-01", "2025-1", "x", "2025-10-01"])
def test_what_is_no_month_is_not_found(admin_client, month):
    assert admin_client.get(f"/reports/statements/{month}/").status_code == 404
    assert admin_client.get(f"/reports/statements/{month}.csv").status_code == 404


@pytest.mark.parametrize("url", [PAGE, "/reports/statements/2025-10.csv"])
def test_what_is_no_axis_is_refused(admin_client, url):
    response = admin_client.get(url, {"by": "rule"})
    assert response.status_code == 400
    assert b"by is one of tag, key." in response.content


def test_the_list_leads_to_months(admin_client, traffic):
    assert b"No month" not in admin_client.get(LIST).content
    assert PAGE.encode() in admin_client.get(LIST).content
    close(admin_client)
    assert b"by admin" in admin_client.get(LIST).content


def test_an_empty_account_says_so(admin_client):
    assert b"No month has real decisions" in admin_client.get(LIST).content
    assert b"No real decisions in this month" in admin_client.get(PAGE).content


def test_files_hold_the_lines_of_the_page(admin_client, traffic, load):
    close(admin_client)
    load(make_record(decision_id=make_id(9), started_at=INSIDE, key_name="globex"))
    rollups.fold()
    statement = statements.read(periods.month("2025-10"), by="key")
    told = text_of(admin_client.get("/reports/statements/2025-10.csv?by=key"))
    rows = list(csv.DictReader(told.splitlines()))
    assert [(r["line"], r["key"]) for r in rows] == [
        ("closed", "acme"),
        ("adjustment", "globex"),
    ]
    net = sum(int(row["net_nusd"]) for row in rows)
    assert net == statement.adjusted.cost_nusd
    objects = [
        msgspec.json.decode(line)
        for line in text_of(
            admin_client.get("/reports/statements/2025-10.jsonl?by=key")
        ).splitlines()
    ]
    assert [o["gross_nusd"] for o in objects] == [int(r["gross_nusd"]) for r in rows]


def test_text_in_the_file_is_no_formula(admin_client, traffic):
    told = text_of(admin_client.get("/reports/statements/2025-10.csv"))
    assert "'=agent" in told


def test_every_line_leads_to_its_decisions(admin_client, traffic):
    for row in admin_client.get(PAGE).context["rows"]:
        listed = admin_client.get(row["url"])
        assert listed.context["cl"].result_count == row["line"].decisions
