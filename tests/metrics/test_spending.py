from __future__ import annotations

from datetime import date

import pytest

from metrics import spending
from metrics.rollup_models import DailyRollup

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 26)


def add(day, nusd, *, key="acme", simulated=False, model="a"):
    DailyRollup.objects.create(
        day=day,
        simulated=simulated,
        key_name=key,
        requested_model=model,
        cost_nusd=nusd,
    )


def test_sums_a_day_and_its_month():
    add(DAY, 3)
    add(DAY, 4, model="b")
    add(date(2026, 11, 1), 10)
    add(date(2026, 10, 31), 100)
    add(date(2026, 11, 27), 1000)
    found = spending.by_key(["acme"], DAY)
    assert found == {("acme", False): spending.KeySpending(day_nusd=7, month_nusd=17)}


def test_keeps_keys_and_kinds_of_money_apart():
    add(DAY, 1)
    add(DAY, 2, simulated=True)
    add(DAY, 4, key="globex")
    found = spending.by_key(["acme"], DAY)
    assert {pair: sums.day_nusd for pair, sums in found.items()} == {
        ("acme", False): 1,
        ("acme", True): 2,
    }
