"""The endpoints of the account behind us: granted, passed on both ways, recorded."""

from __future__ import annotations

import io

import httpx
import pytest

from tests.fakes import JSON, HttpAnswer
from tests.wsgi import PROVIDER_KEY

FILE = "/v1/files/file_1"


@pytest.fixture
def account(proxy):
    proxy.open_account()
    return proxy


class Source(io.BytesIO):
    """An upload that notes how much of it was read at once."""

    def __init__(self, body: bytes) -> None:
        super().__init__(body)
        self.largest = 0

    def read(self, size=-1):
        self.largest = max(self.largest, size)
        return super().read(size)


def upload(proxy, body, *, path="/v1/files", method="POST", chunked=False, **more):
    source = Source(body)
    environ = {"CONTENT_TYPE": "multipart/form-data; boundary=x", **more}
    if chunked:
        environ["HTTP_TRANSFER_ENCODING"] = "chunked"
    else:
        environ.setdefault("CONTENT_LENGTH", str(len(body)))
    return proxy.call(method, path, body=source, environ=environ), source


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/messages/batches?limit=2"),
        ("POST", "/v1/messages/batches"),
        ("DELETE", FILE),
        ("GET", "/v1/complete"),
    ],
)
def test_is_closed_to_keys_that_were_not_let_in(proxy, upstream, method, path):
    got = proxy.call(method, path)
    assert (got.status, got.json["error"]["type"]) == (403, "permission_error")
    assert "account access" in got.json["error"]["message"]
    assert upstream.requests == []
    assert proxy.decisions() == []


@pytest.mark.parametrize("headers", [{}, {"x-api-key": "sk-unknown"}])
def test_is_closed_without_a_valid_key(proxy, upstream, headers):
    got = proxy.call("GET", FILE, headers=headers)
    assert (got.status, got.json["error"]["type"]) == (401, "authentication_error")
    assert upstream.requests == []


def test_is_closed_where_anybody_may_call(proxy, upstream, settings):
    settings.CASCADE_AUTH_MODE = "none"
    got = proxy.call("GET", FILE, headers={})
    assert (got.status, got.json["error"]["type"]) == (403, "permission_error")
    assert upstream.requests == []


def test_clients_with_their_own_key_reach_their_own_account(proxy, upstream, settings):
    settings.CASCADE_AUTH_MODE = "pass_through"
    proxy.provider.takes_client_credentials = True
    proxy.provider.save()
    upstream.script(FILE, HttpAnswer(chunks=[b"{}"]))
    headers = {"authorization": "Bearer sk-ant-own"}
    assert proxy.call("GET", FILE, headers=headers).status == 200
    sent = upstream.requests[0]
    assert sent.headers["authorization"] == "Bearer sk-ant-own"
    assert PROVIDER_KEY not in str(sent.headers.raw)


def test_a_clients_own_key_goes_to_no_provider_that_takes_none(
    proxy, upstream, settings
):
    settings.CASCADE_AUTH_MODE = "pass_through"
    got = proxy.call("GET", FILE, headers={"x-api-key": "sk-own"})
    assert got.status == 500
    assert upstream.requests == []


def test_passes_request_and_answer_on_as_they_are(account, upstream):
    headers = (
        *JSON,
        ("request-id", "req_1"),
        ("content-length", "17"),
        ("content-encoding", "gzip"),
    )
    upstream.script(
        "/v1/messages/batches",
        HttpAnswer(headers=headers[:2], chunks=[b'{"id": "b_1"}']),
    )
    upstream.script(
        FILE,
        HttpAnswer(status=404, headers=headers, chunks=[b"not ", b"packed really"]),
    )
    sent_headers = {
        "x-api-key": account.key,
        "anthropic-beta": "files-api-2025-04-14",
        "anthropic-version": "2026-10-21",
    }
    path = "/v1/messages/batches?limit=2&x=%2F"
    assert account.call("GET", path, headers=sent_headers).json == {"id": "b_1"}
    got = account.call("GET", FILE, headers=sent_headers)
    sent = upstream.requests[0]
    assert str(sent.url) == "http://main.test/v1/messages/batches?limit=2&x=%2F"
    assert sent.headers["anthropic-beta"] == "files-api-2025-04-14"
    assert sent.headers["x-api-key"] == PROVIDER_KEY
    assert "content-length" not in sent.headers
    assert "transfer-encoding" not in sent.headers
    assert (got.status, got.body) == (404, b"not packed really")
    decision = got.headers.pop("x-cascade-decision")
    assert got.headers == {
        "content-type": "application/json",
        "request-id": "req_1",
        "content-length": "17",
        "content-encoding": "gzip",
        "x-cascade-outcome": "account",
    }
    assert decision == account.decisions()[1].decision_id


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
def test_passes_every_method_on(account, upstream, method):
    upstream.script("/v1/skills/skill_1", HttpAnswer())
    assert account.call(method, "/v1/skills/skill_1").status == 200
    assert upstream.requests[0].method == method


