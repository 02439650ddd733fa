"""Whether the cascade is switched off, and by whom, in words for people."""

from __future__ import annotations

from django.conf import settings

from routing.models import Controls

ON = "The cascade is on: rules ask their drafts."
OFF = "The cascade is off: no draft is asked, the verifier of each rule answers."
BY_SETTING = (
    "The setting CASCADE_ENABLED is false; it wins over the switch, whatever that says."
)


def why_off() -> str:
    """Return that the cascade is off, and who says so; "" while it is on. One query."""
    return why_off_by(Controls.objects.filter(pk=1).first())


def why_off_by(controls: Controls | None) -> str:
    """Return what `why_off` does, by a row that was read already.

    None stands for a row that nobody has needed yet.
    """
    if not settings.CASCADE_ENABLED:
        return f"{OFF} {BY_SETTING}"
    return "" if controls is None or controls.cascade_on else OFF
