"""This year's advisories against gateways, each as a test of ours.

`docs/security.md` names the test of each; tests/security/test_addresses.py and
test_canaries.py hold two more.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from cascadeproxy.reading import Environment
from metrics import alerts, keys, lines, loader
from metrics.admin import RoutingDecisionAdmin
from metrics.journal import Journal
from metrics.rollup_models import RollupState
from routing import alerting, hops, secrets, validators
from routing.config import Pattern
from routing.models import CascadeRule, ClientKey
from tests.builders import DRAFT, VERIFIER, make_body, make_events
from tests.fakes import EVENTS, HttpAnswer, message_bytes
from tests.metrics.builders import make_id, make_record
from tests.routing.admin.conftest import clerk  # noqa: F401  a fixture
from tests.routing.admin.pages import page
from tests.wsgi import PROVIDER_KEY

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.django_db


def answer(model: str = VERIFIER) -> HttpAnswer:
    return HttpAnswer(chunks=[message_bytes(model=model)])


class TestNoClientChoosesTheHost:
    """CVE-2024-6587: `api_base` in the body sent the provider's key to an attacker."""

    FIELDS = (
        "api_base",
        "base_url",
        "api_key",
        "host",
        "url",
        "provider",
        "custom_host",
        "extra_headers",
        "extra_body",
        "proxies",
    )

    @pytest.mark.parametrize("field", FIELDS)
    def test_by_a_field_of_the_body(self, proxy, upstream, field):
        upstream.script(VERIFIER, answer())
        assert proxy.ask(**{field: "http://evil.test/"}).status == 200
        (sent,) = upstream.requests
        assert str(sent.url) == "http://main.test/v1/messages"
        assert sent.headers["x-api-key"] == PROVIDER_KEY

    @pytest.mark.parametrize(
        "header",
        [
            "host",
            "x-forwarded-host",
            "x-portkey-custom-host",
            "x-api-base",
            "x-base-url",
            "x-original-url",
            "forwarded",
            "x-cascade-base-url",
        ],
    )
    def test_by_a_header(self, proxy, upstream, header):
        upstream.script(VERIFIER, answer())
        headers = {"x-api-key": proxy.key, header: "evil.test"}
        assert proxy.post(make_body(), headers=headers).status == 200
        (sent,) = upstream.requests
        assert sent.url.host == "main.test"
        assert sent.headers["host"] == "main.test"

    @pytest.mark.parametrize(
        "model",
        ["http://evil.test/x", "@evil.test/", "../../evil", "x#@evil.test", "x?a"],
    )
    def test_by_the_name_of_a_model(self, proxy, upstream, model):
        upstream.script(model, answer())
        proxy.ask(model=model)
        assert {sent.url.host for sent in upstream.requests} <= {"main.test"}


def modules(*folders: str) -> Iterator[tuple[Path, ast.Module]]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if not {"migrations", "simulator"} & set(path.parts):
                yield path, ast.parse(path.read_text())


