"""What a client is told of the limits of its key, in Anthropic's words and headers."""

from __future__ import annotations

from datetime import UTC, datetime

from routing.errors import BudgetSpent, Forbidden, InvalidRequest, RateLimited
from routing.limits.terms import MINUTE_S, SESSION_S, Admission, KeyLimits

_START = "This request would exceed the limit of this key"


def refusal(admission: Admission, limits: KeyLimits) -> RateLimited:
    """Return the error for what stood in the way of a request."""
    name, wait_s = admission.refused, admission.wait_s
    if name[:2] in ("d:", "m:"):
        return _budget_refusal(name, wait_s)
    words = {
        "requests": f"{limits.requests_per_minute:,} requests a minute"
        if limits.requests_per_minute is not None
        else "",
        "tokens": f"{limits.tokens_per_minute:,} tokens a minute"
        if limits.tokens_per_minute is not None
        else "",
        "concurrent": f"{limits.concurrent_requests} requests at once",
    }
    return RateLimited(
        f"{_START}: {words[name]}.",
        limit=name,
        retry_after_s=wait_s,
        headers=tuple(headers(admission, limits).items()),
    )


def session_refusal(limit: int, wait_s: int) -> BudgetSpent:
    """Return the error for a session that goes round in circles.

    It is not to be tried again: that is what it does all the time.
    """
    return BudgetSpent(
        f"This session made {limit:,} requests within {SESSION_S // 60} minutes, the "
        f"most this key allows, and is stopped for {wait_s} s. It looks like a loop.",
        limit="session",
        error_code="session_request_limit_reached",
    )


def no_price(model: str) -> Forbidden:
    """Return the error for a model whose cost no budget could hold."""
    return Forbidden(
        f"This key has a budget, and nobody knows the price of {model}. An operator "
        "can add it in admin under Model prices.",
        limit="no_price",
    )


def check_max_tokens(asked: int, most: int, *, least: int) -> None:
    """Raise InvalidRequest for more output than a key may ask for, or for no number.

    Some servers take a number below `least` for no limit at all.
    """
    if asked < least:
        raise InvalidRequest(
            f"max_tokens: an integer from {least} to {most} is required for this key, "
            "in each field that limits the output, and an integer n from 1"
        )
    if asked > most:
        raise InvalidRequest(
            f"max_tokens: {asked} > {most}, which is the maximum allowed number of "
            "output tokens for this key"
        )


def no_max_tokens(most: int) -> InvalidRequest:
    """Return the error for a request without a limit where the key has one."""
    return InvalidRequest(
        f"max_completion_tokens: this key allows {most} output tokens; say how many "
        "you ask for (max_output_tokens in the Responses API)"
    )


def in_background() -> InvalidRequest:
    """Return the error for work nobody here would see the end of."""
    return InvalidRequest(
        "background: this key has limits of tokens or money, and what runs in the "
        "background is counted nowhere. Leave it out, or set it to false."
    )


def other_models(name: str) -> Forbidden:
    """Return the error for a field by which models are asked that the key may not."""
    return Forbidden(
        f"{name}: this key is limited in its models or its money, so the model that is "
        "asked for is the only one that may answer."
    )


def headers(admission: Admission, limits: KeyLimits) -> dict[str, str]:
    """Return how much of each rate is left, in the headers of the API."""
    found: dict[str, str] = {}
    rates = {
        "requests": limits.requests_per_minute,
        "tokens": limits.tokens_per_minute,
    }
    for name, limit in rates.items():
        used = admission.used.get(name)
        if limit is None or used is None:
            continue
        wait_s = admission.wait_s if admission.refused == name else MINUTE_S + 1
        reset = datetime.fromtimestamp(admission.slot + wait_s, UTC)
        start = f"anthropic-ratelimit-{name}"
        found[f"{start}-limit"] = str(limit)
        found[f"{start}-remaining"] = str(max(0, limit - used))
        found[f"{start}-reset"] = f"{reset:%Y-%m-%dT%H:%M:%SZ}"
    return found


def _budget_refusal(name: str, wait_s: int) -> RateLimited:
    kind = "day" if name.startswith("d:") else "month"
    if wait_s:
        return RateLimited(
            f"{_START}: its budget for this {kind} is set aside for requests that "
            "still run.",
            limit=kind,
            retry_after_s=wait_s,
        )
    return BudgetSpent(
        f"{_START}: its budget for this {kind} is spent.",
        limit=kind,
        error_code="enforced_spend_limit_reached",
    )
