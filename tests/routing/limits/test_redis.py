"""The script in Redis counts as the arithmetic in Python does."""

from __future__ import annotations

from contextlib import closing

import pytest
import redis

from routing.limits.redis import RedisLedger
from routing.limits.terms import Demand
from routing.state.base import StoreError
from routing.state.redis import RedisStore
from tests.routing.limits.contract import LedgerContract, call, day, requests
from tests.routing.state.redis_server import RedisServer, needs_redis

pytestmark = needs_redis


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def client(server):
    server.start()
    with closing(redis.Redis.from_url(server.url)) as client:
        client.flushall()
        yield client


@pytest.fixture
def ledger(server, client):
    with closing(RedisStore(server.url, timeout_s=2.0)) as store:
        yield RedisLedger(store)


class TestLedgerInRedis(LedgerContract):
    pass


def test_what_ends_is_free_again(ledger):
    short = Demand(lease="dead", lease_s=0, concurrent=1, money_nusd=80)
    assert not ledger.admit("k", short).refused
    assert not ledger.admit("k", call("new", 80, day(100), concurrent=1)).refused


def test_a_table_ends_by_itself(ledger, client):
    ledger.admit("rate", Demand(windows=(requests(),)))
    ledger.admit("money", call("one", 1, day(100)))
    left_s = {key: client.ttl(key) for key in client.scan_iter()}
    assert 500 < left_s[b"cascadeproxy:rate"] <= 600
    assert left_s[b"cascadeproxy:money"] > 35 * 86_400


def test_a_server_that_is_gone_is_an_error(ledger, server):
    server.stop()
    with pytest.raises(StoreError, match="Redis"):
        ledger.admit("k", Demand(windows=(requests(),)))


def test_a_server_without_the_script_is_taught_it_anew(ledger, client):
    ledger.admit("k", Demand(windows=(requests(),)))
    client.script_flush()
    assert ledger.admit("k", Demand(windows=(requests(),))).used["requests"] == 2
