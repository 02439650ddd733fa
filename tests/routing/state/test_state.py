import pytest

from routing import state
from routing.state.redis import RedisStore
from tests.routing.state.redis_server import RedisServer, needs_redis


@pytest.fixture
def directory(settings, tmp_path):
    settings.CASCADE_STATE_DIR = tmp_path / "state"
    settings.CASCADE_PORT = 8000
    return settings.CASCADE_STATE_DIR


def test_a_process_has_one_store(directory):
    assert state.store() is state.store()


def test_without_redis_it_is_a_file_named_by_the_port(directory):
    state.store().put({"one": b"1"}, ttl_s=60)
    state.store().close()
    assert [file.name for file in directory.iterdir()] == ["state-8000.sqlite3"]


def test_servers_on_one_host_share_nothing(directory, settings):
    state.store().put({"one": b"1"}, ttl_s=60)
    state.store().close()
    settings.CASCADE_PORT = 8001
    assert state.store().get(["one"]) == {}
    state.store().close()


def test_a_directory_that_cannot_be_written_costs_only_the_memory(settings, tmp_path):
    (tmp_path / "state").write_text("a file")
    settings.CASCADE_STATE_DIR = tmp_path / "state"
    state.store().put({"one": b"1"}, ttl_s=60)
    assert state.store().get(["one"]) == {}


@needs_redis
def test_with_redis_nothing_is_on_the_disk(directory, settings, tmp_path):
    server = RedisServer(tmp_path)
    server.start()
    try:
        settings.REDIS_URL = server.url
        state.store().put({"one": b"1"}, ttl_s=60)
        state.store().close()
        store = RedisStore(server.url)
        assert store.get(["one"]) == {"one": b"1"}
        store.close()
    finally:
        server.stop()
    assert not directory.exists()