def calls(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


class TestNobodyWritesOurQueries:
    """CVE-2026-42208: SQL injection in the look-up of a key, before any log-in."""

    STRINGS = (
        "' OR '1'='1",
        "'; DROP TABLE routing_clientkey; --",
        "cp_live_' UNION SELECT digest FROM routing_clientkey --",
        '" OR ""="',
        "1) OR SLEEP(5)#",
        "%' AND 1=1 --",
        "\\",
        "a" * 20_000,
        "\x00",
    )

    @pytest.mark.parametrize("string", STRINGS)
    @pytest.mark.parametrize("header", ["x-api-key", "authorization"])
    def test_a_key_never_reaches_the_database(self, proxy, header, string):
        proxy.post(make_body(), headers={"x-api-key": "load the snapshot"})
        with CaptureQueriesContext(
            connection,
        ) as queries:
            value = string if header == "x-api-key" else f"Bearer {string}"
            got = proxy.post(make_body(), headers={header: value})
        assert (got.status, got.json["error"]["type"]) == (401, "authentication_error")
        assert len(queries) == 0

    def test_no_module_of_routing_writes_sql_for_the_main_database(self):
        raw = re.compile(r"(\.raw|\.extra|RawSQL|\bcursor|\.executescript)$")
        found = [
            f"{path.name}: {call}"
            for path, tree in modules("routing", "cascadeproxy")
            for call in calls(tree)
            if raw.search(call)
        ]
        assert found == []


class TestNobodyGivesAwayMoreThanTheyHave:
    """CVE-2026-47101, 47102 and 40217: keys that reach all, then code as a rule."""

    @pytest.mark.parametrize("field", ["may_force", "account_access"])
    def test_staff_that_makes_keys_cannot_widen_them(self, clerk, field):  # noqa: F811
        clerk.post(
            page("clientkey_add"), {"name": "wide", "enabled": "on", field: "on"}
        )
        assert getattr(ClientKey.objects.get(name="wide"), field) is False

    @pytest.mark.parametrize(
        ("field", "has", "wanted"),
        [
            ("requests_per_minute", 5, "6"),
            ("max_tokens", 100, "0"),
            ("allowed_models", "claude-haiku-*", "claude-*"),
        ],
    )
    def test_staff_cannot_raise_what_a_key_has(self, clerk, field, has, wanted):  # noqa: F811
        row, _ = ClientKey.issue("acme", **{field: has})
        form = {"name": "acme", "enabled": "on", field: wanted}
        clerk.post(page("clientkey_change", row.pk), form)
        row.refresh_from_db()
        assert getattr(row, field) == has

    def test_staff_gets_no_new_key_of_what_only_a_superuser_gives(self, clerk):  # noqa: F811
        row, _ = ClientKey.issue("acme", account_access=True)
        form = {"action": "rotate", "_selected_action": [row.pk]}
        clerk.post(page("clientkey_changelist"), form)
        assert ClientKey.objects.get(pk=row.pk).digest == row.digest

    def test_nothing_that_is_stored_is_ever_run(self):
        never = re.compile(
            r"^(eval|exec|compile|__import__|pickle\..*|marshal\..*|yaml\.(unsafe_)?load"
            r"|subprocess\.getoutput|os\.system|.*\.from_string|Template)$"
        )
        found = [
            f"{path.name}: {call}"
            for path, tree in modules("routing", "metrics", "cascadeproxy")
            for call in calls(tree)
            if never.match(call)
        ]
        assert found == []

    @pytest.mark.parametrize(
        "text", [".*", "a|b", "(a+)+$", "[a-z]", "{{7*7}}", "${x}"]
    )
    def test_a_pattern_is_a_name_with_stars_and_nothing_else(self, text):
        literal = text.replace("*", "")
        pattern = Pattern(text)
        assert pattern.matches(text)
        assert not pattern.matches(f"x{literal}")
        assert not pattern.matches("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!")


class TestAKeyIsKnownByAllOfIt:
    """CVE-2026-35030: a cache of tokens was keyed by their first 20 letters."""

    @given(place=st.integers(0, 56), letter=st.sampled_from("0Aaz_~ "))
    @examples(suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_any_other_letter_anywhere_is_another_key(self, proxy, place, letter):
        proxy.post(b"{}")  # now the true one has been seen
        place = min(place, len(proxy.key) - 1)
        other = proxy.key[:place] + letter + proxy.key[place + 1 :]
        if other != proxy.key:
            assert proxy.post(b"{}", headers={"x-api-key": other}).status == 401

    @pytest.mark.parametrize("kept", [8, 16, 20, 32, 50])
    def test_a_key_that_begins_alike_is_another_key(self, proxy, kept):
        self.assert_another(proxy, proxy.key[:kept] + secrets.new_client_key()[kept:])

    def test_a_key_of_other_capitals_is_another_key(self, proxy):
        start = secrets.CLIENT_KEY_START
        self.assert_another(proxy, start + proxy.key[len(start) :].swapcase())

    def assert_another(self, proxy, body):
        """`body` gets the checksum of its own: it is well-formed, and nobody's."""
        start = secrets.CLIENT_KEY_START
        secret = body[len(start) : len(start) + keys.SECRET_LENGTH]
        twin = start + secret + keys._checksum(secret)
        assert not secrets.looks_mistyped(twin)
        assert proxy.post(b"{}").status == 400  # the key is good, the body is not
        assert proxy.post(b"{}", headers={"x-api-key": twin}).status == 401


class TestStreamsAreJudgedLikeTheRest:
    """CVE-2026-12797: a guard ran for whole answers only."""

    @pytest.mark.parametrize("stream", [False, True])
    @pytest.mark.parametrize(
        ("text", "prior", "outcome"),
        [("4", 0.9, "draft"), ("4", 0.2, "verifier"), ("", 0.9, "verifier")],
    )
    def test_the_same_draft_comes_to_the_same(
        self, proxy, upstream, stream, text, prior, outcome
    ):
        proxy.add_rule(prior=prior)
        for model, words in ((DRAFT, text), (VERIFIER, "four")):
            reply = HttpAnswer(chunks=[message_bytes(words, model=model)])
            if stream:
                events = make_events(words, model=model)
                reply = HttpAnswer(headers=EVENTS, chunks=events)
            upstream.script(model, reply)
        got = proxy.ask(stream=stream)
        assert got.status == 200
        assert got.body
        asked = [VERIFIER] if outcome == "verifier" else []
        assert upstream.models == [DRAFT, *asked]


class TestNoAddressOfAProviderMisleads:
    """CVE-2025-66405, #1718 and #1597: custom hosts, old routes, `#`, redirects."""

    @pytest.mark.parametrize(
        "url",
        [
            "https://api.anthropic.com#@evil.test",
            "https://api.anthropic.com?x=",
            "https://user:pass@evil.test",
            "https://evil.test#",
            "file:///etc/passwd",
            "gopher://evil.test",
            "https://",
            "https://[::1",
            "//evil.test",
            "https://a\\b",
        ],
    )
    def test_what_is_no_plain_address_is_refused(self, url):
        with pytest.raises(ValidationError):
            validators.base_url(url)

    @pytest.mark.parametrize(
        "path",
        [
            "/v1/files/..%2f..%2fadmin",
            "/v1/files/%252e%252e/x",
            "/v1/files/%25252e%25252e/x",
            "/v1/files/%2525252e%2525252e/x",
            "/v1//evil.test/x",
            "/v1/files\\..\\x",
            "/v1/./x",
            "/v1/files/\r\nhost: evil.test",
        ],
    )
    def test_no_path_leads_out_of_the_api(self, proxy, upstream, path):
        proxy.open_account()
        got = proxy.call("GET", path)
        assert (got.status, got.json["error"]["type"]) == (404, "not_found_error")
        assert upstream.requests == []

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    @pytest.mark.parametrize(
        "path", ["/v1/messages", "/v1/messages/count_tokens", "/v1/files"]
    )
    def test_no_redirect_is_followed_or_passed_on(self, proxy, upstream, status, path):
        proxy.open_account()
        away = HttpAnswer(
            status=status, headers=(("location", "http://169.254.169.254/"),)
        )
        upstream.script(path, away)
        got = proxy.post(make_body(), path)
        assert got.status == 502
        assert len(upstream.requests) == 1
        assert "location" not in got.headers


UNBOUNDED = re.compile(
    r"(functools\.)?(cache|lru_cache\((maxsize=)?None(, typed=\w+)?\))"
)


class TestNothingGrowsWithoutEnd:
    """Portkey #1507: a cache without bounds, and requests that come back for ever."""

    # What each is keyed by is bounded by itself: settings, or files that are shipped.
    BOUNDED = {"_fernet_of", "_mark_of", "_shipped", "_shipped_capabilities"}

    def test_no_cache_is_without_bounds(self):
        found = [
            f"{path.name}: {node.name}"
            for path, tree in modules("routing", "metrics", "cascadeproxy")
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef)
            for decorator in node.decorator_list
            if UNBOUNDED.fullmatch(ast.unparse(decorator))
            and node.args.args
            and node.name not in self.BOUNDED
        ]
        assert found == []

    def test_a_request_that_comes_back_ends(self, proxy, upstream):
        upstream.script(VERIFIER, answer())
        proxy.ask()
        mark = upstream.requests[0].headers[
            hops.VARIABLE.removeprefix("HTTP_").replace("_", "-")
        ]
        headers = {"x-api-key": PROVIDER_KEY, "cascade-hop": mark}
        got = proxy.post(make_body(), headers=headers)
        assert got.status == 508
        assert len(upstream.requests) == 1


class TestSearchesAreCheap:
    """CVE-2026-25591: `%` in a search of the log was a scan of all of it."""

    def test_decisions_are_searched_by_what_an_index_finds(self):
        assert RoutingDecisionAdmin.search_fields
        for field in RoutingDecisionAdmin.search_fields:
            assert field.endswith("__exact") or field.startswith("=")

    def test_a_search_reads_no_pattern(self, admin_client):
        with CaptureQueriesContext(connection) as queries:
            admin_client.get("/admin/metrics/routingdecision/?q=%25%25%25")
        assert not any(" LIKE " in query["sql"] for query in queries)


class TestObjectsAreAskedForByTheirOwners:
    """CVE-2026-30886: a number in an address opened somebody else's object."""

    @pytest.mark.parametrize(
        "path",
        ["/v1/files/file_1", "/v1/messages/batches/b1/results", "/v1/organizations/x"],
    )
    @pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
    def test_what_belongs_to_the_account_is_for_keys_that_were_told_so(
        self, proxy, upstream, method, path
    ):
        got = proxy.call(method, path)
        assert (got.status, got.json["error"]["type"]) == (403, "permission_error")
        assert upstream.requests == []


class TestReportsDoNotReadEverything:
    """LiteLLM #16276: a page of usage read every request and took production down."""

    @pytest.fixture
    def waiting(self, tmp_path):
        """More decisions than a page has room for, in no sum yet."""
        writer = Journal(tmp_path / "waiting")
        for number in range(240):
            outcome = "escalated" if number % 2 else "accepted"
            record = make_record(decision_id=make_id(number), outcome=outcome)
            writer.append(lines.encode(record))
        writer.close()
        loader.load_once(tmp_path / "waiting")
        RollupState.objects.update(last_id=0)

    @pytest.mark.usefixtures("waiting")
    @pytest.mark.parametrize(
        "path",
        [
            "/reports/",
            "/reports/?period=90d",
            "/reports/rules/default/",
            "/reports/live/",
            "/reports/statements/",
            "/admin/metrics/routingdecision/",
            "/admin/metrics/routingdecision/?outcome__exact=escalated",
        ],
    )
    def test_a_page_reads_sums_or_a_bounded_part(self, admin_client, path):
        CascadeRule.objects.create(
            name="default", request_model=VERIFIER, draft_model=DRAFT
        )
        with CaptureQueriesContext(connection) as queries:
            assert admin_client.get(path).status_code == 200
        asked = [query["sql"] for query in queries]
        decisions = [sql for sql in asked if 'FROM "metrics_routingdecision"' in sql]
        # The end of an index is one row, whatever there is.
        newest = 'SELECT MAX("metrics_routingdecision"."id")'
        unbounded = [sql for sql in decisions if " LIMIT " not in sql]
        assert [sql for sql in unbounded if not sql.startswith(newest)] == []


class TestNoSecretIsEmpty:
    """CVE-2026-41432: an empty secret of a webhook was taken, and known to all."""

    @pytest.mark.parametrize("name", ["SECRET_KEY", "CASCADE_KEY_PEPPER", "FIELD_KEYS"])
    @pytest.mark.parametrize("value", ["", "short", "change-me" * 9, "a" * 90])
    def test_an_empty_short_or_usual_one_stops_the_start(
        self, monkeypatch, name, value
    ):
        monkeypatch.setattr(Environment, "ENVIRON", {name: value})
        environment = Environment()
        read = environment.secret
        options = {"min_length": 32}
        if name == "FIELD_KEYS":
            read, options = environment.fernet_keys, {}
        with pytest.raises(ImproperlyConfigured, match=name):
            read(name, **options)

    @pytest.mark.parametrize("value", ["tiny", "changeme" * 4])
    def test_one_that_may_be_left_out_is_empty_or_good(self, monkeypatch, value):
        monkeypatch.setattr(Environment, "ENVIRON", {"TOKEN": value})
        with pytest.raises(ImproperlyConfigured, match="TOKEN") as refused:
            Environment().optional_secret("TOKEN", min_length=16)
        assert value not in str(refused.value)
        monkeypatch.setattr(Environment, "ENVIRON", {"TOKEN": ""})
        assert Environment().optional_secret("TOKEN", min_length=16) == ""

    @pytest.mark.parametrize("secret", ["", "tiny"])
    def test_nothing_is_posted_that_anybody_could_have_signed(self, settings, secret):
        settings.CASCADE_ALERT_WEBHOOK_URL = "https://hooks.example.com/x"
        settings.CASCADE_ALERT_WEBHOOK_SECRET = secret
        message = alerts.Message(
            name="n", subject="s", text="t", created_at=timezone.now()
        )
        with pytest.raises(alerts.SendingFailed, match="SECRET is empty or short"):
            alerting.post(message)

    def test_no_page_opens_to_an_empty_token(self, client, settings):
        settings.CASCADE_METRICS_TOKEN = "a-good-token-of-metrics"
        for sent in ({}, {"authorization": "Bearer "}, {"authorization": ""}):
            assert client.get("/metrics", headers=sent).status_code == 403
