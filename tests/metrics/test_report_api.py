from datetime import timedelta

import msgspec
import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from metrics import keys, rollups
from metrics.report_key_models import SCOPES, ReportKey
from routing.models import ClientKey
from tests.metrics.builders import make_id, make_record

pytestmark = pytest.mark.django_db
URLS = {
    "summary": "/api/reports/summary",
    "decisions": "/api/reports/decisions",
    "statements": "/api/reports/statements/2025-10",
}


@pytest.fixture
def key():
    return ReportKey.issue("bi", **dict.fromkeys(SCOPES, True))[1]


@pytest.fixture
def ask(client, key):
    def get(url, status=200, **query):
        response = client.get(url, query, headers=bearer(key))
        assert response.status_code == status
        return told(response)

    return get


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


def told(response):
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    return msgspec.json.decode(response.content)


class TestWhoMayRead:
    @pytest.mark.parametrize("url", [*URLS.values(), "/api/reports/", "/api/reports/x"])
    def test_nobody_without_a_key(self, client, url):
        response = client.get(url)
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"] == "Bearer"
        assert told(response)["error"]["type"] == "authentication_error"

    @pytest.mark.parametrize("scope", SCOPES)
    def test_a_scope_opens_its_own_address_alone(self, client, scope):
        _, key = ReportKey.issue("narrow", **{scope: True})
        statuses = {
            name: client.get(url, headers=bearer(key)).status_code
            for name, url in URLS.items()
        }
        assert statuses == {name: 200 if name == scope else 403 for name in URLS}

    def test_a_new_key_may_read_nothing(self, client):
        _, key = ReportKey.issue("new")
        for url in URLS.values():
            response = client.get(url, headers=bearer(key))
            assert response.status_code == 403
            assert "lacks the scope" in told(response)["error"]["message"]

    @pytest.mark.parametrize(
        "changes",
        [
            {"revoked": True},
            {"expires_at": timezone.now() - timedelta(seconds=1)},
        ],
    )
    def test_no_key_that_is_revoked_or_expired(self, client, key, changes):
        ReportKey.objects.update(**changes)
        response = client.get(URLS["summary"], headers=bearer(key))
        assert response.status_code == 401

    def test_a_client_key_reads_no_reports(self, client):
        _, key = ClientKey.issue("acme")
        assert client.get(URLS["summary"], headers=bearer(key)).status_code == 401

    def test_a_session_of_staff_opens_nothing(self, admin_client):
        assert admin_client.get(URLS["summary"]).status_code == 401

    @pytest.mark.parametrize(
        "header",
        ["", "Bearer", "Bearer ", "Basic abc", "Bearer " + "x" * 300, "Bearer \xff"],
    )
    def test_what_is_no_key_is_refused(self, client, header):
        response = client.get(URLS["summary"], headers={"Authorization": header})
        assert response.status_code == 401

    def test_a_mistyped_key_is_told_so(self, client, key):
        response = client.get(URLS["summary"], headers=bearer(key[:-1] + "!"))
        assert "mistyped" in told(response)["error"]["message"]

    @pytest.mark.usefixtures("key")
    def test_a_wrong_key_of_the_right_shape_is_refused(self, client):
        other = keys.new_key("cp_report_")
        assert client.get(URLS["summary"], headers=bearer(other)).status_code == 401

    @pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
    def test_nothing_can_be_written(self, client, key, method):
        response = getattr(client, method)(URLS["summary"], headers=bearer(key))
        assert response.status_code == 405
        assert told(response)["error"]["type"] == "invalid_request_error"

    def test_what_is_no_report_is_not_found(self, ask):
        assert ask("/api/reports/nothing", 404)["error"]["type"] == "not_found_error"


class TestSummary:
    def test_the_rows_add_up_to_the_total(self, ask, load):
        now = timezone.now()
        load(
            make_record(decision_id=make_id(1), started_at=now, rule="a"),
            make_record(decision_id=make_id(2), started_at=now, cost_nusd=None),
            make_record(decision_id=make_id(3), started_at=now, simulated=True),
        )
        for by in ("day", "hour", "rule", "key", "tag", "served_model"):
            answer = ask(URLS["summary"], by=by)
            total = answer["total"]
            assert (total["decisions"], total["unknown_cost"]) == (2, 1)
            for name in ("decisions", "cost_nusd", "baseline_nusd", "saving_nusd"):
                assert sum(row[name] for row in answer["rows"]) == total[name]
            assert all(by in row for row in answer["rows"])
        assert answer["behind"] == 0
        assert answer["time_zone"] == "UTC"
        assert answer["previous"] is None

    def test_what_is_compared_and_measured_is_told(self, ask, load):
        load(make_record(started_at=timezone.now() - timedelta(days=9)))
        answer = ask(URLS["summary"], period="7d", compare="1")
        assert answer["previous"]["decisions"] == 1
        assert answer["quality"]["labels"] == 0
        assert answer["quality"]["share"] is None
        assert answer["savings_lost"]["wasted_nusd"] == 0

    @pytest.mark.parametrize(
        "query",
        [
            {"by": "moon"},
            {"simulated": "all"},
            {"compare": "yes"},
            {"perod": "7d"},
            {"period": "x"},
            {"from": "yesterday"},
            {"rule": "a"},
        ],
    )
    def test_what_cannot_be_read_is_an_error(self, ask, query):
        answer = ask(URLS["summary"], 400, **query)
        assert answer["error"]["type"] == "invalid_request_error"


