"""Fixtures of the account."""

from __future__ import annotations

import pytest

from metrics import lines, loader
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


@pytest.fixture(autouse=True)
def _fast_passwords(settings):
    """Signing in is not what these tests are about, and hashing well is slow."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
