"""Secrets are planted wherever one can be; then everything that is kept is searched.

LiteLLM, March 2026: raw Authorization headers in spend logs and traces, keys in URLs.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from django.conf import settings as django_settings
from django.contrib import admin
from django.contrib.auth.models import User
from django.core import serializers
from django.db import connection, models
from django.test import Client
from django.urls import reverse
from django.utils.timezone import localdate

from metrics import loader
from metrics.models import RoutingDecision
from metrics.report_key_models import SCOPES, ReportKey
from routing.errors import UpstreamError
from routing.models import CascadeRule
from tests.builders import DRAFT, VERIFIER, make_body
from tests.fakes import EVENTS, JSON, HttpAnswer, message_bytes
from tests.wsgi import PROVIDER_KEY, call

pytestmark = pytest.mark.django_db

# What a client, a provider or an operator has for himself.
PROMPT = "canary-in-a-prompt-7421"
SYSTEM = "canary-in-a-system-prompt-7422"
ANSWER = "canary-in-an-answer-7423"
HEADER = "canary-in-a-header-7424"
QUERY = "canary-in-a-query-7425"
UPSTREAM = "canary-in-an-error-7426"
FURTHER = "sk-ant-canary-further-7427"
GUESS = "sk-canary-guess-7428"
WRITTEN = (PROMPT, SYSTEM, ANSWER, HEADER, QUERY, UPSTREAM)
KEYS = (PROVIDER_KEY, FURTHER, GUESS)
REFUSED = HttpAnswer(
    status=401,
    headers=(*JSON, ("x-told", f"{PROVIDER_KEY}")),
    chunks=[
        b'{"type":"error","error":{"type":"authentication_error","message":"',
        f"{UPSTREAM} bad key: {PROVIDER_KEY[:9]}".encode(),
        f'{PROVIDER_KEY[9:]}"}}}}'.encode(),
    ],
)


def play(proxy, upstream, caplog) -> list[bytes]:
    """Let all happen that can; what clients were answered meanwhile."""
    caplog.set_level("DEBUG")
    proxy.add_rule()
    proxy.open_account()
    headers = {
        "x-api-key": proxy.key,
        "cookie": HEADER,
        "x-secret": HEADER,
        "anthropic-beta": HEADER,
        "user-agent": HEADER,
        "x-claude-code-session-id": HEADER,
    }
    body = make_body(PROMPT, system=SYSTEM, metadata={"user_id": PROMPT})
    good = message_bytes(ANSWER, model=VERIFIER)
    got = []

    def post(path: str = "/v1/messages", sent: bytes = body, **changed: str) -> None:
        answer = proxy.post(sent, f"{path}?key={QUERY}", headers=headers | changed)
        got.append(repr(answer.headers).encode())
        with contextlib.suppress(UpstreamError):  # cuts the connection
            got.append(answer.body)

    upstream.script(DRAFT, HttpAnswer(chunks=[message_bytes(ANSWER, model=DRAFT)]))
    post()  # accepted
    upstream.script(DRAFT, REFUSED)
    upstream.script(VERIFIER, HttpAnswer(chunks=[good]))
    post()  # escalated
    for failure in (
        REFUSED,
        httpx.ConnectError(UPSTREAM),
        HttpAnswer(headers=EVENTS, chunks=[b"event: x\n", httpx.ReadError(UPSTREAM)]),
        HttpAnswer(status=302, headers=(("location", f"http://{UPSTREAM}"),)),
    ):
        upstream.script(DRAFT, httpx.ConnectError(UPSTREAM))
        upstream.script(VERIFIER, failure)
        post()
    upstream.script("/v1/messages/count_tokens", REFUSED)
    post("/v1/messages/count_tokens")
    upstream.script("/v1/files", REFUSED)
    post("/v1/files")
    post(sent=b"{" + PROMPT.encode())
    post(sent=make_body(PROMPT).replace(b'"messages"', f'"{SYSTEM}"'.encode()))
    post(**{"x-api-key": GUESS})
    post(**{"x-api-key": proxy.key[:-1]})
    return got


def add_a_further_key(proxy) -> None:
    further = proxy.provider.further_keys.model(provider=proxy.provider, name="b")
    further.set_key(FURTHER)
    further.key_last4 = "7427"
    further.save()


def rows() -> str:
    """Every row of every table."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            found += [f"{table}: {row!r}" for row in cursor.fetchall()]
    return "\n".join(found)


