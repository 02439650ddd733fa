import re
from datetime import timedelta
from pathlib import Path

import pytest

from metrics import live
from metrics.models import RoutingDecision
from tests.metrics.builders import MOMENT, make_id, make_record
from tests.metrics.plans import plan

pytestmark = pytest.mark.django_db
PAGE, ROWS = "/reports/live/", "/reports/live.json"
SCRIPT = Path(__file__).parents[2] / "templates/static/metrics/live.js"


def ids(answer):
    return [row["id"] for row in answer["rows"]]


@pytest.fixture
def arrivals(admin_client):
    def get(after):
        response = admin_client.get(ROWS, {"after": after})
        assert response.status_code == 200
        return response.json()

    return get


def test_the_page_is_whole_without_its_script(admin_client, load):
    load(make_record(outcome="escalated", reason="veto:cut_off", cost_nusd=2 * 10**9))
    text = admin_client.get(PAGE).content.decode()
    for part in (
        "11-20 12:00:00",
        "acme",
        "default",
        "escalated",
        "veto:cut_off",
        "$2.00",
    ):
        assert part in text
    assert f'href="/d/{make_id(1)}"' in text
    assert f'<a href="{PAGE}">Refresh</a>' in text
    assert 'class="number loss">-$1.99' in text


def test_an_empty_page_says_so(admin_client):
    text = admin_client.get(PAGE).content.decode()
    assert 'id="live-empty">No request yet.' in text
    assert 'data-last="0"' in text


def test_only_what_is_new_is_told(arrivals, admin_client, load):
    load(make_record())
    last = admin_client.get(PAGE).context["last"]
    assert arrivals(last) == {"last": last, "more": False, "rows": []}
    load(make_record(), make_record(decision_id=make_id(2), aborted=True))
    answer = arrivals(last)
    assert ids(answer) == [make_id(2)]
    assert answer["rows"][0]["outcome"] == "draft accepted, client gone"
    assert arrivals(answer["last"])["rows"] == []


def test_a_long_request_that_began_earlier_is_new_too(arrivals, admin_client, load):
    load(make_record())
    last = admin_client.get(PAGE).context["last"]
    early = MOMENT - timedelta(minutes=9)
    load(make_record(decision_id=make_id(2), started_at=early))
    assert ids(arrivals(last)) == [make_id(2)]


def test_no_more_than_a_hundred_are_told_at_once(arrivals, load):
    load(*(make_record(decision_id=make_id(n)) for n in range(102)))
    answer = arrivals(0)
    assert len(answer["rows"]) == 100
    assert answer["more"]
    assert answer["last"] == RoutingDecision.objects.latest("pk").pk
    assert answer["rows"][0]["id"] == make_id(101)


def test_a_request_without_a_model_is_told_too(arrivals, load):
    load(make_record(outcome="account", endpoint="files", calls=(), status=500))
    (row,) = arrivals(0)["rows"]
    assert (row["outcome"], row["reason"]) == ("account endpoint, status 500", "files")


@pytest.mark.parametrize("after", ["", "-1", "x", "٣", "1" * 19, "1.5"])
def test_what_is_no_number_is_refused(admin_client, after):
    assert admin_client.get(ROWS, {"after": after}).status_code == 400


def test_names_of_clients_run_nothing(admin_client, load):
    evil = "<img src=x onerror=alert(1)>"
    load(make_record(requested_model=evil))
    response = admin_client.get(PAGE)
    text = response.content.decode()
    assert "&lt;img" in text
    assert not re.search(r"<img|\sstyle=|<style|<script(?! src=)", text)
    assert admin_client.get(ROWS, {"after": 0}).headers["Content-Type"] == (
        "application/json"
    )


def test_the_script_only_ever_sets_text():
    script = SCRIPT.read_text()
    assert "textContent" in script
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|eval|document\.write", script
    )


def test_the_script_shows_every_part_of_a_row(admin_client, load):
    load(make_record())
    (row,) = admin_client.get(ROWS, {"after": 0}).json()["rows"]
    script = SCRIPT.read_text()
    assert [name for name in row if name not in script] == []


def test_both_queries_stay_on_an_index(
    admin_client, load, django_assert_max_num_queries
):
    load(*(make_record(decision_id=make_id(n)) for n in range(3)))
    with django_assert_max_num_queries(4):
        admin_client.get(PAGE)
    newest = RoutingDecision.objects.order_by("-started_at", "-pk")[: live.ROWS_AT_MOST]
    assert "decision_recent" in plan(newest)
    arrived = RoutingDecision.objects.filter(pk__gt=1).order_by("-pk")[:101]
    assert "TEMP B-TREE" not in arrived.explain()
