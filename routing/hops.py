"""Who a request has passed: a proxy that meets its own mark is asked by itself.

The mark of an installation is the same in all its workers and hosts, and says nothing
of it. It travels from proxy to proxy in one header.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from functools import cache

from django.conf import settings

from routing.errors import LoopDetected

VARIABLE = "HTTP_CASCADE_HOP"
MAX_HOPS = 8
_MARK = re.compile(r"[0-9a-f]{16}")


def refuse_loop(passed: str) -> None:
    """Raise LoopDetected when `passed`, the header's value, holds our own mark."""
    if not passed:
        return
    marks = _marks(passed)
    if own_mark() in marks:
        raise LoopDetected(
            "This request came from this proxy itself: the base URL of one of its "
            "providers leads back to it. An operator must change it."
        )
    if len(marks) >= MAX_HOPS:
        raise LoopDetected(f"This request has passed {MAX_HOPS} proxies: a loop?")


def onward(passed: str) -> str:
    """Return the header's value for a call that is made for such a request."""
    return ",".join([*_marks(passed), own_mark()]) if passed else own_mark()


def own_mark() -> str:
    """Return the mark of this installation."""
    return _mark_of(settings.CASCADE_KEY_PEPPER)


def _marks(passed: str) -> list[str]:
    words = (word.strip() for word in passed.split(","))
    return [word for word in words if _MARK.fullmatch(word)][:MAX_HOPS]


@cache
def _mark_of(pepper: str) -> str:
    # Under a secret, or anybody could forge requests we refuse for others.
    return hmac.new(pepper.encode(), b"cascade-hop", hashlib.sha256).hexdigest()[:16]
