"""Who may open which address: a table. An address that is not in it fails.

CVE-2026-49468: a peer's authorisation looked at the route, and a Host header moved it.
Here each view asks for itself, and this table asks each view.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import Group, User
from django.urls import get_resolver

from tests.wsgi import call

pytestmark = pytest.mark.django_db

# Nobody; staff that may nothing; staff of the three groups; a superuser; a client key.
ROLES = ("anonymous", "clerk", "viewer", "operator", "owner", "superuser", "key")
EVERYBODY = set(ROLES)
STAFF = {"clerk", "viewer", "operator", "owner", "superuser"}
READERS = {"viewer", "operator", "owner", "superuser"}
RUNNERS = {"operator", "owner", "superuser"}
OWNERS = {"owner", "superuser"}
BOSS = {"superuser"}
NOBODY: set[str] = set()

PAGES = {
    "": EVERYBODY,  # leads to the reports, which ask
    "favicon.ico": EVERYBODY,
    "health": EVERYBODY,
    "ready": EVERYBODY,
    "metrics": NOBODY,  # from elsewhere, without a token
    "api/hello": EVERYBODY,
    "d/<str:decision_id>": READERS,
    "d/<str:decision_id>/label": RUNNERS,
    "reports/": READERS,
    "reports/calculator/": READERS,
    "reports/rules/<str:name>/": READERS,
    "reports/rules/<str:name>/revert/": RUNNERS,
    "reports/rules/<str:name>/threshold/": RUNNERS,
    "reports/statements/": READERS,
    "reports/statements/<str:month>/": READERS,
    "reports/statements/<str:month>.csv": READERS,
    "reports/statements/<str:month>.jsonl": READERS,
    "reports/statements/<str:month>/close": OWNERS,
    "api/reports/": NOBODY,  # report keys alone
    "api/reports/summary": NOBODY,
    "api/reports/decisions": NOBODY,
    "api/reports/statements/<str:month>": NOBODY,
    "api/reports/<path:rest>": NOBODY,
    "reports/live/": READERS,
    "reports/live.json": READERS,
    "reports/decisions.csv": READERS,
    "reports/decisions.jsonl": READERS,
    "reports/summary.csv": READERS,
    "reports/summary.jsonl": READERS,
    "rules/<int:pk>/try/": RUNNERS,
    "v1/messages": {"key"},
    "v1/messages/count_tokens": {"key"},
    "v1/cascade/feedback": {"key"},
    "v1/chat/completions": {"key"},
    "v1/responses": {"key"},
    "v1/models": {"key"},
    "v1/models/<path:model>": {"key"},
    r"^v1(?:/[\s\S]*)?\Z": NOBODY,  # a key must be told that it may
    "admin/": STAFF,
    "admin/login/": EVERYBODY,
    "admin/logout/": EVERYBODY,
    "admin/password_change/": STAFF,
    "admin/password_change/done/": STAFF,
    "admin/autocomplete/": NOBODY,  # without a field it would search
    "admin/jsi18n/": STAFF,
    "admin/r/<path:content_type_id>/<path:object_id>/": STAFF,  # 404: no such object
    "admin/^(?P<app_label>auth|axes|metrics|routing)/$": STAFF,  # what they may see
    "admin/(?P<url>.*)$": STAFF,  # 404
}

# Who may view, add, change and delete rows.
ROWS = {
    "auth/group": (BOSS, BOSS, BOSS, BOSS),
    "auth/user": (BOSS, BOSS, BOSS, BOSS),
    "axes/accessattempt": (BOSS, NOBODY, BOSS, BOSS),
    "axes/accesslog": (BOSS, NOBODY, BOSS, BOSS),
    "axes/accessfailurelog": (BOSS, NOBODY, BOSS, BOSS),
    "metrics/routingdecision": (READERS, NOBODY, READERS, NOBODY),
    "metrics/modelprice": (READERS, OWNERS, READERS, OWNERS),
    "metrics/alert": (READERS, NOBODY, READERS, OWNERS),
    "metrics/label": (READERS, NOBODY, READERS, NOBODY),
    "metrics/reportkey": (READERS, OWNERS, READERS, OWNERS),
    "metrics/textreading": (OWNERS, NOBODY, OWNERS, NOBODY),
    "routing/controls": (READERS, NOBODY, READERS, NOBODY),
    "routing/clientkey": (READERS, RUNNERS, READERS, OWNERS),
    "routing/provider": (READERS, BOSS, READERS, OWNERS),
    "routing/upstreammodel": (READERS, OWNERS, READERS, OWNERS),
    "routing/rulecertificate": (READERS, NOBODY, READERS, NOBODY),
    "routing/ruleknowledge": (READERS, NOBODY, READERS, NOBODY),
    "routing/cascaderule": (READERS, RUNNERS, READERS, RUNNERS),
}
# Of each kind of page in admin: which of the four is asked. `change` shows a row to
# those who may only view it.
KINDS = {
    "": 0,
    "add/": 1,
    "<path:object_id>/change/": 2,
    "<path:object_id>/delete/": 3,
}
# Without a row there is nothing to show: they lead to the list.
LEAD_ON = {"<path:object_id>/", "<path:object_id>/history/"}
ALONE = {
    "admin/auth/user/<id>/password/": BOSS,
    # Its versions are kept for longer than a row.
    "admin/routing/cascaderule/<path:object_id>/history/": READERS,
    "admin/routing/clientkey/<path:object_id>/history/": READERS,
    "admin/routing/provider/<path:object_id>/history/": READERS,
    "admin/routing/upstreammodel/<path:object_id>/history/": READERS,
    # Without a row there is nothing to put back, and it is only posted to.
    "admin/routing/cascaderule/<path:object_id>/history/<int:version>/revert/": STAFF,
    "admin/routing/clientkey/<path:object_id>/history/<int:version>/revert/": STAFF,
    "admin/routing/provider/<path:object_id>/history/<int:version>/revert/": STAFF,
    "admin/routing/upstreammodel/<path:object_id>/history/<int:version>/revert/": STAFF,
}

STAND_INS = {
    "<path:content_type_id>/<path:object_id>": "1/1",
    "<str:decision_id>": "cd_" + "1" * 26,
    "<int:pk>": "1",
    "<id>": "1",
    "<path:model>": "no\x00name",
    "<path:object_id>": "999999",
    r"^v1(?:/[\s\S]*)?\Z": "v1/files",
    "^(?P<app_label>auth|axes|metrics|routing)/$": "routing/",
    "(?P<url>.*)$": "nowhere/",
    "<int:version>": "1",
    "<str:name>": "default",
    "<str:month>": "2026-10",
    "<path:rest>": "nowhere",
}


def patterns(resolver: Any, before: str = "") -> Iterator[str]:
    for entry in resolver.url_patterns:
        pattern = before + str(entry.pattern)
        if hasattr(entry, "url_patterns"):
            yield from patterns(entry, pattern)
        else:
            yield pattern


def table() -> dict[str, set[str]]:
    rows = {
        f"admin/{model}/{kind}": roles[index]
        for model, roles in ROWS.items()
        for kind, index in KINDS.items()
    }
    lead_on = {f"admin/{model}/{kind}": STAFF for model in ROWS for kind in LEAD_ON}
    return PAGES | rows | lead_on | ALONE


TABLE = table()


def address_of(pattern: str) -> str:
    for wild, stand_in in STAND_INS.items():
        pattern = pattern.replace(wild, stand_in)
    return "/" + pattern


def headers_of(role: str, client: Any, proxy: Any) -> dict[str, str]:
    if role == "anonymous":
        return {}
    if role == "key":
        return {"x-api-key": proxy.key}
    user = User.objects.create_user(role, is_staff=True)
    if role == "superuser":
        user.is_superuser = True
        user.save()
    elif role != "clerk":
        user.groups.add(Group.objects.get(name=role))
    client.force_login(user)
    name = django_settings.SESSION_COOKIE_NAME
    return {"cookie": f"{name}={client.cookies[name].value}"}


def lets_in(answer: Any) -> bool:
    refused = answer.status in {401, 403}
    return not refused and "/admin/login/" not in answer.headers.get("location", "")


def test_the_table_holds_every_address_and_no_other():
    assert sorted(patterns(get_resolver())) == sorted(TABLE)


@pytest.mark.parametrize("role", ROLES)
def test_each_role_opens_what_the_table_says(client, proxy, role):
    headers = headers_of(role, client, proxy)
    proxy.add_rule()
    opened = set()
    for pattern in TABLE:
        answer = call(
            "GET",
            address_of(pattern),
            headers=headers,
            environ={"REMOTE_ADDR": "192.0.2.1", "HTTP_HOST": "127.0.0.1"},
        )
        answer.body  # noqa: B018  read to its end
        assert answer.status < 500, pattern
        if lets_in(answer):
            opened.add(pattern)
    assert opened == {pattern for pattern, roles in TABLE.items() if role in roles}


@pytest.mark.parametrize("host", ["evil.test", "127.0.0.1/admin", "a b", "x" * 300])
@pytest.mark.parametrize(
    "forwarded", ["x-forwarded-host", "x-original-url", "x-rewrite-url"]
)
def test_no_name_of_the_host_opens_anything(client, proxy, host, forwarded):
    for address in ("/admin/", "/reports/", "/reports/decisions.csv", "/v1/messages"):
        for headers in ({"host": host}, {forwarded: "/health"}):
            got = call("GET", address, headers=headers)
            assert got.status in {302, 400, 401, 405}
            assert host not in got.headers.get("location", "")
            assert not re.search(rb"traceback|Exception", got.body, re.IGNORECASE)
