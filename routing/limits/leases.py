"""What a request holds while it runs, kept alive as long as somebody holds it."""

from __future__ import annotations

import threading
import time
from weakref import WeakSet

from routing.limits.ledger import LEASE_S, RENEW_EVERY_S, CalmLedger
from routing.limits.terms import Held, Settlement


class Lease:
    """A request's hold on its key's limits. Settled once; later calls do nothing."""

    def __init__(self, key: str, held: Held, ledger: CalmLedger) -> None:
        self.key = key
        self.held = held
        self.ledger = ledger
        self._open = True

    @property
    def running(self) -> bool:
        """Whether it holds anything that must not end meanwhile."""
        return self._open and bool(self.held.lease)

    def settle(self, settlement: Settlement) -> None:
        """Tell what it came to, and let go."""
        if self._open:
            self._open = False
            self.ledger.settle(self.key, settlement)

    def cancel(self) -> None:
        """Let go of a request that never came to anything."""
        self.settle(Settlement(lease=self.held.lease, purse=self.held.purse))


class Renewer:
    """Renews what runs in this process from a thread (under gevent, a greenlet).

    Leases are held weakly: one whose request is gone, however that came, ends.
    """

    def __init__(self, *, every_s: float = RENEW_EVERY_S) -> None:
        self._every_s = every_s
        self._lock = threading.Lock()
        self._leases: WeakSet[Lease] = WeakSet()
        self._started = False

    def watch(self, lease: Lease) -> None:
        """Keep `lease` alive until it is settled."""
        with self._lock:
            self._leases.add(lease)
            if not self._started:
                self._started = True
                threading.Thread(
                    target=self._renew_for_ever, name="leases", daemon=True
                ).start()

    def forget(self, lease: Lease) -> None:
        """Let `lease` end."""
        with self._lock:
            self._leases.discard(lease)

    def renew(self, ledger: CalmLedger) -> None:
        """Renew all that run, key by key."""
        with self._lock:
            running = [lease for lease in self._leases if lease.running]
        by_key: dict[str, list[Held]] = {}
        for lease in running:
            by_key.setdefault(lease.key, []).append(lease.held)
        for key, held in by_key.items():
            ledger.renew(key, held, LEASE_S)

    def _renew_for_ever(self) -> None:
        while True:
            time.sleep(self._every_s)
            with self._lock:
                lease = next(iter(self._leases), None)
            if lease is not None:
                self.renew(lease.ledger)
            lease = None  # or this thread would keep it alive
