"""The groups of the rule form that say how drafts are judged and learned about."""

from __future__ import annotations

from typing import Any

# Django's stubs want a type that exists in them alone.
Fieldsets = tuple[tuple[str, Any], ...]

JUDGING: Fieldsets = (
    (
        "How drafts are judged",
        {
            "fields": ("mode", "threshold", "prior"),
            "description": "Vetoes come first, whatever the mode. Under a hundred "
            "labels a rule that names a second opinion or a judge accepts only what "
            "they support.",
        },
    ),
    ("Second opinion", {"fields": ("second_model", "second_when")}),
    ("Judge", {"fields": ("judge_model", "judge_when")}),
    (
        "Learning: shadow evaluation and budget",
        {
            "fields": (
                "shadow_percent",
                "shadow_per_day",
                "shadow_quiet_hours",
                "check_budget_percent",
            )
        },
    ),
    (
        "Certificate",
        {
            "fields": ("max_harm_percent", "certificate_confidence", "on_lapse"),
            "description": "Issued by labels for any mode; only a certified rule "
            "takes its threshold from it.",
        },
    ),
)
