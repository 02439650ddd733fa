"""Outcome -> DecisionRecord, handed to the recorder; and the log line for people."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from metrics import baseline, instruments, pricing, recorder
from metrics.identifiers import new_decision_id, new_request_id
from metrics.stakes import Stakes
from metrics.types import CallRecord, DecisionRecord, Price, Usage
from routing.config import ClientKeyConfig, Snapshot
from routing.decision_words import in_words, log_fields
from routing.outcome import Outcome
from routing.types import Call, CascadePlan, ChatRequest, Target
from routing.verdicts import Verdict

logger = logging.getLogger(__name__)


class Decision:
    """One request from its arrival to its row. Closed once; later calls do nothing.

    `record` is what was recorded, None until then. `request_id` is that of an error of
    our own. `key_id` is None without a client key.
    """

    def __init__(self, key: ClientKeyConfig, snapshot: Snapshot) -> None:
        self.id = new_decision_id()
        self.request_id = new_request_id()
        self.key_id = key.id
        self.tag = key.tag
        self._key = key
        self.snapshot = snapshot
        self._started_at = datetime.now(UTC)
        self._started = time.monotonic()
        self._first_byte_s: float | None = None
        self._overhead_s: float | None = None
        self.record: DecisionRecord | None = None
        # Told what the decision came to, before the last byte goes out.
        self.on_closed: Callable[[DecisionRecord], None] | None = None

    def answering(self, *, upstream_ms: float) -> None:
        """Note that the first byte goes out; `upstream_ms` of the time was not ours."""
        if self._first_byte_s is None:
            self._first_byte_s = time.monotonic() - self._started
            self._overhead_s = self._own_time_s(upstream_ms)

    def close(
        self,
        request: ChatRequest,
        outcome: Outcome,
        *,
        status: int,
        calls: tuple[Call, ...],
        aborted: bool = False,
    ) -> None:
        """Record the decision: journal, instruments, log line. Never raises for them.

        `calls` are all calls the request caused, the last of them ended by now.
        """
        if self.record is not None:
            return
        upstream_ms = sum(call.duration_ms for call in calls)
        if not aborted:
            self.answering(upstream_ms=upstream_ms)
        elif self._overhead_s is None:
            self._overhead_s = self._own_time_s(upstream_ms)
        record = self.record = self._record(request, outcome, status, calls, aborted)
        publish(record, self.request_id)
        if self.on_closed is not None:
            self.on_closed(record)

    def _record(
        self,
        request: ChatRequest,
        outcome: Outcome,
        status: int,
        calls: tuple[Call, ...],
        aborted: bool,  # noqa: FBT001  private, and named at its only call
    ) -> DecisionRecord:
        plan, verdict = outcome.plan, outcome.verdict
        stakes, caches = self._stakes(plan), outcome.recalled.caches
        each = (self._priced(call, request) for call in calls)
        priced = baseline.with_spares(tuple(each), stakes, caches)
        alone = baseline.baseline_of(priced, stakes, caches)
        answered = outcome.error is None and not outcome.gone
        return DecisionRecord(
            decision_id=self.id,
            started_at=self._started_at,
            key_name=self._key.name,
            key_prefix=self._key.prefix,
            tag=self._key.tag,
            rule=plan.rule.name if plan.rule else "",
            requested_model=request.model,
            served_model=outcome.served.model if answered else "",
            draft_model=plan.draft.model if plan.draft else "",
            verifier_model=plan.verifier.model,
            outcome=outcome.kind,
            reason=outcome.reason,
            confidence=verdict.confidence if verdict else None,
            threshold=plan.rule.threshold if plan.rule else None,
            signals={s.name: s.value for s in verdict.signals} if verdict else {},
            calls=priced,
            cost_nusd=baseline.total_cost_nusd(priced),
            baseline_nusd=alone.nusd,
            total_ms=round((time.monotonic() - self._started) * 1000),
            overhead_us=round((self._overhead_s or 0.0) * 1_000_000),
            first_byte_ms=self._first_byte_ms(),
            status=status,
            stream=request.stream,
            aborted=aborted,
            simulated=self._is_simulated(calls),
            repeat=outcome.recalled.repeat,
            baseline_basis=alone.basis,
            estimate_nusd=None
            if any(call.cut_off for call in calls if call.role == "draft")
            else baseline.estimate_nusd(priced, stakes, caches),
        )

    def beside(
        self,
        request: ChatRequest,
        plan: CascadePlan,
        calls: tuple[Call, ...],
        *,
        verdict: Verdict | None = None,
        reason: str = "",
    ) -> None:
        """Record what was asked after this decision, to learn from it: a shadow.

        Its cost is the rule's, its saving negative: nobody was answered by it.
        """
        priced = tuple(self._priced(call, request) for call in calls)
        cost_nusd = baseline.total_cost_nusd(priced)
        publish(
            DecisionRecord(
                decision_id=new_decision_id(),
                about=self.id,
                started_at=datetime.now(UTC),
                key_name=self._key.name,
                key_prefix=self._key.prefix,
                tag=self._key.tag,
                rule=plan.rule.name if plan.rule else "",
                requested_model=request.model,
                served_model="",
                draft_model=plan.draft.model if plan.draft else "",
                verifier_model=plan.verifier.model,
                outcome="shadow",
                reason=reason,
                confidence=verdict.confidence if verdict else None,
                threshold=plan.rule.threshold if plan.rule else None,
                signals={s.name: s.value for s in verdict.signals} if verdict else {},
                calls=priced,
                cost_nusd=cost_nusd,
                baseline_nusd=None if cost_nusd is None else 0,
                total_ms=round(sum(call.duration_ms for call in calls)),
                overhead_us=0,
                first_byte_ms=None,
                status=200,
                stream=request.stream,
                aborted=False,
                simulated=self._is_simulated(calls),
                baseline_basis="none",
                estimate_nusd=self.record.baseline_nusd if self.record else None,
            )
        )

    def _is_simulated(self, calls: tuple[Call, ...]) -> bool:
        """Whether no real money was touched; without a call, whether there is any."""
        if not calls:
            return self.snapshot.simulated
        return any(call.target.provider.simulated for call in calls)

    def _own_time_s(self, upstream_ms: float) -> float:
        return max(time.monotonic() - self._started - upstream_ms / 1000, 0.0)

    def _first_byte_ms(self) -> int | None:
        if self._first_byte_s is None:
            return None
        return round(self._first_byte_s * 1000)

    def _stakes(self, plan: CascadePlan) -> Stakes:
        """What is at stake, at the prices of the moment the request came."""
        price_of = partial(self._price, plan.verifier)
        return dataclasses.replace(plan.stakes, verifier_price=price_of)

    def _priced(self, call: Call, request: ChatRequest) -> CallRecord:
        """The call at its price; what was not bought, a search, is not copied."""
        usage = _as_asked(call.usage, request)
        price = self._price(call.target, usage) if usage else None
        if price and usage and not usage.web_searches:
            price = dataclasses.replace(price, web_search_nusd=None)
        return CallRecord(
            role=call.role,
            provider=call.target.provider.name,
            model=call.target.model,
            status=call.status,
            usage=usage,
            price=price,
            cost_nusd=_cost_nusd(call, usage, price),
            duration_ms=round(call.duration_ms),
        )

    def _price(self, target: Target, usage: Usage) -> Price | None:
        return self.snapshot.prices.price_for(
            target.provider.kind,
            target.model,
            at=self._started_at,
            prompt_tokens=usage.prompt_tokens,
            tariff=usage.tariff,
        )


def publish(record: DecisionRecord, request_id: str = "") -> None:
    """Hand `record` to the journal, the instruments and the log. Never raises.

    `request_id` is that of an error of our own.
    """
    recorder.record(record)
    instruments.observe(record)
    _log(record, request_id)


def _as_asked(usage: Usage | None, request: ChatRequest) -> Usage | None:
    """Who asked to be answered fast may be billed for it, told so or not."""
    asked = bytes(request.fields.get("speed", b""))
    if usage is None or asked != b'"fast"' or "fast" in usage.tariff:
        return usage
    return dataclasses.replace(usage, unpriced=usage.unpriced or "speed")


def _cost_nusd(call: Call, usage: Usage | None, price: Price | None) -> int | None:
    if usage is None:
        return None if call.cut_off or call.status == 200 else 0
    return pricing.cost_nusd(usage, price) if price else None


def _log(record: DecisionRecord, request_id: str) -> None:
    if logger.isEnabledFor(logging.INFO):
        message = f"{record.requested_model or record.endpoint}: {in_words(record)}"
        logger.info(
            "%s",
            message,
            extra={"fields": {"request_id": request_id, **log_fields(record)}},
        )
