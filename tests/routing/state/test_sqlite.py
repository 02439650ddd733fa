from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from routing.state.base import StoreError
from routing.state.sqlite import PRUNE_EVERY_WRITES, SqliteStore
from tests.routing.clock import Clock
from tests.routing.state.contract import StoreContract
from tests.routing.under_gevent import run_under_gevent

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "state-8000.sqlite3"


@pytest.fixture
def store(path, clock):
    with closing(SqliteStore(path, clock=clock)) as store:
        yield store


@pytest.fixture
def other(path, clock):
    """Another worker's store, on the same file."""
    with closing(SqliteStore(path, clock=clock)) as other:
        yield other


class TestSqliteStore(StoreContract):
    pass


# --- Expiry and bounds ----------------------------------------------------------------


def test_an_entry_ends_with_its_time(store, clock):
    store.put({"one": b"1"}, ttl_s=10)
    clock.now += 9.9
    assert store.get(["one"])
    assert store.items("o")
    clock.now += 0.1
    assert store.get(["one"]) == {}
    assert store.items("o") == {}


def test_a_count_starts_anew_when_its_time_is_over_however_often_it_was_counted(
    store, clock
):
    store.count("failures", ttl_s=30)
    clock.now += 29
    assert store.count("failures", ttl_s=30) == 2
    clock.now += 1
    assert store.count("failures", ttl_s=30) == 1


def test_a_claim_can_be_had_again_when_its_time_is_over(store, clock):
    store.claim("trial", ttl_s=10)
    clock.now += 10
    assert store.claim("trial", ttl_s=10)
    assert not store.claim("trial", ttl_s=10)


def rows(path):
    with closing(sqlite3.connect(path)) as database:
        return [key for (key,) in database.execute("SELECT key FROM entries")]


def test_expired_entries_are_taken_out_now_and_then(store, clock, path):
    for number in range(PRUNE_EVERY_WRITES - 1):
        store.put({f"old-{number}": b""}, ttl_s=10)
    clock.now += 10
    store.put({"new": b""}, ttl_s=10)
    assert rows(path) == ["new"]


def test_beyond_its_bound_it_keeps_what_was_written_last(path, clock):
    with closing(SqliteStore(path, clock=clock, max_entries=3)) as store:
        store.put({"soon-over": b""}, ttl_s=60)
        for number in range(PRUNE_EVERY_WRITES - 2):
            store.put({f"entry-{number}": b""}, ttl_s=3600 - number)
        store.put({"soon-over": b"again"}, ttl_s=60)
    assert sorted(rows(path)) == ["entry-252", "entry-253", "soon-over"]


# --- Several processes ----------------------------------------------------------------

PRELUDE = """
import sys
from pathlib import Path
from routing.state.base import StoreError
from routing.state.sqlite import SqliteStore
store = SqliteStore(Path(sys.argv[1]))
"""
# On a busy machine the file may be locked for longer than a store waits.
COUNT_200_TIMES = (
    PRELUDE
    + """
counted = 0
while counted < 200:
    try:
        store.count('n', ttl_s=600)
    except StoreError:
        continue
    counted += 1
"""
)
WRITE_FOR_EVER = (
    PRELUDE
    + """
while True:
    store.put({'first': b'1', 'second': b'1'}, ttl_s=600)
    store.put({'first': b'2', 'second': b'2'}, ttl_s=600)
    print('written', flush=True)
"""
)


