"""Pages of the origins a setting names may read the answers; others may not."""

from __future__ import annotations

import pytest

from tests.builders import VERIFIER, make_body
from tests.fakes import JSON, HttpAnswer

PAGE = "https://acme.example"


def from_page(proxy, method="POST", path="/v1/messages", origin=PAGE, key=True):
    headers = {"origin": origin} | ({"x-api-key": proxy.key} if key else {})
    return proxy.call(method, path, body=make_body(), headers=headers)


def cors_in(got):
    return {n for n in got.headers if n.startswith("access-control-")}


@pytest.mark.parametrize("allowed", [[PAGE], ["*"], ["https://other.example", PAGE]])
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/models"])
def test_answers_a_preflight_request_without_a_key(proxy, settings, allowed, path):
    settings.CASCADE_CORS_ORIGINS = allowed
    got = from_page(proxy, "OPTIONS", path, key=False)
    assert (got.status, got.body) == (204, b"")
    assert got.headers["access-control-allow-origin"] == PAGE
    assert "POST" in got.headers["access-control-allow-methods"]
    assert got.headers["access-control-allow-headers"] == "*, authorization"
    assert got.headers["vary"] == "origin"


def test_lets_a_page_read_answers_and_errors(proxy, upstream, settings):
    settings.CASCADE_CORS_ORIGINS = [PAGE]
    upstream.script(VERIFIER, HttpAnswer(headers=JSON, chunks=[b"{}"]))
    answered = from_page(proxy)
    refused = from_page(proxy, key=False)
    assert (answered.status, refused.status) == (200, 401)
    for got in (answered, refused):
        assert got.headers["access-control-allow-origin"] == PAGE
        assert got.headers["access-control-expose-headers"] == "*"


def test_keeps_what_the_provider_says_an_answer_varies_by(proxy, upstream, settings):
    settings.CASCADE_CORS_ORIGINS = [PAGE]
    headers = (*JSON, ("vary", "accept-encoding"))
    upstream.script(VERIFIER, HttpAnswer(headers=headers, chunks=[b"{}"]))
    assert from_page(proxy).headers["vary"] == "accept-encoding, origin"


@pytest.mark.parametrize("allowed", [[], ["https://other.example"], [PAGE + ".evil"]])
def test_says_nothing_to_other_pages(proxy, settings, allowed):
    settings.CASCADE_CORS_ORIGINS = allowed
    assert cors_in(from_page(proxy, "OPTIONS", key=False)) == set()


def test_says_nothing_to_clients_that_are_no_page(proxy, settings):
    settings.CASCADE_CORS_ORIGINS = ["*"]
    assert cors_in(from_page(proxy, "OPTIONS", origin="")) == set()


def test_only_the_setting_says_who_may_read(proxy, upstream):
    headers = (*JSON, ("access-control-allow-origin", "*"))
    upstream.script(VERIFIER, HttpAnswer(headers=headers, chunks=[b"{}"]))
    assert cors_in(from_page(proxy)) == set()


def test_a_page_can_read_that_an_address_does_not_exist(proxy, settings):
    settings.CASCADE_CORS_ORIGINS = [PAGE]
    got = from_page(proxy, path="/v1/", key=False)
    assert got.status == 404
    assert got.headers["access-control-allow-origin"] == PAGE
    assert from_page(proxy, "OPTIONS", "/v1/", key=False).status == 204


def test_a_page_may_use_every_method_of_account_endpoints(proxy, settings):
    settings.CASCADE_CORS_ORIGINS = [PAGE]
    got = from_page(proxy, "OPTIONS", "/v1/files/file_1", key=False)
    assert got.status == 204
    methods = got.headers["access-control-allow-methods"]
    assert methods == "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
