"""Requests to the account's own endpoints -> decisions of a kind of their own."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from metrics.identifiers import new_decision_id
from metrics.types import DecisionRecord
from routing.config import ClientKeyConfig
from routing.decision_log import publish
from routing.types import ProviderConfig


class AccountDecision:
    """One request to an account endpoint. Closed once; later calls do nothing.

    It asks no model, so it costs nothing here; what a batch costs is on the provider's
    invoice, and in no report of ours.
    """

    def __init__(
        self, key: ClientKeyConfig, provider: ProviderConfig, endpoint: str
    ) -> None:
        self.id = new_decision_id()
        self._key = key
        self._provider = provider
        self._endpoint = endpoint
        self._started_at = datetime.now(UTC)
        self._started = time.monotonic()
        self._first_byte_ms: int | None = None
        self._closed = False

    def answering(self) -> None:
        """Note that the first byte goes out."""
        self._first_byte_ms = self._elapsed_ms()

    def close(self, *, status: int, aborted: bool = False) -> None:
        """Record it: journal, instruments, log line. Never raises for them."""
        if self._closed:
            return
        self._closed = True
        publish(self._record(status, aborted=aborted))

    def _record(self, status: int, *, aborted: bool) -> DecisionRecord:
        return DecisionRecord(
            decision_id=self.id,
            started_at=self._started_at,
            key_name=self._key.name,
            key_prefix=self._key.prefix,
            tag=self._key.tag,
            rule="",
            requested_model="",
            served_model="",
            draft_model="",
            verifier_model="",
            outcome="account",
            reason="",
            confidence=None,
            threshold=None,
            signals={},
            calls=(),
            cost_nusd=0,
            baseline_nusd=0,
            total_ms=self._elapsed_ms(),
            overhead_us=0,
            first_byte_ms=self._first_byte_ms,
            status=status,
            stream=False,
            aborted=aborted,
            simulated=self._provider.simulated,
            endpoint=self._endpoint,
        )

    def _elapsed_ms(self) -> int:
        return round((time.monotonic() - self._started) * 1000)
