import subprocess
import sys

import pytest

from cascadeproxy.hashers import PatientHasher

UNDER_GEVENT = """
from gevent import monkey
monkey.patch_all()
import gevent, os
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
import django
django.setup()
from cascadeproxy.hashers import PatientHasher
turns = []
def others():
    while True:
        turns.append(1)
        gevent.sleep(0.001)
gevent.spawn(others)
gevent.sleep(0)
before = len(turns)
encoded = PatientHasher().encode("secret", "salt", 200_000)
assert len(turns) > before + 5, "streams stood still"
assert PatientHasher().verify("secret", encoded)
"""


@pytest.mark.parametrize(("password", "right"), [("secret", True), ("other", False)])
def test_a_password_is_recognised(password, right):
    hasher = PatientHasher()
    encoded = hasher.encode("secret", "salt", 1000)
    assert encoded.startswith("pbkdf2_sha256$1000$salt$")
    assert hasher.verify(password, encoded) is right


def test_streams_go_on_while_somebody_logs_in():
    command = [sys.executable, "-W", "ignore", "-c", UNDER_GEVENT]
    subprocess.run(command, check=True)  # noqa: S603  our own words
