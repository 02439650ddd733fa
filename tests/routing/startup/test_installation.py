import pytest
from django.contrib.auth.models import User
from django.db import connection

from routing import secrets
from routing.models import ClientKey, Installation
from routing.startup import installation

pytestmark = pytest.mark.django_db


@pytest.fixture
def env_file(settings, tmp_path):
    path = tmp_path / ".env"
    path.write_text("SECRET_KEY=x")
    path.chmod(0o600)
    settings.ENV_FILE = path
    settings.CASCADE_DEMO_KEY = ""
    return path


def works(key: str) -> bool:
    digest = secrets.client_key_digest(key)
    return ClientKey.objects.filter(digest=digest, enabled=True).exists()


def test_a_database_that_is_up_to_date_needs_no_migration():
    assert installation.migrate() == 0
    assert "routing_cascaderule" in connection.introspection.table_names()


def test_the_admin_is_created_once():
    password = installation.create_admin()
    assert User.objects.get(username="admin", is_superuser=True).check_password(
        password
    )
    assert installation.create_admin() is None


@pytest.mark.parametrize(("name", "superuser"), [("boss", True), ("admin", False)])
def test_nobody_is_created_beside_or_over_somebody(name, superuser):
    User.objects.create_user(name, is_superuser=superuser)
    assert installation.create_admin() is None
    assert User.objects.count() == 1


def test_the_first_key_is_kept_in_the_env_file(env_file):
    said: list[str] = []
    key = installation.create_demo_key(said.append)
    assert works(key)
    assert env_file.read_text() == f"SECRET_KEY=x\nCASCADE_DEMO_KEY={key}\n"
    assert env_file.stat().st_mode & 0o777 == 0o600
    assert key not in "".join(said)


@pytest.mark.parametrize("unset", ["# CASCADE_DEMO_KEY=", "CASCADE_DEMO_KEY= "])
@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_the_first_key_takes_the_place_of_a_line_without_one(env_file, unset, end):
    env_file.write_bytes(f"A=1{end or chr(10)}{unset}{end}".encode())
    key = installation.create_demo_key(print)
    kept = f"A=1{end or chr(10)}CASCADE_DEMO_KEY={key}{end}"
    assert env_file.read_bytes() == kept.encode()


def test_a_comment_that_says_more_is_left_alone(env_file):
    comment = "# CASCADE_DEMO_KEY=cp_live_old\n"
    env_file.write_text(comment)
    key = installation.create_demo_key(print)
    assert env_file.read_text() == f"{comment}CASCADE_DEMO_KEY={key}\n"


def test_a_second_run_returns_the_key_and_changes_nothing(env_file, settings):
    settings.CASCADE_DEMO_KEY = installation.create_demo_key(print)
    before = env_file.read_bytes()
    assert installation.create_demo_key(print) == settings.CASCADE_DEMO_KEY
    assert env_file.read_bytes() == before
    assert ClientKey.objects.count() == 1


def test_a_key_an_operator_deleted_does_not_come_back(env_file, settings):
    settings.CASCADE_DEMO_KEY = installation.create_demo_key(print)
    ClientKey.objects.all().delete()
    assert installation.create_demo_key(print) == settings.CASCADE_DEMO_KEY
    assert not ClientKey.objects.exists()


def test_a_new_database_takes_over_the_key_of_the_env_file(env_file, settings):
    settings.CASCADE_DEMO_KEY = "cp_live_from_before"
    assert installation.create_demo_key(print) == "cp_live_from_before"
    assert works("cp_live_from_before")
    assert env_file.read_text() == "SECRET_KEY=x"


def test_a_key_of_the_same_name_is_left_alone(env_file):
    ClientKey.issue("demo")
    assert works(installation.create_demo_key(print))
    assert ClientKey.objects.count() == 2


def test_without_an_env_file_the_key_is_said_aloud(settings, tmp_path):
    settings.ENV_FILE = tmp_path / "none"
    settings.CASCADE_DEMO_KEY = ""
    said: list[str] = []
    assert installation.create_demo_key(said.append) in "".join(said)
    assert Installation.current().demo_key_made
