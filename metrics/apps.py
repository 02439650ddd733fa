"""The metrics app."""

from django.apps import AppConfig


class MetricsConfig(AppConfig):
    """Accounts; imports nothing of `routing`."""

    name = "metrics"
    verbose_name = "Account"