def files_under(*directories: Path) -> bytes:
    return b"".join(
        path.read_bytes()
        for directory in directories
        for path in directory.rglob("*")
        if path.is_file()
    )


def pages() -> list[bytes]:
    """Everything staff can open, and what a report key reads."""
    boss = Client()
    boss.force_login(User.objects.create_superuser("boss"))
    name = django_settings.SESSION_COOKIE_NAME
    cookie = {"cookie": f"{name}={boss.cookies[name].value}"}
    scopes = dict.fromkeys(SCOPES, True)
    _, report_key = ReportKey.issue("accounting", expires_at=None, **scopes)
    bearer = {"authorization": f"Bearer {report_key}"}
    month = f"{localdate():%Y-%m}"
    api = [
        f"/api/reports/{each}"
        for each in ("summary", "decisions", f"statements/{month}")
    ]
    told = {
        **{each: call("GET", each, headers=cookie) for each in addresses(month)},
        **{each: call("GET", each, headers=bearer) for each in api},
    }
    refused = {path: got.status for path, got in told.items() if got.status >= 400}
    assert refused == {}
    return [answer.body for answer in told.values()]


def addresses(month: str) -> Iterator[str]:
    """Pages and files for staff; of what admin lists, the list and the first rows."""
    yield from ("/metrics", "/ready", "/health", "/reports/", "/reports/calculator/")
    yield from ("/reports/live/", "/reports/live.json?after=0", "/reports/statements/")
    for of in ("decisions", "summary", f"statements/{month}"):
        yield from (f"/reports/{of}.csv", f"/reports/{of}.jsonl")
    yield f"/reports/statements/{month}/"
    for rule in CascadeRule.objects.all():
        yield f"/reports/rules/{rule.name}/"
        yield f"/rules/{rule.pk}/try/"
    for decision in RoutingDecision.objects.all():
        yield f"/d/{decision.decision_id}"
    for model in admin.site._registry:
        page = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{page}_changelist")
        for row in model._default_manager.all()[:3]:
            yield reverse(f"{page}_change", args=[row.pk])


def test_no_secret_is_in_any_log_row_file_metric_or_page(
    proxy, upstream, caplog, settings
):
    play(proxy, upstream, caplog)
    assert "401" in caplog.text, "there is a log to search"
    add_a_further_key(proxy)
    kept = files_under(settings.CASCADE_JOURNAL_DIR, settings.CASCADE_STATE_DIR)
    loader.load_once(settings.CASCADE_JOURNAL_DIR)
    assert proxy.decisions(), "there is something to search"
    everything = {
        "log": caplog.text.encode(),
        "files": kept,
        "rows": rows().encode(),
        "pages": b"\n".join(pages()),
    }
    secrets = (*WRITTEN, *KEYS, proxy.key, proxy.key[20:])
    found = [
        (where, secret)
        for where, text in everything.items()
        for secret in secrets
        if secret.encode() in text
    ]
    assert found == []


def test_no_client_is_told_a_key_even_where_a_provider_tells_it(
    proxy, upstream, caplog
):
    told = b"\n".join(play(proxy, upstream, caplog))
    assert UPSTREAM.encode() in told  # the provider's words are passed on
    for key in (*KEYS, proxy.key, django_settings.SECRET_KEY):
        assert key.encode() not in told


def test_no_key_is_in_a_fixture(proxy):
    add_a_further_key(proxy)
    everything = [
        row
        for model in (type(proxy.provider), type(proxy.row))
        for row in model.objects.all()
    ]
    assert all(isinstance(row, models.Model) for row in everything)
    text = serializers.serialize("json", everything)
    assert PROVIDER_KEY not in text
    assert proxy.key not in text
    assert "gAAAA" not in text
