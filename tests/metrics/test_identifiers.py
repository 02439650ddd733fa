"""Identifiers: random, compact, in the order of their making."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics import identifiers
from metrics.identifiers import base62, new_decision_id, new_request_id

NUMBERS = st.integers(0, 62**8 - 1)


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0000"), (9, "0009"), (10, "000A"), (61, "000z"), (62, "0010")],
)
def test_writes_numbers_in_base_62(number, text):
    assert base62(number, 4) == text


@given(NUMBERS, NUMBERS)
def test_texts_sort_as_their_numbers_do(one, other):
    assert (base62(one, 8) < base62(other, 8)) is (one < other)


class Clock:
    now_at = datetime(2026, 11, 23, tzinfo=UTC)

    @classmethod
    def now(cls, zone):
        assert zone is UTC
        return cls.now_at


def test_decisions_sort_by_the_millisecond_they_were_made_in(monkeypatch):
    monkeypatch.setattr(identifiers, "datetime", Clock)
    made = []
    for later_ms in (0, 1, 2, 86_400_000):
        Clock.now_at = datetime(2026, 11, 23, tzinfo=UTC) + timedelta(
            milliseconds=later_ms
        )
        made.append(new_decision_id())
    assert made == sorted(made)


def test_the_last_millisecond_there_is_fits(monkeypatch):
    monkeypatch.setattr(identifiers.secrets, "randbits", lambda bits: 2**bits - 1)
    assert base62((2**48 - 1) << 80 | (2**80 - 1), 22)[0] != "0"
    assert 2**128 < 62**22


def test_no_two_are_the_same():
    assert len({new_decision_id() for _ in range(1000)}) == 1000
    assert len({new_request_id() for _ in range(1000)}) == 1000


def test_they_are_safe_in_headers_addresses_and_file_names():
    assert re.fullmatch(r"[0-9A-Za-z]{22}", new_decision_id())
    assert re.fullmatch(r"req_[0-9A-Za-z]{24}", new_request_id())
