"""Which fault a request gets: by header, by a mark in its prompt, or for all requests.

A fault is written `[tier:]name[=value]`, several with commas; the first whose tier is
the model's own is taken.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from routing.simulator.disturb import EVENT_FAULTS, REPLY_FAULTS
from routing.simulator.failures import FAILURES
from routing.simulator.values import Ask, Rejected, Tier

HEADER = "x-simulate"
_MARK = re.compile(r"\[\[fault:([^\]]*)\]\]")
_TIERS: Mapping[str, Tier] = {
    "draft": "low",
    "low": "low",
    "mid": "mid",
    "high": "high",
    "verifier": "high",
}
_ERRORS: Mapping[str, tuple[int, str, str]] = {
    "unauthorized": (401, "authentication_error", "invalid x-api-key"),
    "forbidden": (403, "permission_error", "Your key may not use this model."),
    "not_found": (404, "not_found_error", "model: not found"),
    "rate_limited": (429, "rate_limit_error", "Number of requests exceeded."),
    "error": (500, "api_error", "Internal server error"),
    "overloaded": (529, "overloaded_error", "Overloaded"),
    "prompt_too_long": (
        400,
        "invalid_request_error",
        "prompt is too long: 1000001 tokens > 1000000 maximum",
    ),
}
_STATUS_TYPES: Mapping[int, str] = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_OTHERS = frozenset({"html_error", "wrong_content_type", "huge_event"})
NAMES = frozenset({*_ERRORS, *_OTHERS, *FAILURES, *EVENT_FAULTS, *REPLY_FAULTS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault and whom it strikes. `value` None leaves the fault's own default."""

    name: str
    value: float | None = None
    tier: Tier | None = None


NO_FAULT = Fault(name="")


def parse_faults(text: str) -> tuple[Fault, ...]:
    """Return the faults that `text` names; none for an empty text.

    Raises:
        ValueError: an unknown fault or tier, or a value that is no number from 0 on.
    """
    return tuple(_parse(part.strip()) for part in text.split(",") if part.strip())


def fault_for(ask: Ask, header: str, default: str) -> Fault:
    """Return the fault of this request: the header's, the prompt's, the default, none.

    Raises:
        Rejected: the request names a fault that does not exist.
    """
    marked = ",".join(_MARK.findall(ask.prompt))
    for source in (header, marked, default):
        for fault in _parsed_or_rejected(source):
            if fault.tier in (None, ask.tier):
                return fault
    return NO_FAULT


def error_of(fault: Fault) -> Rejected | None:
    """Return the error that `fault` answers with; None when it is not that kind."""
    if fault.name not in _ERRORS:
        return None
    status, error_type, message = _ERRORS[fault.name]
    if fault.name == "error" and fault.value is not None:
        status = int(fault.value)
        error_type = _STATUS_TYPES.get(status, "api_error")
    if fault.name != "rate_limited":
        return Rejected(status, error_type, message)
    wait_s = 1 if fault.value is None else fault.value
    return Rejected(status, error_type, message, (("retry-after", f"{wait_s:g}"),))


def _parsed_or_rejected(source: str) -> tuple[Fault, ...]:
    try:
        return parse_faults(source)
    except ValueError as error:
        raise Rejected(400, "invalid_request_error", str(error)) from error


def _parse(text: str) -> Fault:
    tier_name, colon, rest = text.rpartition(":")
    name, equals, value = rest.partition("=")
    if name not in NAMES:
        raise ValueError(
            f"no fault named {name!r}; there are {', '.join(sorted(NAMES))}"
        )
    if colon and tier_name not in _TIERS:
        raise ValueError(f"no tier named {tier_name!r}; there are {', '.join(_TIERS)}")
    number = float(value) if equals else None
    if number is not None and not 0 <= number < float("inf"):
        raise ValueError(f"the value of {name} is not negative")
    if name == "error" and number is not None and not 400 <= number <= 599:
        raise ValueError("the value of error is a status from 400 to 599")
    tier = _TIERS[tier_name] if colon else None
    return Fault(name=name, value=number, tier=tier)
