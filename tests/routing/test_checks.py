import pytest
from django.core import checks

from routing.models import Provider


def found(*tags: str, **options) -> list[str]:
    return [message.id for message in checks.run_checks(tags=tags, **options)]


def test_the_settings_of_the_tests_are_fine():
    assert found("cascade") == []


@pytest.mark.parametrize(
    ("name", "value", "number"),
    [
        ("CASCADE_AUTH_MODE", "open", "E001"),
        ("CASCADE_WORKER_CLASS", "sync", "E002"),
        ("CASCADE_HOLD_S", 0, "E003"),
        ("CASCADE_PING_S", -1, "E003"),
        ("CASCADE_PORT", 70_000, "E003"),
        ("CASCADE_SNAPSHOT_POLL_S", 30, "E003"),
        ("FIELD_KEYS", [], "E005"),
        ("FIELD_KEYS", ["short"], "E005"),
        ("CASCADE_PRIVATE_UPSTREAMS", ["http://10.0.0.1"], "E006"),
        ("CASCADE_SIMULATOR", "on", "E007"),
        ("CASCADE_SIMULATOR", "127.0.0.1:99999", "E007"),
        ("CASCADE_SIMULATOR", ":18400", "E007"),
    ],
)
def test_a_bad_setting_is_an_error_with_an_id_and_a_hint(settings, name, value, number):
    setattr(settings, name, value)
    (message,) = checks.run_checks(tags=["cascade"])
    assert message.id == f"cascade.{number}"
    assert message.level == checks.ERROR
    assert message.hint


def test_no_message_shows_a_secret(settings):
    settings.FIELD_KEYS = ["planted-secret"]
    assert "planted" not in str(checks.run_checks(tags=["cascade"]))


def test_serving_without_keys_is_for_this_machine_alone(settings):
    settings.CASCADE_AUTH_MODE = "none"
    assert "cascade.E004" not in found("security")
    settings.CASCADE_HOST = "192.0.2.1"
    assert "cascade.E004" in found("security")
    settings.CASCADE_ALLOW_OPEN = True
    assert "cascade.E004" not in found("security")


@pytest.mark.parametrize("value", ["auto", "off", "127.0.0.1:18400", "[::1]:1"])
def test_a_simulator_is_a_word_or_an_address(settings, value):
    settings.CASCADE_SIMULATOR = value
    assert found("cascade") == []


@pytest.mark.django_db
def test_providers_of_the_database_are_looked_at_when_asked():
    Provider.objects.create(name="a", kind="anthropic", base_url="http://one.test")
    Provider.objects.create(name="b", kind="anthropic", base_url="http://127.0.0.1:1")
    Provider.objects.create(
        name="c",
        kind="anthropic",
        base_url="https://one.test",
        key_reference="file:/nowhere/at/all",
    )
    assert found("database") == []
    assert found("database", databases=["default"]) == ["cascade.W001", "cascade.W002"]