@pytest.mark.parametrize("chunked", [False, True])
def test_an_upload_is_passed_on_in_pieces(account, upstream, chunked):
    upstream.script("/v1/files", HttpAnswer(chunks=[b"{}"]))
    body = bytes(range(256)) * 2000
    got, source = upload(account, body, chunked=chunked)
    sent = upstream.requests[0]
    assert (got.status, sent.read()) == (200, body)
    assert sent.headers["content-type"] == "multipart/form-data; boundary=x"
    assert source.largest <= 65_536
    framing = "transfer-encoding" if chunked else "content-length"
    assert sent.headers[framing] == ("chunked" if chunked else str(len(body)))


def test_a_post_without_a_body_says_so(account, upstream):
    path = "/v1/messages/batches/b_1/cancel"
    upstream.script(path, HttpAnswer(chunks=[b"{}"]))
    assert account.post(b"", path).status == 200
    assert upstream.requests[0].headers["content-length"] == "0"


def test_refuses_an_upload_that_is_declared_too_large(account, upstream, settings):
    settings.CASCADE_MAX_UPLOAD_BYTES = 10
    got, _ = upload(account, b"12345678901")
    assert (got.status, got.json["error"]["type"]) == (413, "request_too_large")
    assert upstream.requests == []


def test_cuts_a_chunked_upload_that_grows_too_large(account, upstream, settings):
    settings.CASCADE_MAX_UPLOAD_BYTES = 10
    got, _ = upload(account, b"12345678901", chunked=True)
    assert (got.status, got.json["error"]["type"]) == (413, "request_too_large")
    assert account.decision.status == 413


def test_refuses_a_length_that_is_no_number(account, upstream):
    got, _ = upload(account, b"1", CONTENT_LENGTH="many")
    assert got.status == 400
    assert upstream.requests == []


def test_an_upload_whose_client_left_is_recorded_as_aborted(account, upstream):
    got, _ = upload(account, b"half", CONTENT_LENGTH="8")
    assert got.status == 499
    record = account.decision
    assert (record.status, record.aborted, record.outcome) == (499, True, "account")


def test_a_download_is_passed_on_as_it_comes(account, upstream):
    path = f"{FILE}/content"
    answer = HttpAnswer(headers=(("content-type", "x"),), chunks=[b"one", b"two"])
    upstream.script(path, answer)
    got = account.call("GET", path)
    assert "content-length" not in got.headers
    assert next(got.chunks) == b"one"
    assert account.decisions() == []
    assert list(got.chunks) == [b"two"]
    assert account.decision.status == 200
    got.close()
    assert answer.closed


def test_is_recorded_before_the_last_byte_goes_out(account, upstream):
    path = f"{FILE}/content"
    headers = (("content-type", "x"), ("content-length", "6"))
    upstream.script(path, HttpAnswer(headers=headers, chunks=[b"one", b"two"]))
    got = account.call("GET", path)
    assert got.headers["content-length"] == "6"
    next(got.chunks)
    assert account.decisions() == []
    next(got.chunks)
    assert account.decision.endpoint == "files"
    got.close()
    assert not account.decision.aborted


@pytest.mark.parametrize("read", [0, 1])
def test_a_client_that_leaves_closes_upstream(account, upstream, read):
    answer = HttpAnswer(headers=(("content-type", "x"),), chunks=[b"one", b"two"])
    upstream.script(FILE, answer)
    got = account.call("GET", FILE)
    for _ in range(read):
        next(got.chunks)
    got.close()
    assert answer.closed
    assert account.decision.aborted


def test_a_download_that_breaks_off_is_never_a_clean_end(account, upstream):
    chunks = [b"one", httpx.ReadError("reset")]
    upstream.script(FILE, HttpAnswer(headers=(("content-type", "x"),), chunks=chunks))
    got = account.call("GET", FILE)
    with pytest.raises(Exception, match="broke off"):
        got.body  # noqa: B018  reading it is the point
    assert account.decision.status == 502


def test_says_when_the_account_cannot_be_reached(account, upstream):
    upstream.script(FILE, httpx.ConnectError("refused"))
    got = account.call("GET", FILE)
    assert (got.status, got.json["error"]["type"]) == (502, "api_error")
    assert account.decision.status == 502


