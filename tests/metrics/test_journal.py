import os
import stat
import threading

import pytest

from metrics import journal
from metrics.journal import Journal, JournalError


def files(directory):
    return sorted(directory.glob("*.jsonl"))


def lines(directory):
    return [
        line for path in files(directory) for line in path.read_bytes().split(b"\n")
    ]


def is_locked(path):
    with path.open("rb") as file:
        return not journal.try_lock(file.fileno())


def short_write(monkeypatch, *, keep):
    """Let the next write keep only `keep` bytes, as a full disk does."""
    real, cut = os.write, [keep]

    def write(fd, data):
        return real(fd, data[: cut.pop()] if cut else data)

    monkeypatch.setattr(os, "write", write)


def test_each_line_is_there_once_it_was_appended(tmp_path):
    writer = Journal(tmp_path)
    writer.append(b"one")
    writer.append(b"two")
    assert lines(tmp_path) == [b"one", b"two", b""]


def test_only_its_owner_can_read_the_journal(tmp_path):
    directory = tmp_path / "a" / "journal"
    Journal(directory).append(b"x")
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert stat.S_IMODE(files(directory)[0].stat().st_mode) == 0o600


def test_the_file_is_locked_while_its_owner_lives(tmp_path):
    writer = Journal(tmp_path)
    writer.append(b"x")
    assert is_locked(files(tmp_path)[0])
    writer.close()
    assert not is_locked(files(tmp_path)[0])


def test_a_full_file_is_let_go_and_another_begun(tmp_path):
    writer = Journal(tmp_path, rotate_bytes=10)
    for _ in range(4):
        writer.append(b"12345")
    full = [path for path in files(tmp_path) if not is_locked(path)]
    assert len(files(tmp_path)) == 2
    assert [path.stat().st_size for path in full] in ([12], [12, 12])


def test_a_fork_writes_to_a_file_of_its_own(tmp_path):
    writer = Journal(tmp_path)
    writer.append(b"parent")
    child = os.fork()
    if child == 0:
        writer.append(b"child")
        os._exit(0)
    os.waitpid(child, 0)
    writer.append(b"parent again")
    contents = sorted(path.read_bytes() for path in files(tmp_path))
    assert contents == [b"child\n", b"parent\nparent again\n"]


def test_a_torn_line_spoils_no_other(tmp_path, monkeypatch):
    writer = Journal(tmp_path)
    writer.append(b"before")
    short_write(monkeypatch, keep=3)
    with pytest.raises(JournalError):
        writer.append(b"torn line")
    writer.append(b"after")
    assert lines(tmp_path) == [b"before", b"tor", b"after", b""]


def test_a_refused_write_spoils_nothing(tmp_path, monkeypatch):
    writer = Journal(tmp_path)
    writer.append(b"before")
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", raise_disk_full)
        with pytest.raises(OSError, match="No space"):
            writer.append(b"lost")
    writer.append(b"after")
    assert lines(tmp_path) == [b"before", b"after", b""]


def raise_disk_full(_fd, _data):
    raise OSError(28, "No space left on device")


def test_a_file_somebody_deleted_is_replaced(tmp_path):
    writer = Journal(tmp_path)
    writer.append(b"gone")
    files(tmp_path)[0].unlink()
    writer.append(b"kept")
    assert lines(tmp_path) == [b"kept", b""]


def test_a_file_the_keeper_took_before_it_was_locked_is_replaced(tmp_path, monkeypatch):
    real, taken = journal.try_lock, []

    def take_first(fd):
        if not taken:
            taken.append(fd)
            files(tmp_path)[0].unlink()
        return real(fd)

    monkeypatch.setattr(journal, "try_lock", take_first)
    Journal(tmp_path).append(b"kept")
    assert lines(tmp_path) == [b"kept", b""]


def test_threads_share_it_without_losing_a_line(tmp_path):
    writer = Journal(tmp_path, rotate_bytes=2000)

    def write(name):
        for n in range(200):
            writer.append(f"{name}-{n}".encode())

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    written = [line for line in lines(tmp_path) if line]
    assert sorted(written) == sorted(
        f"{a}-{n}".encode() for a in "abcd" for n in range(200)
    )


def test_check_says_when_nothing_can_be_written(tmp_path):
    Journal(tmp_path).check()
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        Journal(tmp_path / "file").check()
