"""Every address of the product leads somewhere."""

from __future__ import annotations

import pytest
from django.urls import resolve, reverse

from cascadeproxy import health
from routing import views


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("home", "/"),
        ("health", "/health"),
        ("ready", "/ready"),
        ("metrics", "/metrics"),
        ("admin:index", "/admin/"),
        ("metrics:savings", "/reports/"),
        ("routing:messages", "/v1/messages"),
        ("routing:count_tokens", "/v1/messages/count_tokens"),
        ("routing:models", "/v1/models"),
        ("routing:hello", "/api/hello"),
    ],
)
def test_has_an_address_for_everything(name, path):
    assert reverse(name) == path


def test_a_model_may_have_slashes_in_its_name():
    found = resolve("/v1/models/org/model")
    assert found.func.view_class is views.ModelsView
    assert found.kwargs == {"model": "org/model"}


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/messages/", "/v1/x/.."])
def test_the_api_answers_for_all_that_is_below_it(path):
    assert resolve(path).func.view_class is views.AccountView


def test_pages_do_not_shadow_the_api():
    assert resolve("/health").func.__wrapped__ is health.health
