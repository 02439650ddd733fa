from __future__ import annotations

import socket
from contextlib import closing

import pytest
import redis

from routing.state.base import StoreError
from routing.state.redis import MAX_CONNECTIONS, PREFIX, RedisStore
from tests.routing.state.contract import StoreContract
from tests.routing.state.redis_server import RedisServer, needs_redis

pytestmark = needs_redis


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture
def server(started):
    """The server, running and without a key; a test may have stopped it."""
    started.start()
    with closing(redis.Redis.from_url(started.url)) as client:
        client.flushall()
    return started


@pytest.fixture
def client(server):
    with closing(redis.Redis.from_url(server.url)) as client:
        yield client


@pytest.fixture
def store(server):
    with closing(RedisStore(server.url)) as store:
        yield store


class TestRedisStore(StoreContract):
    pass


def test_every_key_is_ours_and_ends(store, client):
    store.put({"put": b"1"}, ttl_s=60)
    store.count("counted", ttl_s=60)
    store.count("counted", ttl_s=6000)
    store.claim("claimed", ttl_s=60)
    left_ms = {key: client.pttl(key) for key in client.scan_iter()}
    assert {*left_ms} == {
        f"{PREFIX}{name}".encode() for name in ("put", "counted", "claimed")
    }
    assert all(50_000 < ms <= 60_000 for ms in left_ms.values())


def test_keys_of_others_are_none_of_our_items(store, client):
    client.set("open:a", b"theirs")
    store.put({"open:b": b"ours"}, ttl_s=60)
    assert store.items("open:") == {"open:b": b"ours"}


def test_finds_all_items_among_many(store):
    many = {f"open:{number}": b"1" for number in range(3000)}
    store.put({**many, "other": b"1"}, ttl_s=60)
    assert store.items("open:") == many


def test_speaks_through_a_socket_in_the_file_system(server):
    with closing(RedisStore(server.socket_url)) as store:
        store.put({"one": b"1"}, ttl_s=60)
        assert store.get(["one"]) == {"one": b"1"}


def test_a_server_that_is_gone_is_an_error_and_its_return_none(server, store):
    store.put({"one": b"1"}, ttl_s=60)
    server.stop()
    with pytest.raises(StoreError, match=r"Redis: .*refused"):
        store.get(["one"])
    server.start()
    assert store.get(["one"]) == {}
    store.put({"one": b"2"}, ttl_s=60)
    assert store.get(["one"]) == {"one": b"2"}


def test_a_restart_between_two_requests_is_not_noticed(server, store):
    store.put({"one": b"1"}, ttl_s=60)
    server.stop()
    server.start()
    assert store.get(["one"]) == {}


@pytest.fixture
def silent():
    """The address of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}"


def test_a_silent_server_is_an_error(silent):
    with (
        closing(RedisStore(silent, timeout_s=0.02)) as store,
        pytest.raises(StoreError, match="Timeout"),
    ):
        store.get(["one"])


def test_a_server_that_has_no_room_is_an_error(store, client):
    client.config_set("maxmemory", 1)
    try:
        with pytest.raises(StoreError, match="maxmemory"):
            store.put({"one": b"1"}, ttl_s=60)
    finally:
        client.config_set("maxmemory", 0)


def test_more_requests_than_connections_wait_for_one_another(store, client):
    with store._redis.connection_pool as pool:
        taken = [pool.get_connection() for _ in range(MAX_CONNECTIONS - 1)]
        assert store.get(["one"]) == {}
        taken.append(pool.get_connection())
        with pytest.raises(StoreError, match="No connection"):
            store.get(["one"])
        for connection in taken:
            pool.release(connection)


def test_an_address_that_is_none_is_refused():
    with pytest.raises(ValueError, match="redis://"):
        RedisStore("http://127.0.0.1:6379")
