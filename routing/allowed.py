"""What settings, files and options may say of the server. No Django here."""

from __future__ import annotations

from routing import hosts

AUTH_MODES = ("none", "api_key", "pass_through")
WORKER_CLASSES = ("gevent", "gthread")
ROLES = ("all", "api", "pages", "keeper")
LOG_LEVELS = ("debug", "info", "warning", "error")
LIMITS_WHEN_AWAY = ("budgets_closed", "open", "closed")
PORTS = (1, 65535)
WORKERS = (1, 512)
COUNTS = (0, 10**12)
WHAT_TO_DO_IF_OPEN = (
    "Use api_key, or host 127.0.0.1, or allow it: CASCADE_ALLOW_OPEN=true, "
    "proxy start --allow-open."
)


def danger(auth_mode: str, host: str, *, allow_open: bool) -> str:
    """Return why serving on `host` must be refused, "" when it need not be."""
    if auth_mode != "none" or allow_open or hosts.is_loopback(host):
        return ""
    return f"Auth mode none on {host} would let anybody spend your provider keys."
