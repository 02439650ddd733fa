from types import SimpleNamespace

import pytest

from cascadeproxy import gunicorn_conf


def arbiter(*addresses):
    return SimpleNamespace(cfg=SimpleNamespace(address=list(addresses)))


def test_serving_without_keys_is_for_this_machine_alone(monkeypatch):
    monkeypatch.setattr(gunicorn_conf.settings, "CASCADE_AUTH_MODE", "none")
    gunicorn_conf.on_starting(arbiter(("127.0.0.1", 8000), ("::1", 8000), "/a.sock"))
    with pytest.raises(RuntimeError, match="CASCADE_ALLOW_OPEN"):
        gunicorn_conf.on_starting(arbiter(("192.0.2.1", 8000)))


def test_serving_without_keys_can_be_forced(monkeypatch):
    monkeypatch.setattr(gunicorn_conf.settings, "CASCADE_AUTH_MODE", "none")
    monkeypatch.setattr(gunicorn_conf.settings, "CASCADE_ALLOW_OPEN", True)
    gunicorn_conf.on_starting(arbiter(("192.0.2.1", 8000)))


def test_serving_with_keys_is_for_everybody():
    gunicorn_conf.on_starting(arbiter(("192.0.2.1", 8000)))


def test_the_gauges_of_a_worker_that_is_gone_are_forgotten(monkeypatch, tmp_path):
    monkeypatch.setattr(gunicorn_conf, "metrics_directory", tmp_path)
    for name in ("gauge_livesum_5.db", "gauge_livesum_6.db", "counter_5.db"):
        (tmp_path / name).touch()
    gunicorn_conf.child_exit(arbiter(), SimpleNamespace(pid=5))
    assert {path.name for path in tmp_path.iterdir()} == {
        "gauge_livesum_6.db",
        "counter_5.db",
    }


def test_the_metrics_of_the_last_run_are_emptied_and_ours_alone(monkeypatch, tmp_path):
    directory = tmp_path / "ours" / "port-8000"
    directory.mkdir(parents=True)
    (directory / "counter_5.db").touch()
    monkeypatch.setattr(gunicorn_conf, "metrics_directory", directory)
    monkeypatch.setattr(gunicorn_conf, "Children", lambda *_: FakeChildren())
    monkeypatch.setattr(gunicorn_conf.settings, "CASCADE_SIMULATOR", "off")

    gunicorn_conf.when_ready(starting())

    assert list(directory.iterdir()) == []
    assert directory.stat().st_mode & 0o077 == 0


def test_metrics_are_not_written_where_somebody_else_is_at_home(monkeypatch, tmp_path):
    stranger = tmp_path.stat().st_uid + 1
    monkeypatch.setattr(gunicorn_conf, "metrics_directory", tmp_path / "port-8000")
    monkeypatch.setattr(gunicorn_conf.os, "geteuid", lambda: stranger)

    with pytest.raises(RuntimeError, match="CASCADE_METRICS_DIR"):
        gunicorn_conf.when_ready(starting())


@pytest.mark.parametrize(
    ("ending", "stays"),
    [
        ({}, False),
        ({"reexec_pid": 7}, True),
        ({"master_pid": 7}, True),
    ],
    ids=["alone", "the old one of an upgrade", "the new one of an upgrade"],
)
def test_an_arbiter_takes_its_metrics_with_it_unless_another_serves_on(
    monkeypatch, tmp_path, ending, stays
):
    directory = tmp_path / "port-8000"
    directory.mkdir()
    monkeypatch.setattr(gunicorn_conf, "metrics_directory", directory)
    gunicorn_conf.on_exit(running(**ending))
    assert directory.exists() is stays


def test_a_worker_boots_when_its_directory_was_tidied_away(monkeypatch, tmp_path):
    directory = tmp_path / "ours" / "port-8000"
    monkeypatch.setattr(gunicorn_conf, "metrics_directory", directory)
    for _ in range(2):
        gunicorn_conf.post_fork(running(), None)
        assert directory.parent.stat().st_mode & 0o077 == 0
        assert directory.is_dir()


class FakeChildren:
    def start(self):
        pass

    def stop(self):
        pass

    def release(self):
        pass


def running(**changes):
    values = {"master_pid": 0, "reexec_pid": 0, "children": FakeChildren()}
    return SimpleNamespace(**values | changes)


def starting():
    log = SimpleNamespace(warning=print)
    return SimpleNamespace(master_pid=0, log=log)


@pytest.mark.parametrize(
    ("role", "programs"),
    [("all", ["keeper", "simulator"]), ("api", ["simulator"]), ("pages", [])],
)
def test_each_role_has_its_own_programs_beside_it(monkeypatch, role, programs):
    monkeypatch.setattr(gunicorn_conf.settings, "ROLE", role)
    monkeypatch.setattr(gunicorn_conf.settings, "CASCADE_SIMULATOR", "127.0.0.1:1")
    assert [program.name for program in gunicorn_conf._programs({})] == programs


def test_the_keeper_alone_is_no_server(monkeypatch):
    monkeypatch.setattr(gunicorn_conf.settings, "ROLE", "keeper")
    with pytest.raises(RuntimeError, match="run manage"):
        gunicorn_conf.on_starting(arbiter(("127.0.0.1", 8000)))
