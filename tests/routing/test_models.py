import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from routing.models import (
    CascadeRule,
    ClientKey,
    ConfigVersion,
    Installation,
    Provider,
    UpstreamModel,
)

pytestmark = pytest.mark.django_db


def rule(**fields) -> CascadeRule:
    given = {
        "name": "first",
        "request_model": "verifier-large",
        "draft_model": "draft-small",
    }
    return CascadeRule(**{**given, **fields})


def provider(**fields) -> Provider:
    given = {"name": "one", "kind": "anthropic", "base_url": "https://one.test"}
    return Provider(**{**given, **fields})


def moved_by(action) -> int:
    before = ConfigVersion.current()
    action()
    return ConfigVersion.current() - before


def test_every_way_to_write_moves_the_version():
    row = rule()
    assert moved_by(row.save) == 1
    assert moved_by(lambda: CascadeRule.objects.update(threshold=0.5)) == 1
    assert moved_by(lambda: CascadeRule.objects.bulk_create([rule(name="b")])) == 1
    assert moved_by(row.delete) >= 1
    assert moved_by(lambda: CascadeRule.objects.all().delete()) >= 1
    assert moved_by(CascadeRule.objects.count) == 0


def test_a_table_is_not_emptied_by_a_slip_or_by_a_template():
    assert not hasattr(CascadeRule.objects, "delete")
    rows = CascadeRule.objects.all()
    for write in (rows.update, rows.bulk_create, rows.delete):
        assert write.alters_data


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ({"draft_model": "verifier-large"}, "draft_model"),
        ({"verifier_model": "draft-small"}, "draft_model"),
        ({"draft_model": "draft*"}, "draft_model"),
        ({"request_model": "a b"}, "request_model"),
        ({"threshold": 1.2}, "threshold"),
        ({"prior": -0.1}, "prior"),
        ({"draft_timeout_s": 0.0}, "draft_timeout_s"),
    ],
)
def test_a_rule_that_cannot_work_is_refused_at_its_field(fields, at):
    with pytest.raises(ValidationError) as caught:
        rule(**fields).full_clean()
    assert set(caught.value.message_dict) == {at}


def test_a_pattern_may_cover_its_own_draft():
    rule(request_model="*").full_clean()


def test_a_rule_for_a_key_and_another_tag_would_never_apply():
    key, _ = ClientKey.issue("acme", tag="web")
    rule(client_key=key, tag="web").full_clean()
    with pytest.raises(ValidationError, match="never apply"):
        rule(client_key=key, tag="batch").full_clean()


@pytest.mark.parametrize(
    "fields",
    [{"threshold": 2.0}, {"draft_model": "a*"}, {"verifier_model": "draft-small"}],
)
def test_the_database_refuses_it_too(fields):
    with pytest.raises(IntegrityError):
        rule(**fields).save()


def test_a_stored_key_stays_at_its_host():
    row = provider()
    row.set_key("sk-secret-of-one")
    row.save()
    row.base_url = "https://one.test/path"
    row.save()
    assert row.key() == "sk-secret-of-one"
    row.base_url = "https://two.test"
    row.save()
    assert (row.key(), row.key_last4, row.key_set_at) == ("", "", None)


@pytest.mark.parametrize(
    "url", ["http://one.test", "https://one.test:8443", "https://other.one.test"]
)
def test_another_scheme_or_port_is_another_host(url):
    row = provider()
    row.set_key("sk-secret-of-one")
    row.save()
    row.base_url = url
    row.save()
    assert row.key() == ""


def test_a_new_key_may_come_with_a_new_host():
    row = provider()
    row.set_key("sk-secret-of-one")
    row.save()
    row.base_url = "https://two.test"
    row.set_key("sk-secret-of-two")
    row.save()
    assert row.key() == "sk-secret-of-two"


def test_a_private_host_needs_a_permission(settings):
    with pytest.raises(ValidationError, match="private network"):
        provider(base_url="http://10.0.0.1").full_clean()
    provider(base_url="http://10.0.0.1", private_allowed=True).full_clean()
    provider(base_url="http://127.0.0.1:1").full_clean()
    settings.CASCADE_PRIVATE_UPSTREAMS = ["10.0.0.1"]
    provider(base_url="http://10.0.0.1").full_clean()


def test_a_reference_goes_before_a_stored_key(settings):
    settings.PROVIDER_KEYS = {"MY_KEY": "sk-env"}
    row = provider(key_reference="env:MY_KEY")
    row.set_key("sk-stored-somewhere")
    assert row.key() == "sk-env"


def test_a_short_key_shows_nothing_of_itself():
    row = provider()
    row.set_key("sk-x")
    assert row.key_last4 == ""


def test_a_client_key_is_kept_as_a_digest():
    row, key = ClientKey.issue("acme")
    assert key not in str(vars(row))
    assert str(row) == f"acme ({key[:16]}…)"


def test_rows_say_what_they_are():
    row = provider()
    row.save()
    model = UpstreamModel.objects.create(provider=row, name="claude*")
    assert str(model) == "claude* @ one"
    assert str(rule()) == "first"
    assert str(ConfigVersion(number=3)) == "3"


def test_there_is_one_installation():
    assert Installation.current() == Installation.current()
    assert str(Installation.current()) == "installation"
