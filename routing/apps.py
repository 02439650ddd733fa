"""The routing app."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_delete, post_save
from django.utils.module_loading import autodiscover_modules


class RoutingConfig(AppConfig):
    """Decides; `metrics` accounts."""

    name = "routing"

    def ready(self) -> None:
        """Register what others find by name; let new prices reach workers at once."""
        autodiscover_modules(
            "checks", "alerting", "contributing", "groups", "school_chore"
        )
        version: Any = self.get_model("ConfigVersion")

        def bump(**_: Any) -> None:
            version.bump()

        for signal in (post_save, post_delete):
            signal.connect(bump, sender="metrics.ModelPrice", weak=False)
