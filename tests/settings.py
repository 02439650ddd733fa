"""The product's settings with secrets for tests; no `.env` of a developer is read."""

import atexit
import os
import shutil
import tempfile

JOURNAL_DIR = tempfile.mkdtemp(prefix="cascade-test-journal-")
atexit.register(shutil.rmtree, JOURNAL_DIR, ignore_errors=True)

os.environ.update(
    CASCADE_ENV_FILE=os.devnull,
    SECRET_KEY="test-only-" + "k" * 60,
    CASCADE_KEY_PEPPER="test-only-" + "p" * 40,
    FIELD_KEYS="dGVzdC1vbmx5LWZpZWxkLWtleS0zMi1ieXRlcy1sb24=",
    CASCADE_JOURNAL_DIR=JOURNAL_DIR,
    CASCADE_STATE_DIR=os.path.join(JOURNAL_DIR, "state"),
    REDIS_URL="",
    ANTHROPIC_API_KEY="",
    OPENAI_API_KEY="",
    GROQ_API_KEY="",
)

# The database of the tests: SQLite in memory, or the one named here. It is taken out,
# so that processes a test starts may be given another.
if "TEST_DATABASE_URL" in os.environ:
    os.environ["DATABASE_URL"] = os.environ.pop("TEST_DATABASE_URL")

from cascadeproxy.settings import *

# Tests log in often; how passwords are stretched is Django's to test.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Who writes docs/openapi.yaml works with these settings; no process that serves does.
INSTALLED_APPS = [*INSTALLED_APPS, "drf_spectacular"]
REST_FRAMEWORK = REST_FRAMEWORK | {
    "DEFAULT_SCHEMA_CLASS": "routing.openapi.generation.Described"
}
SPECTACULAR_SETTINGS = {
    "TITLE": "CascadeProxy",
    "VERSION": "v1",
    "DESCRIPTION": "The Anthropic Messages API; headers x-cascade-* say who answered.",
    "OAS_VERSION": "3.1.1",
    "POSTPROCESSING_HOOKS": ["routing.openapi.generation.complete"],
}