class TestDecisions:
    @pytest.fixture
    def many(self, load):
        start = timezone.now() - timedelta(hours=1)
        load(
            *(
                # Several at one moment, and loaded in another order than they began.
                make_record(
                    decision_id=make_id(n),
                    started_at=start - timedelta(seconds=n // 3),
                    tag="" if n % 2 else "odd",
                )
                for n in range(10)
            )
        )

    @pytest.mark.usefixtures("many")
    def test_pages_hold_each_once_oldest_first(self, ask):
        seen, cursor = [], ""
        while cursor is not None:
            query = {"limit": "3"} | ({"cursor": cursor} if cursor else {})
            answer = ask(URLS["decisions"], **query)
            assert len(answer["decisions"]) <= 3
            seen += answer["decisions"]
            cursor = answer["next_cursor"]
        assert len({each["decision_id"] for each in seen}) == len(seen) == 10
        moments = [each["started_at"] for each in seen]
        assert moments == sorted(moments)
        assert seen[0]["calls"][0]["cost_nusd"] == 270_000
        assert seen[0]["saving_nusd"] == 10_530_000

    @pytest.mark.usefixtures("many")
    def test_filters_are_those_of_files(self, ask):
        answer = ask(URLS["decisions"], tag="odd")
        assert len(answer["decisions"]) == 5
        assert ask(URLS["decisions"], simulated="1")["decisions"] == []

    @pytest.mark.parametrize(
        "query",
        [
            {"limit": "0"},
            {"limit": "1001"},
            {"limit": "many"},
            {"limit": "9" * 400},
            {"cursor": "x"},
            {"cursor": "999999999999999999-1"},
            {"cursor": "1-" + "9" * 30},
            {"outcome": "x"},
        ],
    )
    def test_what_cannot_be_read_is_an_error(self, ask, query):
        assert ask(URLS["decisions"], 400, **query)["type"] == "error"

    @pytest.mark.usefixtures("many")
    def test_a_page_is_one_query_beside_the_key(self, ask, django_assert_num_queries):
        with django_assert_num_queries(2):
            ask(URLS["decisions"])


class TestStatements:
    def test_a_month_is_told_exactly(self, ask, load):
        moment = timezone.datetime(2025, 10, 9, tzinfo=timezone.get_current_timezone())
        load(make_record(started_at=moment, tag="batch"))
        rollups.fold()
        answer = ask(URLS["statements"])
        assert (answer["month"], answer["by"]) == ("2025-10", "tag")
        assert answer["closed"] is False
        (line,) = answer["lines"]
        assert (line["tag"], line["net_nusd"]) == ("batch", 270_000)
        assert line["gross_usd"] == 0.0108
        assert answer["total"]["saved_nusd"] == 10_530_000
        assert ask(URLS["statements"], by="key")["lines"][0]["key"] == "acme"

    def test_what_cannot_be_read_is_an_error(self, ask):
        assert ask("/api/reports/statements/2025-13", 404)["type"] == "error"
        assert ask(URLS["statements"], 400, by="rule")["type"] == "error"
        assert ask(URLS["statements"], 400, month="x")["type"] == "error"


class TestAdmin:
    def test_a_key_is_shown_once_and_works(self, admin_client, client):
        add = "/admin/metrics/reportkey/add/"
        form = {"name": "bi", "summary": "on", "expires_at_0": "", "expires_at_1": ""}
        page = admin_client.post(add, form, follow=True).content.decode()
        _, _, rest = page.partition("shown only now: ")
        key = rest[: len("cp_report_") + 49]
        assert client.get(URLS["summary"], headers=bearer(key)).status_code == 200
        listed = admin_client.get("/admin/metrics/reportkey/").content.decode()
        assert key not in listed
        assert key[:18] in listed
        row = ReportKey.objects.get()
        change = admin_client.get(f"/admin/metrics/reportkey/{row.pk}/change/")
        assert key not in change.content.decode()
        assert row.digest not in change.content.decode()

    def test_revoking_is_at_once(self, admin_client, client, key):
        row = ReportKey.objects.get()
        action = {"action": "revoke", "_selected_action": [row.pk]}
        admin_client.post("/admin/metrics/reportkey/", action)
        assert client.get(URLS["summary"], headers=bearer(key)).status_code == 401
        listed = admin_client.get("/admin/metrics/reportkey/").content
        assert b"revoked" in listed

    def test_who_may_see_decisions_makes_no_keys(self, client, django_user_model):
        staff = django_user_model.objects.create_user("s", password="p", is_staff=True)
        permission = Permission.objects.get(codename="view_routingdecision")
        staff.user_permissions.add(permission)
        client.force_login(staff)
        assert client.get("/admin/metrics/reportkey/add/").status_code == 403
