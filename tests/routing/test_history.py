"""Every version of a rule is kept, whoever writes it, and one can go back."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import models

from routing import history
from routing.models import CascadeRule, ClientKey, ConfigVersion

pytestmark = pytest.mark.django_db


def make_rule(**changes) -> CascadeRule:
    values = {
        "name": "first",
        "request_model": "verifier-large",
        "draft_model": "draft-small",
    }
    return CascadeRule.objects.create(**values | changes)


@pytest.fixture
def rule():
    return make_rule()


@pytest.fixture
def anna():
    return User.objects.create_user("anna")


def versions(rule):
    return history.versions(CascadeRule, rule.pk)


def words(rule):
    return [[str(change) for change in version.changes] for version in versions(rule)]


def test_a_save_is_a_version_with_who_and_why(rule, anna):
    rule.threshold = 0.8
    history.because(rule, "from the rule page", anna)
    rule.save()
    newest, first = versions(rule)
    assert (newest.who, newest.reason) == ("anna", "from the rule page")
    assert (newest.kind, first.kind) == ("changed", "created")
    assert str(newest) == "threshold 0.70 -> 0.80 by anna"
    assert (newest.previous, first.previous) == (first.id, None)


def test_who_changed_it_is_known_for_longer_than_the_user_is_there(rule, anna):
    history.because(rule, "", anna)
    rule.save()
    anna.delete()
    assert versions(rule)[0].who == "anna"


def test_an_update_of_many_is_a_version_of_each_that_changed(rule):
    other = make_rule(name="second", enabled=False)
    CascadeRule.objects.update(enabled=False)
    assert words(rule) == [["enabled on -> off"], []]
    assert len(versions(other)) == 1


def test_an_update_that_the_filter_no_longer_finds_is_a_version_too(rule):
    CascadeRule.objects.filter(enabled=True).update(enabled=False)
    assert len(versions(rule)) == 2


def test_rows_that_are_made_or_changed_together_have_versions(rule):
    values = {"request_model": "verifier-large", "draft_model": "draft-small"}
    (made,) = CascadeRule.objects.bulk_create([CascadeRule(name="bulk", **values)])
    made.threshold = 0.9
    CascadeRule.objects.bulk_update([made], ["threshold"])
    assert words(made) == [["threshold 0.70 -> 0.90"], []]


@pytest.mark.parametrize(
    "write",
    [
        lambda rule: rule.save(),
        lambda _: CascadeRule.objects.update(threshold=0.9),
        lambda rule: history.revert(
            CascadeRule, rule.pk, history.latest_id(CascadeRule, rule.pk), None
        ),
        lambda rule: rule.delete(),
        lambda _: CascadeRule.objects.all().delete(),
    ],
)
def test_every_write_moves_the_version_of_the_configuration(rule, write):
    before = ConfigVersion.current()
    write(rule)
    assert ConfigVersion.current() > before


def test_what_was_deleted_is_still_told(rule):
    pk = rule.pk
    CascadeRule.objects.all().delete()
    assert [v.kind for v in history.versions(CascadeRule, pk)] == ["deleted", "created"]
    assert history.last_key_of(CascadeRule, name="first") == pk


def test_a_rule_that_goes_with_its_key_is_told_as_deleted(rule):
    key, _ = ClientKey.issue("acme")
    rule.client_key = key
    rule.save()
    pk, name = rule.pk, str(key)
    key.delete()
    deleted, changed, _ = history.versions(CascadeRule, pk)
    assert deleted.kind == "deleted"
    assert name not in str(changed)
    assert "(deleted)" in str(changed)


def test_a_key_is_told_by_its_name(rule):
    key, _ = ClientKey.issue("acme")
    CascadeRule.objects.update(client_key=key)
    (change,) = versions(rule)[0].changes
    assert (change.before, change.after) == ("", str(key))


def test_going_back_is_a_version_of_its_own(rule, anna):
    CascadeRule.objects.update(threshold=0.9, notes="stricter")
    first = versions(rule)[-1]
    done = history.revert(CascadeRule, rule.pk, first.id, anna)
    rule.refresh_from_db()
    assert (rule.threshold, rule.notes) == (0.7, "")
    assert done.reason.startswith("back to the version of ")
    assert str(done.changes[0]) == "threshold 0.90 -> 0.70"
    assert len(versions(rule)) == 3


def test_going_back_to_what_is_not_allowed_any_more_is_refused(rule, anna):
    key, _ = ClientKey.issue("acme")
    CascadeRule.objects.update(client_key=key)
    CascadeRule.objects.update(client_key=None)
    key.delete()
    with pytest.raises(ValidationError):
        history.revert(CascadeRule, rule.pk, versions(rule)[1].id, anna)
    assert len(versions(rule)) == 3


def test_a_version_of_another_row_is_none_of_this_one(rule, anna):
    other = make_rule(name="second")
    foreign = history.latest_id(CascadeRule, other.pk)
    with pytest.raises(CascadeRule.DoesNotExist):
        history.revert(CascadeRule, rule.pk, foreign, anna)


def test_the_versions_listed_are_bounded(rule):
    for n in range(4):
        CascadeRule.objects.update(priority=n)
    listed = history.versions(CascadeRule, rule.pk, at_most=2)
    assert [str(v.changes[0]) for v in listed] == ["priority 2 -> 3", "priority 1 -> 2"]


def test_a_number_is_told_with_all_it_has():
    assert history.number(0.7) == "0.70"
    assert history.number(0.725) == "0.725"


def test_what_is_left_out_is_in_no_version():
    kept = history.records(leave_out=["key_encrypted"])
    assert kept.excluded_fields == ["key_encrypted"]


def test_no_history_holds_a_secret():
    secret = ("encrypted", "digest", "last4", "secret")
    kept = [
        field.name
        for model in apps.get_app_config("routing").get_models()
        if model.__name__.startswith("Historical")
        for field in model._meta.get_fields()
        if isinstance(field, models.Field)
    ]
    assert kept
    assert [name for name in kept if any(word in name for word in secret)] == []


def test_rules_from_before_there_was_a_history_have_a_first_version(rule):
    CascadeRule.history.all().delete()
    migration = import_module("routing.migrations.0003_rulepage_history")
    migration.write_first_versions(apps, None)
    (first,) = versions(rule)
    assert first.reason == "as it was when its history began"
    CascadeRule.objects.update(threshold=0.9)
    assert words(rule)[0] == ["threshold 0.70 -> 0.90"]
