"""Who guesses passwords is locked out; nobody locks out somebody else."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import RequestFactory

from cascadeproxy.lockout import client_address

pytestmark = pytest.mark.django_db
LOGIN = "/admin/login/"


@pytest.fixture(autouse=True)
def boss() -> User:
    return User.objects.create_superuser("boss", password="right")


def attempt(client, password: str, *, address: str = "192.0.2.1", name: str = "boss"):
    form = {"username": name, "password": password}
    return client.post(LOGIN, form, REMOTE_ADDR=address)


def test_the_right_password_opens_and_too_many_wrong_ones_lock(client, settings):
    for _ in range(settings.AXES_FAILURE_LIMIT - 1):
        assert attempt(client, "wrong").status_code == 200
    locked = attempt(client, "wrong")
    assert locked.status_code == 429
    assert locked.headers["retry-after"] == "900"
    page = locked.content.decode()
    assert "too many attempts" in page
    assert "boss" not in page
    assert attempt(client, "right").status_code == 429


def test_the_lock_holds_for_one_address_and_one_name(client, settings):
    for _ in range(settings.AXES_FAILURE_LIMIT):
        attempt(client, "wrong")
    assert attempt(client, "right", address="192.0.2.2").status_code == 302
    assert attempt(client, "wrong", name="other").status_code == 200


def test_a_success_forgets_the_failures_before_it(client, settings):
    for _ in range(2):
        for _ in range(settings.AXES_FAILURE_LIMIT - 1):
            attempt(client, "wrong")
        assert attempt(client, "right").status_code == 302
        client.logout()


def test_no_password_is_kept(client):
    attempt(client, "planted-password")
    from axes.models import AccessAttempt  # noqa: PLC0415  apps are ready by now

    kept = [str(vars(row)) for row in AccessAttempt.objects.all()]
    assert len(kept) == 1
    assert "planted-password" not in kept[0]


@pytest.mark.parametrize(
    ("proxies", "forwarded", "believed"),
    [
        (0, "6.6.6.6", "10.0.0.1"),
        (1, "6.6.6.6, 192.0.2.7", "192.0.2.7"),
        (2, "6.6.6.6, 192.0.2.7, 10.0.0.2", "192.0.2.7"),
        (2, "192.0.2.7", "10.0.0.1"),
        (1, "", "10.0.0.1"),
    ],
)
def test_only_what_our_own_proxies_said_is_believed(
    settings, proxies, forwarded, believed
):
    settings.CASCADE_PROXIES_IN_FRONT = proxies
    request = RequestFactory().get(
        LOGIN, REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=forwarded
    )
    assert client_address(request) == believed


def test_admin_says_what_its_records_are_about(admin_client):
    page = admin_client.get("/admin/").content.decode()
    assert "Failed logins" in page
    assert "Axes" not in page
