"""Fixtures of the account."""

from __future__ import annotations

import pytest

from metrics import lines, loader, rollups
from metrics.journal import Journal


@pytest.fixture
def load(tmp_path):
    """Put records into the database the way real ones get there."""

    def load_records(*records):
        directory = tmp_path / "journal-of-the-test"
        writer = Journal(directory)
        for record in records:
            writer.append(lines.encode(record))
        writer.close()
        result = loader.load_once(directory)
        assert result.problem == ""
        return result

    return load_records


@pytest.fixture
def load_unsummed(load, monkeypatch):
    """As `load`, but as a loader does whose sums are behind: it leaves them so."""

    def load_records(*records):
        with monkeypatch.context() as patch:
            patch.setattr(rollups, "is_caught_up", lambda _state: False)
            return load(*records)

    return load_records


@pytest.fixture(autouse=True)
def _fast_passwords(settings):
    """Signing in is not what these tests are about, and hashing well is slow."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
