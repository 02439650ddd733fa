import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# The name is the first argument.
READ = re.compile(r"env\.\w+\(\s*\"([A-Z_]+)\"")
NAMES = {*READ.findall((ROOT / "cascadeproxy" / "settings.py").read_text())} | {
    "ANTHROPIC_API_KEY",
    "OPENAI_API_KEY",
    "GROQ_API_KEY",
}
GOOD = {
    "PATH": os.defpath,
    "CASCADE_ENV_FILE": os.devnull,
    "SECRET_KEY": "of-a-test-" * 6,
    "CASCADE_KEY_PEPPER": "of-a-test-" * 4,
    "FIELD_KEYS": "dGVzdC1vbmx5LWZpZWxkLWtleS0zMi1ieXRlcy1sb24=",
}


def load(**environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", "import cascadeproxy.settings as s; print(s.DEBUG)"],
        env={**GOOD, **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", sorted(NAMES))
@pytest.mark.parametrize("document", [".env.example", "docs/settings.md"])
def test_every_setting_is_documented(name, document):
    assert re.search(rf"\b{name}\b", (ROOT / document).read_text())


def test_the_example_names_no_setting_that_does_not_exist():
    example = (ROOT / ".env.example").read_text()
    assert {*re.findall(r"(?m)^(?:# )?([A-Z_]+)=", example)} <= NAMES


def test_good_settings_load_with_debug_off():
    assert load().stdout == "False\n"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY is missing"),
        ({"SECRET_KEY": "change-me" + "k" * 60}, "SECRET_KEY is missing"),
        ({"SECRET_KEY": "django-insecure-" + "k1" * 60}, "SECRET_KEY is missing"),
        ({"SECRET_KEY": "k" * 60}, "SECRET_KEY is missing"),
        ({"FIELD_KEYS": ""}, "FIELD_KEYS is missing"),
        ({"FIELD_KEYS": GOOD["FIELD_KEYS"] + ",short"}, "FIELD_KEYS: number 2 is no"),
        ({"CASCADE_METRICS_TOKEN": "short"}, "CASCADE_METRICS_TOKEN is a default"),
        ({"CASCADE_EGRESS_PROXY": "https://p.test"}, "CASCADE_EGRESS_PROXY is no"),
        ({"CASCADE_CA_BUNDLE": "/no/such.pem"}, "CASCADE_CA_BUNDLE is no"),
        ({"CASCADE_CA_BUNDLE": __file__}, "CASCADE_CA_BUNDLE is no"),
        ({"ROLE": "boss"}, "ROLE is 'boss'; it may be all, api, pages, keeper"),
        ({"CASCADE_KEY_PEPPER": "short"}, "CASCADE_KEY_PEPPER is missing"),
        ({"CASCADE_LOG_LEVEL": "loud"}, "CASCADE_LOG_LEVEL is 'loud'"),
        ({"REDIS_URL": "http://cache.test"}, "REDIS_URL is no address of Redis"),
        ({"REDIS_URL": "redis://host:none"}, "REDIS_URL is no address of Redis"),
        ({"CASCADE_LOG_FORMAT": "xml"}, "CASCADE_LOG_FORMAT is 'xml'"),
        ({"CASCADE_PORT": "abc"}, "CASCADE_PORT cannot be used: invalid literal"),
        ({"CASCADE_AUTH_MODE_FILE": "/nowhere"}, "CASCADE_AUTH_MODE cannot be used"),
    ],
)
def test_a_setting_that_cannot_be_used_stops_the_start(changed, said):
    done = load(**changed)
    assert done.returncode != 0
    assert said in done.stderr


def test_a_secret_may_come_from_a_file(tmp_path):
    path = tmp_path / "secret"
    path.write_text("in-a-file-" * 6)
    done = load(SECRET_KEY="", SECRET_KEY_FILE=str(path))
    assert done.stdout == "False\n"


def test_django_has_no_warning_for_a_deployment_behind_tls():
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        env={
            **GOOD,
            "SECRET_KEY": "a-long-SECRET-of-0123456789-and-more-characters-!?",
            "BEHIND_TLS": "true",
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
