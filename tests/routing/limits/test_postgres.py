"""The ledger of hosts that share PostgreSQL; runs where that is the main database."""

from __future__ import annotations

from contextlib import closing

import pytest
from django.db import connection

from routing.limits.ledger import TableLedger
from routing.limits.ledgers import _parameters
from routing.limits.postgres import PostgresValues
from routing.limits.terms import Demand
from routing.models import LimitTable
from routing.state.base import StoreError
from tests.routing.limits.contract import LedgerContract, requests

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor != "postgresql", reason="make test-postgres runs it"
    ),
]


@pytest.fixture
def values():
    with closing(PostgresValues(_parameters())) as values:
        yield values


@pytest.fixture
def ledger(values):
    return TableLedger(values)


class TestLedgerInPostgres(LedgerContract):
    pass


def test_what_has_ended_is_taken_out_of_the_table(values, monkeypatch):
    values.update("old", lambda *_: (b"x", None), ttl_s=-1)
    monkeypatch.setattr(values, "_prune_at", 0.0)
    values.update("new", lambda *_: (b"x", None), ttl_s=60)
    assert list(LimitTable.objects.values_list("key", flat=True)) == ["new"]


def test_what_has_ended_is_not_there(values):
    values.update("k", lambda *_: (b"x", None), ttl_s=-1)
    assert values.update("k", lambda there, _: (b"y", there), ttl_s=60) is None
    assert values.update("k", lambda there, _: (b"z", there), ttl_s=60) == b"y"


def test_a_server_that_is_gone_is_an_error():
    with (
        closing(PostgresValues({"host": "127.0.0.1", "port": 1})) as values,
        pytest.raises(StoreError, match="PostgreSQL"),
    ):
        TableLedger(values).admit("k", Demand(windows=(requests(),)))
