"""What the admin calls the part that counts failed logins."""

from __future__ import annotations

from axes.apps import AppConfig


class Logins(AppConfig):  # type: ignore[misc]  # the library has no types
    """django-axes under a name that says what it is about."""

    verbose_name = "Failed logins"
