"""The product's settings with secrets for tests; no `.env` of a developer is read."""

import os
import tempfile

os.environ.update(
    CASCADE_ENV_FILE=os.devnull,
    SECRET_KEY="test-only-" + "k" * 60,
    CASCADE_KEY_PEPPER="test-only-" + "p" * 40,
    FIELD_KEYS="dGVzdC1vbmx5LWZpZWxkLWtleS0zMi1ieXRlcy1sb24=",
    CASCADE_JOURNAL_DIR=tempfile.mkdtemp(prefix="cascade-test-journal-"),
    ANTHROPIC_API_KEY="",
    OPENAI_API_KEY="",
    GROQ_API_KEY="",
)

from cascadeproxy.settings import *
