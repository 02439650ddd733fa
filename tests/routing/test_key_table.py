"""Keys as the hot path reads them: by all of their digest, with the limits in force."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import hypothesis.strategies as st
import pytest
from django.test import override_settings
from hypothesis import given

from metrics.rollup_models import DailyRollup
from routing import key_table, secrets
from routing.config import ClientKeyConfig
from routing.limits.terms import KeyLimits
from routing.models import ClientKey

pytestmark = pytest.mark.django_db


def test_a_key_has_its_own_limits():
    row = ClientKey(requests_per_minute=5, usd_per_day=Decimal("1.5"))
    limits = key_table.limits_of(row)
    assert limits.requests_per_minute == 5
    assert limits.day_nusd == 1_500_000_000
    assert limits.session_requests == 1000


def test_what_it_leaves_open_is_the_default_and_nought_is_none():
    row = ClientKey(requests_per_minute=0, session_requests=0)
    with override_settings(
        CASCADE_KEY_REQUESTS_PER_MINUTE=7,
        CASCADE_KEY_TOKENS_PER_MINUTE=9,
        CASCADE_KEY_USD_PER_MONTH=0.25,
    ):
        limits = key_table.limits_of(row)
    assert limits == KeyLimits(tokens_per_minute=9, month_nusd=250_000_000)


def test_knows_what_keys_with_a_budget_spent(monkeypatch):
    monkeypatch.setattr(key_table.timezone, "localdate", lambda: date(2026, 11, 26))
    for day, nusd in ((26, 3), (2, 4)):
        DailyRollup.objects.create(
            day=date(2026, 11, day), simulated=False, key_name="acme", cost_nusd=nusd
        )
    key = ClientKeyConfig(
        id=1, name="acme", prefix="", tag="", limits=KeyLimits(day_nusd=10)
    )
    spent = key_table.spent_by([key])[("acme", False)]
    assert (spent.day_nusd, spent.month_nusd) == (3, 7)


def test_asks_nothing_for_keys_without_one(django_assert_num_queries):
    key = ClientKeyConfig(id=1, name="acme", prefix="", tag="")
    with django_assert_num_queries(0):
        assert key_table.spent_by([key]) == {}


SUFFIXES = st.text("ABCdef123", min_size=1, max_size=8)


@given(st.text("ABCdef123", max_size=40), st.sets(SUFFIXES, min_size=2, max_size=5))
def test_keys_that_begin_alike_are_never_confused(start, suffixes):
    """Others kept keys in memory by how they begin, and let in who knew that much."""
    keys = {start + suffix for suffix in suffixes}
    digests = {secrets.client_key_digest(key) for key in keys}
    assert len(digests) == len(keys)
    assert all(len(digest) == 64 for digest in digests)


def test_a_key_that_begins_like_another_is_not_that_one():
    row, key = ClientKey.issue("acme")
    other = secrets.new_client_key()
    alike = key[:40] + other[40:]
    table = key_table.load()
    assert secrets.client_key_digest(key) in table
    assert secrets.client_key_digest(alike) not in table
    assert row.prefix == alike[:16]
