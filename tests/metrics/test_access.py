from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import Permission

from tests.metrics.builders import make_id

pytestmark = pytest.mark.django_db
PAGES = [
    f"/d/{make_id(1)}",
    "/reports/live/",
    "/reports/live.json?after=0",
    "/reports/decisions.csv?rule=default&simulated=1",
    "/reports/decisions.jsonl",
    "/reports/summary.csv?by=rule",
    "/reports/summary.jsonl",
]


@pytest.mark.parametrize("url", PAGES)
def test_login_leads_back_to_where_one_wanted_to_go(client, url):
    response = client.get(url)
    assert response.status_code == 302
    login = urlsplit(response.headers["Location"])
    assert login.path == "/admin/login/"
    assert parse_qs(login.query)["next"] == [url]


@pytest.mark.parametrize("url", PAGES)
def test_only_staff_that_may_see_decisions_sees_them(client, django_user_model, url):
    client.force_login(django_user_model.objects.create_user("globex"))
    assert client.get(url).status_code == 302
    staff = django_user_model.objects.create_user("acme", is_staff=True)
    client.force_login(staff)
    assert client.get(url).status_code == 403
    permission = Permission.objects.get(codename="view_routingdecision")
    staff.user_permissions.add(permission)
    assert client.get(url).status_code in (200, 404)


@pytest.mark.parametrize("url", PAGES)
def test_nothing_can_be_written(admin_client, url):
    assert admin_client.post(url).status_code == 405
