"""Decisions come one at a time, from where they are kept."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import pytest

from metrics import recorded
from metrics.periods import Period
from tests.metrics.builders import MOMENT, make_id, make_record

DAY = MOMENT.date()
LINE = (
    b'{"rule":"a","simulated":false,"outcome":"accepted","reason":"","confidence":0.8,'
    b'"cost_nusd":1,"baseline_nusd":2,"later":"unknown fields are passed over"}\n'
)


@pytest.mark.django_db
def test_a_period_is_read_with_a_query_for_each_of_its_days(
    load, django_assert_num_queries
):
    load(
        make_record(decision_id=make_id(1)),
        make_record(decision_id=make_id(2), started_at=MOMENT - timedelta(days=1)),
        make_record(decision_id=make_id(3), started_at=MOMENT - timedelta(days=9)),
        make_record(decision_id=make_id(4), outcome="account", endpoint="files"),
        make_record(decision_id=make_id(5), rule="another"),
    )
    period = Period(first=DAY - timedelta(days=1), last=DAY)
    with django_assert_num_queries(2):
        found = list(recorded.of_period(period, rule="default"))
    assert len(found) == 2
    assert len(list(recorded.of_period(period))) == 3


def test_a_line_is_read_only_when_it_is_asked_for():
    file = BytesIO(LINE * 3)
    decisions = recorded.of_file(file)
    assert next(decisions).rule == "a"
    assert file.tell() == len(LINE)


def test_requests_to_account_endpoints_are_no_decisions_of_a_rule():
    account = LINE.replace(b'"accepted"', b'"account"')
    assert len(list(recorded.of_file(BytesIO(account + b"\n" + LINE)))) == 1