def start(code: str, path: Path) -> subprocess.Popen:
    return subprocess.Popen(  # noqa: S603  our own interpreter
        [sys.executable, "-c", code, str(path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_processes_that_open_it_at_once_lose_no_count(path):
    processes = [start(COUNT_200_TIMES, path) for _ in range(3)]
    said = [process.communicate(timeout=60)[1] for process in processes]
    assert said == [b"", b"", b""]
    with closing(SqliteStore(path)) as store:
        assert store.count("n", ttl_s=600) == 601


def test_a_writer_that_is_killed_leaves_a_usable_file(path):
    process = start(WRITE_FOR_EVER, path)
    with process:
        assert process.stdout is not None
        for _ in range(50):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.communicate()
    with closing(SqliteStore(path)) as store:
        found = store.get(["first", "second"])
        assert found["first"] == found["second"]
        store.put({"first": b"3"}, ttl_s=60)
        assert store.get(["first"]) == {"first": b"3"}


def test_a_forked_child_writes_beside_its_parent(store):
    store.count("n", ttl_s=60)
    fork = multiprocessing.get_context("fork")
    children = [fork.Process(target=store.count, args=("n",), kwargs={"ttl_s": 60})]
    for child in children:
        child.start()
    store.count("n", ttl_s=60)
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0]
    assert store.get(["n"]) == {"n": b"3"}


# --- Trouble --------------------------------------------------------------------------


def test_the_file_is_for_our_user_alone(store, path):
    store.put({"one": b"1"}, ttl_s=60)
    files = list(path.parent.iterdir())
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_damaged_file_is_replaced(store, path):
    path.parent.mkdir()
    path.write_bytes(b"this is no database" * 1000)
    with pytest.raises(StoreError, match="file is not a database"):
        store.get(["one"])
    store.put({"one": b"1"}, ttl_s=60)
    assert store.get(["one"]) == {"one": b"1"}


def test_one_worker_replaces_a_damaged_file_for_all(store, other, path):
    store.put({f"key-{number}": b"x" * 100 for number in range(500)}, ttl_s=60)
    assert other.get(["key-0"])
    store.close()
    damage(path)
    with pytest.raises(StoreError, match="malformed"):
        store.put({"lost": b""}, ttl_s=60)
    store.put({"one": b"1"}, ttl_s=60)
    assert other.get(["one"]) == {"one": b"1"}


def damage(path):
    """Leave the first page, which says what tables there are."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))


def test_a_file_that_somebody_removed_is_made_anew_for_all(store, other, path):
    store.put({"one": b"1"}, ttl_s=60)
    assert other.get(["one"])
    for file in path.parent.iterdir():
        file.unlink()
    path.parent.rmdir()
    other.put({"two": b"2"}, ttl_s=60)
    assert store.get(["one", "two"]) == {"two": b"2"}


def test_a_locked_file_is_an_error_and_then_none(store, path):
    store.put({"one": b"1"}, ttl_s=60)
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked"):
            store.put({"one": b"2"}, ttl_s=60)
        assert store.get(["one"]) == {"one": b"1"}
    store.put({"one": b"2"}, ttl_s=60)
    assert store.get(["one"]) == {"one": b"2"}


def test_a_directory_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "state").write_text("a file")
    with pytest.raises(StoreError, match="state"):
        SqliteStore(tmp_path / "state" / "state.sqlite3").get(["one"])


def test_a_full_disk_is_an_error_and_loses_nothing_that_was_there(store, path):
    store.put({"one": b"1"}, ttl_s=60)
    with closing(sqlite3.connect(path)) as database:
        (pages,) = database.execute("PRAGMA page_count").fetchone()
    store._connection.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StoreError, match="full"):
        store.put({"large": b"x" * 1_000_000}, ttl_s=60)
    assert store.get(["one", "large"]) == {"one": b"1"}


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "state.sqlite3").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError):
        SqliteStore(tmp_path / "state.sqlite3").get(["one"])
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_of_somebody_else_is_not_used(store, path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: -1)
    with pytest.raises(StoreError, match="not ours alone"):
        store.get(["one"])


def test_both_stores_work_the_same_under_gevent():
    here = Path(__file__)
    run_under_gevent(here, here.with_name("test_redis.py"))


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_a_directory_others_can_write_to_is_not_used(tmp_path, mode):
    directory = tmp_path / "shared"
    directory.mkdir()
    directory.chmod(mode)
    with (
        closing(SqliteStore(directory / "state.sqlite3")) as store,
        pytest.raises(StoreError, match="not ours alone"),
    ):
        store.put({"a": b""}, ttl_s=1)
    assert list(directory.iterdir()) == []


def test_entries_that_ended_make_room_before_any_that_did_not(path, clock):
    with closing(SqliteStore(path, clock=clock, max_entries=3)) as store:
        store.put({"loop": b""}, ttl_s=86_400)
        for number in range(PRUNE_EVERY_WRITES - 2):
            store.put({f"repeat-{number}": b""}, ttl_s=300)
        clock.now += 300
        store.put({"new": b""}, ttl_s=300)
    assert sorted(rows(path)) == ["loop", "new"]
