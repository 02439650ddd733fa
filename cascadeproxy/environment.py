"""What every process of ours does first."""

import os


def use_settings() -> str:
    """Let Django find `cascadeproxy.settings` unless told otherwise; its name.

    What the process writes from then on, the database above all, is for its user alone.
    """
    os.umask(0o077)
    return os.environ.setdefault(  # noqa: TID251  Django takes it from nowhere else
        "DJANGO_SETTINGS_MODULE", "cascadeproxy.settings"
    )
