import dataclasses
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from routing.models import CascadeRule, ClientKey, Provider
from routing.startup.announcement import Announcement, text

pytestmark = pytest.mark.django_db

TOLD = Announcement(
    host="127.0.0.1", port=8000, auth_mode="api_key", simulator="", client_key=""
)


def words(**changes) -> str:
    return text(dataclasses.replace(TOLD, **changes))


def test_names_the_addresses_and_something_to_paste():
    _, key = ClientKey.issue("acme")
    User.objects.create_superuser("admin")
    lines = words(client_key=key).splitlines()
    assert "API      http://127.0.0.1:8000/v1/messages" in lines
    assert "Admin    http://127.0.0.1:8000/admin/   user admin" in lines
    assert "Reports  http://127.0.0.1:8000/reports/" in lines
    assert any(line.startswith("curl ") and key in line for line in lines)
    assert (
        f"ANTHROPIC_BASE_URL=http://127.0.0.1:8000 ANTHROPIC_API_KEY={key} claude"
        in lines
    )


def test_says_in_one_line_that_answers_are_simulated():
    row = Provider.objects.create(
        name="s", kind="simulator", base_url="http://127.0.0.1:1"
    )
    assert words().count("Simulated:") == 1
    row.enabled = False
    row.save()
    assert "Simulated" not in words(simulator="127.0.0.1:1")


def test_says_that_the_cascade_is_off(settings):
    assert "The cascade is off" not in words()
    settings.CASCADE_ENABLED = False
    assert words().count("The cascade is off: no draft is asked") == 1


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])  # noqa: S104  a value
def test_a_server_for_all_addresses_is_reached_here_under_one(host):
    assert "http://127.0.0.1:8000/admin/" in words(host=host)


def test_the_model_of_the_example_is_one_with_a_rule():
    CascadeRule.objects.create(
        name="r", request_model="verifier-large*", draft_model="draft-small"
    )
    assert '"model": "verifier-large"' in words()


@pytest.mark.parametrize(
    ("auth_mode", "shown"),
    [("none", "unused"), ("pass_through", "<your Anthropic key>")],
)
def test_without_keys_of_ours_none_is_shown(auth_mode, shown):
    _, key = ClientKey.issue("acme")
    told = words(auth_mode=auth_mode, client_key=key)
    assert key not in told
    assert shown in told


@pytest.mark.parametrize(
    "changes",
    [{"enabled": False}, {"expires_at": timezone.now() - timedelta(days=1)}],
)
def test_a_key_that_no_longer_works_is_not_shown(changes):
    row, key = ClientKey.issue("acme")
    ClientKey.objects.filter(pk=row.pk).update(**changes)
    assert key not in words(client_key=key)
