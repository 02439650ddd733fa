"""Security headers for pages."""

from __future__ import annotations

import pytest
from django.http import HttpResponse

from cascadeproxy.middleware import CONTENT_SECURITY_POLICY, SecurityHeaders
from tests.wsgi import call

pytestmark = pytest.mark.django_db


def test_every_page_gets_a_strict_policy():
    policy = call("GET", "/admin/login/").headers["content-security-policy"]
    assert policy == CONTENT_SECURITY_POLICY
    for directive in (
        "default-src 'none'",
        "script-src 'self';",
        "style-src 'self';",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ):
        assert directive in policy
    assert "unsafe" not in policy


def test_pages_may_not_be_framed_or_sniffed():
    headers = call("GET", "/admin/login/").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["permissions-policy"] == "interest-cohort=()"
    assert headers["referrer-policy"] == "same-origin"


def test_keeps_the_policy_a_page_has_of_its_own(rf):
    own = HttpResponse(headers={"Content-Security-Policy": "sandbox"})
    response = SecurityHeaders(lambda _: own)(rf.get("/"))
    assert response.headers["content-security-policy"] == "sandbox"
