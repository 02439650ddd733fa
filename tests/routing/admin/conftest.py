"""Who works in admin: `boss`, a superuser, and `clerk`, who is none; a provider."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User

from routing.models import Provider


@pytest.fixture
def boss(client):
    client.force_login(User.objects.create_superuser("boss"))
    return client


@pytest.fixture
def clerk(client):
    """Somebody who may change everything of routing and is no superuser."""
    user = User.objects.create_user("clerk", is_staff=True)
    user.user_permissions.set(
        Permission.objects.filter(content_type__app_label="routing")
    )
    client.force_login(user)
    return client


@pytest.fixture
def guest(client):
    """Staff that may do nothing yet; give it permissions with `allow`."""
    user = User.objects.create_user("guest", is_staff=True)
    client.force_login(user)
    client.user = user
    return client


@pytest.fixture
def provider(db):
    row = Provider(name="one", kind="anthropic", base_url="https://one.test")
    row.set_key("sk-planted-secret")
    row.save()
    return row
