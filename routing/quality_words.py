"""Figures of quality in words, the same on pages and in terminals."""

from __future__ import annotations

from metrics import formats, moments
from routing.models import RuleCertificate
from routing.rule_quality import Level, Share
from routing.rule_standing import promise_in_words


def share_in_words(found: Share) -> str:
    """Return a share with its interval, or how many labels there are yet."""
    if found.share is None:
        return f"not enough labels ({found.n}; 30 are needed)"
    return (
        f"{formats.percent(found.share)} ({formats.percent(found.low)} to "
        f"{formats.percent(found.high)}, n={found.n})"
    )


def level_in_words(level: Level) -> str:
    """Return what accepting from a threshold on comes to, with intervals."""
    return (
        f"from {level.threshold:.2f}: accepts {formats.percent(level.accepted)}, keeps "
        f"{formats.percent(level.kept)} ({formats.percent(level.kept_low)} to "
        f"{formats.percent(level.kept_high)}), saves {formats.percent(level.saved)} "
        f"({formats.percent(level.saved_low)} to {formats.percent(level.saved_high)})"
    )


def certificate_in_words(certificate: RuleCertificate | None) -> str:
    """Return a certificate with its figures; "" when there never was one."""
    if certificate is None:
        return ""
    issued = moments.day(certificate.issued_at)
    return (
        f"Certificate {certificate.get_state_display()} ({issued}, "
        f"{certificate.labels} labels, bound {formats.percent(certificate.bound)}): "
        f"{promise_in_words(certificate)}"
    )
