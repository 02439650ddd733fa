"""Points Django at the settings module; the one write to the environment."""

import os


def use_settings() -> str:
    """Let Django find `cascadeproxy.settings` unless told otherwise; its name."""
    return os.environ.setdefault(  # noqa: TID251  Django takes it from nowhere else
        "DJANGO_SETTINGS_MODULE", "cascadeproxy.settings"
    )
