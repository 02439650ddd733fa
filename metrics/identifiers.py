"""Identifiers: random, compact, safe in headers, URLs and file names."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
DECISION_ID_LENGTH = 22


def base62(number: int, width: int) -> str:
    """Return `number` in base 62, left-padded with 0; the order of numbers is kept."""
    digits = []
    for _ in range(width):
        number, digit = divmod(number, 62)
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))


def new_decision_id() -> str:
    """Return 22 characters: 48 bits of Unix milliseconds, then 80 random bits.

    Identifiers sort by the moment they were made in, to the millisecond.
    """
    milliseconds = int(datetime.now(UTC).timestamp() * 1000)
    return base62(milliseconds << 80 | secrets.randbits(80), DECISION_ID_LENGTH)


def new_request_id() -> str:
    """Return an identifier like those Anthropic gives: `req_` and 24 characters."""
    return "req_" + base62(secrets.randbits(140), 24)


def is_decision_id(text: str) -> bool:
    """Return whether `text` may be the id of a decision.

    What may not is never asked for: not every database takes any text.
    """
    return len(text) == DECISION_ID_LENGTH and text.isascii() and text.isalnum()
