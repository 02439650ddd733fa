"""Groups that come with the tables."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User

from routing.groups import make_groups

pytestmark = pytest.mark.django_db


def member(name: str) -> User:
    user = User.objects.create_user(name, is_staff=True)
    user.groups.add(Group.objects.get(name=name))
    return user


def test_a_viewer_reads_and_changes_nothing():
    viewer = member("viewer")
    assert viewer.has_perm("metrics.view_routingdecision")
    codenames = {name.partition(".")[2] for name in viewer.get_all_permissions()}
    assert {name.partition("_")[0] for name in codenames} == {"view"}
    assert not any("text" in name for name in codenames)


def test_an_operator_runs_rules_and_keys_and_no_providers():
    operator = member("operator")
    for may in ("add_clientkey", "change_cascaderule", "change_controls"):
        assert operator.has_perm(f"routing.{may}")
    for may in ("change_provider", "add_provider", "delete_clientkey"):
        assert not operator.has_perm(f"routing.{may}")


def test_an_owner_does_everything_here_and_makes_no_superusers():
    owner = member("owner")
    assert owner.has_perm("routing.change_provider")
    assert not owner.has_perm("auth.change_user")


def test_a_group_that_is_there_is_left_as_it_is():
    viewer = Group.objects.get(name="viewer")
    viewer.permissions.clear()
    Group.objects.filter(name="owner").delete()
    make_groups(apps.get_app_config("routing"), using="default")
    assert viewer.permissions.count() == 0
    assert Group.objects.get(name="owner").permissions.count() > 0
