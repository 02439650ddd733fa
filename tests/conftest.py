"""Fixtures shared by all tests. The cast: keys `acme` and `globex`."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper

from metrics import lines, recorder, text_recorder
from metrics.lines import JournalLine
from routing import throttles
from routing.limits import ledgers
from routing.limits.expecting import Experience
from routing.models import ClientKey
from routing.snapshot import SnapshotHolder, holder
from routing.state import store
from tests.fakes import FakeWatch, ScriptedTransport
from tests.wsgi import Proxy

# A slow machine is no reason to fail, and the whole suite has minutes, not hours.
hypothesis.settings.register_profile("suite", deadline=None, max_examples=60)
hypothesis.settings.load_profile("suite")


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Leave out, on PostgreSQL, what asks no database: it is as it was on SQLite."""
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        return
    others = [item for item in items if not _asks_the_database(item)]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if _asks_the_database(item)]


def _asks_the_database(item: pytest.Item) -> bool:
    fixtures = {"db", "transactional_db"}
    asked = fixtures & set(getattr(item, "fixturenames", ()))
    return bool(asked) or item.get_closest_marker("django_db") is not None


@pytest.fixture(autouse=True)
def fresh_state() -> Iterator[None]:
    """Let no test remember another: what workers share ends with each."""
    yield
    store().close()
    ledgers.close()
    shutil.rmtree(settings.CASCADE_STATE_DIR, ignore_errors=True)


@pytest.fixture(autouse=True)
def _one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the connection that a test's transaction lives in.

    Requests and the keeper give up old ones, and PostgreSQL's tests would end there.
    """
    give_up = BaseDatabaseWrapper.close_if_unusable_or_obsolete

    def unless_in_a_test(database: BaseDatabaseWrapper) -> None:
        if not database.in_atomic_block:
            give_up(database)

    monkeypatch.setattr(
        BaseDatabaseWrapper, "close_if_unusable_or_obsolete", unless_in_a_test
    )


@pytest.fixture
def decisions(settings, tmp_path: Path) -> Iterator[Callable[[], list[JournalLine]]]:
    """Returns the decisions recorded so far, read back from a journal of its own."""
    settings.CASCADE_JOURNAL_DIR = tmp_path / "journal"

    def read() -> list[JournalLine]:
        files = sorted(settings.CASCADE_JOURNAL_DIR.glob("*.jsonl"))
        return [
            lines.decode(line)
            for file in files
            for line in file.read_bytes().splitlines()
            if not (lines.holds_text(line) or lines.holds_label(line))
        ]

    yield read
    recorder.recorder_for.cache_clear()
    text_recorder.recorder_for.cache_clear()


@pytest.fixture
def fresh_holder(settings, db: None) -> Iterator[SnapshotHolder]:
    """This process's holder, which looks at this test's database when told to only."""
    settings.CASCADE_SNAPSHOT_POLL_S = 0
    holder.forget()
    yield holder
    holder.forget()


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch) -> ScriptedTransport:
    """Stands in for all providers; scripted by model."""
    transport = ScriptedTransport()
    monkeypatch.setattr("routing.connection._transport", transport)
    return transport


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> FakeWatch:
    """Stands in for the watch over clients: they leave when a test says so."""
    watch = FakeWatch()
    monkeypatch.setattr("routing.connection._watch", watch)
    return watch


@pytest.fixture
def proxy(
    upstream: ScriptedTransport,
    fresh_holder: SnapshotHolder,
    decisions: Callable[[], list[JournalLine]],
) -> Proxy:
    """The proxy behind its WSGI entry; it asks `upstream`."""
    return Proxy(upstream, decisions)


@pytest.fixture
def limit(proxy: Proxy, fresh_holder: SnapshotHolder) -> Callable[..., None]:
    """Sets limits of the key `acme`."""

    def limit(**limits: Any) -> None:
        ClientKey.objects.filter(name="acme").update(**limits)
        fresh_holder.forget()

    return limit


@pytest.fixture
def inexperienced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody know yet what requests come to."""
    monkeypatch.setattr(throttles, "_experience", Experience())
