"""What a store can do, and the store that never lets its caller down."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from metrics import instruments

logger = logging.getLogger(__name__)
T = TypeVar("T")

# What is away is not asked again for so long: an absent store must not cost a timeout
# for every request.
PAUSE_S = 1.0
LOG_EVERY_S = 60.0


class StoreError(Exception):
    """The store is away, locked, full or damaged."""


class Store(Protocol):
    """Small values that end by themselves, shared by every worker.

    Keys are ours, values too: nothing here was written by a client. An entry lives for
    `ttl_s` seconds at most, less when the store runs out of room.
    """

    def get(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the values that are there, by key. One round trip."""

    def put(self, entries: Mapping[str, bytes], *, ttl_s: float) -> None:
        """Write `entries` over what is there. One round trip."""

    def count(self, key: str, *, ttl_s: float) -> int:
        """Return how often `key` was counted, this time too; 0 when that failed.

        The first count begins the time after which it starts anew. Read by `get` it is
        its decimal digits.
        """

    def claim(self, key: str, value: bytes = b"1", *, ttl_s: float) -> bool:
        """Write `value` if nothing is there; whether it was written comes back."""

    def delete(self, *keys: str) -> None:
        """Forget `keys`; those that are not there do not matter."""

    def items(self, prefix: str) -> dict[str, bytes]:
        """Return all entries whose keys begin with `prefix`.

        Cost: with Redis a walk over all its keys, 0.2 s for 100,000. For pages and
        Prometheus, not for requests.
        """

    def close(self) -> None:
        """Let go of connections. The next use opens them again."""


class CalmStore:
    """A store in front of `backend`, whose StoreErrors end here.

    After one nothing is read or written for a second; then it is tried again.
    """

    def __init__(
        self, backend: Store, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._backend = backend
        self._clock = clock
        self._again_at = float("-inf")
        self._log_again_at = float("-inf")

    def get(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the values that are there; none when the store is away."""
        return self._try(lambda: self._backend.get(keys), otherwise={})

    def put(self, entries: Mapping[str, bytes], *, ttl_s: float) -> None:
        """Write `entries`, if that can be done."""
        self._try(lambda: self._backend.put(entries, ttl_s=ttl_s), otherwise=None)

    def count(self, key: str, *, ttl_s: float) -> int:
        """Return how often `key` was counted; 0 when the store is away."""
        return self._try(lambda: self._backend.count(key, ttl_s=ttl_s), otherwise=0)

    def claim(self, key: str, value: bytes = b"1", *, ttl_s: float) -> bool:
        """Return whether `value` was written; False when the store is away."""
        return self._try(
            lambda: self._backend.claim(key, value, ttl_s=ttl_s), otherwise=False
        )

    def delete(self, *keys: str) -> None:
        """Forget `keys`, if that can be done."""
        self._try(lambda: self._backend.delete(*keys), otherwise=None)

    def items(self, prefix: str) -> dict[str, bytes]:
        """Return the entries under `prefix`; none when the store is away."""
        return self._try(lambda: self._backend.items(prefix), otherwise={})

    def close(self) -> None:
        """Let go of connections."""
        self._backend.close()

    def _try(self, ask: Callable[[], T], *, otherwise: T) -> T:
        if self._clock() < self._again_at:
            return otherwise
        try:
            return ask()
        except StoreError as problem:
            self._pause(problem)
            return otherwise

    def _pause(self, problem: StoreError) -> None:
        """Count a failure; log the first, then at most one line a minute."""
        instruments.count(instruments.STATE_ERRORS)
        now = self._clock()
        self._again_at = now + PAUSE_S
        if now >= self._log_again_at:
            self._log_again_at = now + LOG_EVERY_S
            logger.warning(
                "The state shared by workers is away, requests go on without: %s",
                problem,
            )


def wall_clock() -> float:
    """Return the seconds since 1970, which processes and hosts agree on."""
    return datetime.now(UTC).timestamp()
