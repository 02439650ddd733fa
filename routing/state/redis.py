"""The store of several hosts: Redis, or what speaks its language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from routing.state.base import StoreError

PREFIX = "cascadeproxy:"
TIMEOUT_S = 0.2
# A request holds one for a fraction of a millisecond.
MAX_CONNECTIONS = 16
# Redis does nothing else while it looks at so many keys: for a millisecond or two.
SCAN_STEP = 1000


class RedisStore:
    """Entries under `PREFIX` in the Redis at `url`. Safe for threads and greenlets.

    Every method raises StoreError when Redis does not answer in time. Redis ends
    entries by its own clock and bounds them by its own `maxmemory`. Raises ValueError
    for a `url` that is none of Redis.
    """

    def __init__(self, url: str, *, timeout_s: float = TIMEOUT_S) -> None:
        # A connection Redis closed meanwhile is opened anew; slowness is no reason to
        # wait twice.
        retry: Retry = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
        pool = redis.BlockingConnectionPool.from_url(
            url,
            max_connections=MAX_CONNECTIONS,
            timeout=timeout_s,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            retry=retry,
        )
        self._redis = redis.Redis.from_pool(pool)
        self._scripts: dict[str, Any] = {}

    def get(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the values that are there, by key."""
        with _translated():
            values = self._redis.mget([PREFIX + key for key in keys])
        return _found(keys, values)

    def put(self, entries: Mapping[str, bytes], *, ttl_s: float) -> None:
        """Write `entries` over what is there, all or none."""
        with _translated(), self._redis.pipeline() as pipeline:
            for key, value in entries.items():
                pipeline.set(PREFIX + key, value, px=_ms(ttl_s))
            pipeline.execute()

    def count(self, key: str, *, ttl_s: float) -> int:
        """Return how often `key` was counted, this time too."""
        with _translated(), self._redis.pipeline() as pipeline:
            pipeline.set(PREFIX + key, b"0", px=_ms(ttl_s), nx=True)
            pipeline.incr(PREFIX + key)
            return int(pipeline.execute()[1])

    def claim(self, key: str, value: bytes = b"1", *, ttl_s: float) -> bool:
        """Write `value` if nothing is there; whether it was written comes back."""
        with _translated():
            return bool(self._redis.set(PREFIX + key, value, px=_ms(ttl_s), nx=True))

    def delete(self, *keys: str) -> None:
        """Forget `keys`."""
        with _translated():
            self._redis.delete(*(PREFIX + key for key in keys))

    def items(self, prefix: str) -> dict[str, bytes]:
        """Return all entries whose keys begin with `prefix`; it has no `*?[` in it."""
        with _translated():
            found = self._redis.scan_iter(match=f"{PREFIX}{prefix}*", count=SCAN_STEP)
            keys = [key.decode().removeprefix(PREFIX) for key in found]
        return self.get(keys) if keys else {}

    def run(self, script: str, key: str, *words: str | int) -> Any:
        """Return what `script`, in Lua, says of `key` and `words`. One round trip."""
        with _translated():
            return self._script(script)(keys=[PREFIX + key], args=words)

    def integers(self, key: str) -> dict[str, int]:
        """Return the hash of integers at `key`; {} when there is none."""
        with _translated():
            found: Any = self._redis.hgetall(PREFIX + key)
        return {name.decode(): int(value) for name, value in found.items()}

    def _script(self, script: str) -> Any:
        if script not in self._scripts:
            self._scripts[script] = self._redis.register_script(script)
        return self._scripts[script]

    def close(self) -> None:
        """Close the connections. The next use opens others."""
        self._redis.connection_pool.disconnect()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (redis.RedisError, OSError) as problem:
        raise StoreError(f"Redis: {problem}") from problem


def _found(keys: Sequence[str], values: Sequence[object]) -> dict[str, bytes]:
    pairs = zip(keys, values, strict=True)
    return {key: value for key, value in pairs if isinstance(value, bytes)}


def _ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))
