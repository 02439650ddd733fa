"""Groups of staff, made with the tables: who may read, who may run, who may own.

A group that is there already is left as operators made it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db.models import QuerySet
from django.db.models.signals import post_migrate
from django.dispatch import receiver

APPS = ("metrics", "routing")
# What models are called that hold what clients wrote: not for everybody who counts.
TEXTS = "text"
# Models an operator changes, and what he may do with them.
OPERATED = {
    "cascaderule": ("add", "change", "delete"),
    "clientkey": ("add", "change"),
    "controls": ("change",),
    "label": ("add", "change"),
}
VIEWER, OPERATOR, OWNER = "viewer", "operator", "owner"


@receiver(post_migrate, dispatch_uid="routing.groups")
def make_groups(sender: Any, using: str, **_rest: Any) -> None:
    """Make the groups that are missing, once all their permissions are there."""
    if getattr(sender, "name", "") != "routing":  # the last of our apps
        return
    everything = Permission.objects.using(using).filter(
        content_type__app_label__in=APPS
    )
    wanted = {
        VIEWER: _viewed(everything),
        OPERATOR: [*_viewed(everything), *_operated(everything)],
        OWNER: everything,
    }
    for name, permissions in wanted.items():
        group, made = Group.objects.using(using).get_or_create(name=name)
        if made:
            group.permissions.set(permissions)


def _viewed(everything: QuerySet[Permission]) -> Iterable[Permission]:
    return everything.filter(codename__startswith="view_").exclude(
        content_type__model__contains=TEXTS
    )


def _operated(everything: QuerySet[Permission]) -> Iterable[Permission]:
    codenames = [f"{may}_{name}" for name, mays in OPERATED.items() for may in mays]
    return everything.filter(codename__in=codenames)