def test_is_recorded_as_a_decision_of_its_own_kind(account, upstream):
    upstream.script("/v1/user_profiles", HttpAnswer(chunks=[b"{}"]))
    assert account.call("GET", "/v1/user_profiles").body == b"{}"
    record = account.decision
    assert (record.outcome, record.endpoint) == ("account", "user_profiles")
    assert (record.key_name, record.requested_model, record.calls) == ("acme", "", ())
    assert (record.cost_nusd, record.baseline_nusd) == (0, 0)


def test_the_simulators_account_says_that_it_is_one(account, upstream):
    account.provider.kind = "simulator"
    account.provider.save()
    upstream.script(FILE, HttpAnswer())
    got = account.call("GET", FILE)
    assert (got.headers["x-cascade-simulated"], got.body) == ("true", b"")
    assert account.decision.simulated


def test_a_batchs_results_are_found_here(account, upstream):
    path = "/v1/messages/batches/b_1"
    told = b'{"id": "b_1",  "results_url": "https://api.example%s/results"}'
    upstream.script(path, HttpAnswer(chunks=[told % path.encode()]))
    got = account.call("GET", path, headers={"x-api-key": account.key, "host": "us:1"})
    here = told.replace(b"https://api.example", b"http://us:1")
    assert got.body == here % path.encode()
    assert got.headers["content-length"] == str(len(got.body))


@pytest.mark.parametrize("kind", ["application/json", "text/json", "application/x"])
def test_no_other_address_reaches_a_client_that_follows_it(account, upstream, kind):
    path = "/v1/messages/batches"
    body = b'{"data": [{"results_url": "https:\\/\\/evil.example\\/x"}]}'
    answer = HttpAnswer(headers=(("content-type", kind),), chunks=[body])
    upstream.script(path, answer)
    assert account.call("GET", path).body == b'{"data": [{"results_url": null}]}'
    assert answer.closed


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (JSON, rb'{"results\u005furl":"https://evil.example"}'),
        ((*JSON, ("content-encoding", "novel")), b"\x1f\x9d"),
        ((*JSON, ("content-encoding", "gzip, gzip, gzip")), b"\x1f\x8b"),
        ((*JSON, ("content-encoding", "gzip")), b"{}"),
    ],
)
def test_a_description_of_batches_it_cannot_read_is_an_error(
    account, upstream, headers, body
):
    path = "/v1/messages/batches/b_1"
    answer = HttpAnswer(headers=headers, chunks=[body])
    upstream.script(path, answer)
    got = account.call("GET", path)
    assert (got.status, got.json["error"]["type"]) == (502, "api_error")
    assert answer.closed
    assert account.decision.status == 502


def test_a_client_that_leaves_within_its_upload_closes_what_was_answered(
    account, upstream
):
    answer = HttpAnswer(chunks=[b"{}"])
    upstream.script("/v1/files", answer)
    upstream.reads_bodies = False
    got, _ = upload(account, b"half", CONTENT_LENGTH="8")
    assert got.status == 499
    assert "content-type" not in got.headers
    assert answer.closed


@pytest.mark.parametrize(
    "path",
    [
        "/v1/..",
        "/v1/./files",
        "/v1/files/../../x",
        "/v1/files/..;x/y",
        "/v1//files",
        "/v1/files/",
        "/v1/files\\..\\x",
        "/v1/files/a\x01b",
        "/v1/files/a\r\nb",
        "/v1/%2e%2e/x",
        "/v1/files%2f..%2fx",
        "/v1/files/%5cx",
        "/v1/files/%00",
    ],
)
def test_nothing_leads_out_of_the_api(account, upstream, path):
    got = account.call("GET", "/", environ={"PATH_INFO": path})
    assert (got.status, got.json["error"]["type"]) == (404, "not_found_error")
    assert upstream.requests == []


@pytest.mark.parametrize("field", ["allowed_models", "allowed_rules"])
@pytest.mark.parametrize(
    "path", ["/v1/messages/batches", "/v1/complete", "/v1/something/new"]
)
def test_a_key_for_some_models_sends_nothing_that_may_name_others(
    account, upstream, field, path
):
    setattr(account.row, field, "only-this")
    account.row.save()
    got = account.post(b'{"model": "other"}', path)
    assert (got.status, got.json["error"]["type"]) == (403, "permission_error")
    assert "any model" in got.json["error"]["message"]
    assert upstream.requests == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/messages/batches"),
        ("POST", "/v1/messages/batches/b_1/cancel"),
        ("POST", "/v1/files"),
        ("DELETE", FILE),
    ],
)
def test_a_key_for_some_models_reaches_the_rest_of_the_account(
    account, upstream, method, path
):
    account.row.allowed_models = "only-this"
    account.row.save()
    upstream.script(path, HttpAnswer(chunks=[b"{}"]))
    assert account.call(method, path).status == 200
