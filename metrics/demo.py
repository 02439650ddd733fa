"""Days of plausible traffic, the same for the same seed: made up, and so marked.

A decision of the demo has the identifier that its day, place and seed give it, so that
making it again adds nothing. Prices and baselines are those of real accounting.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from metrics import demo_judging as judging
from metrics.baseline import Baseline, baseline_of, total_cost_nusd
from metrics.caching import NOTHING_CACHED
from metrics.demo_streams import STREAMS, Stream
from metrics.identifiers import DECISION_ID_LENGTH, base62
from metrics.price_book import PriceBook
from metrics.pricing import cost_nusd
from metrics.stakes import Stakes
from metrics.types import CallRecord, DecisionRecord, OutcomeKind, Price, Usage

PROVIDER = "simulator"
WEEKEND_SHARE = 0.25
BAD_DAY_SHARE = 0.07
# Share of a day's requests in each hour (UTC): an office with some night work.
HOURS = (1, 1, 1, 1, 1, 2, 3, 5, 9, 10, 10, 9, 7, 9, 10, 10, 9, 7, 5, 4, 3, 2, 2, 1)
NOT_ELIGIBLE = ("not_eligible:tool_loop_of_verifier", "not_eligible:prefill")
Ending = Literal["accepted", "escalated", "not_eligible", "aborted", "error"]
ENDINGS: tuple[Ending, ...] = (
    "accepted",
    "escalated",
    "not_eligible",
    "aborted",
    "error",
)


def traffic(
    *, days: int, per_day: int, seed: int, now: datetime, prices: PriceBook
) -> Iterator[DecisionRecord]:
    """Yield the decisions of the `days` before `now`, today's among them, by day.

    `per_day` is what a working day brings on average.
    """
    today = now.astimezone(UTC).date()
    for age in reversed(range(days)):
        day = today - timedelta(days=age)
        for record in _Day(day, seed, prices).records(per_day):
            if record.started_at <= now:
                yield record


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What happens to one request, before it is priced."""

    stream: Stream
    ending: Ending
    reason: str
    started_at: datetime

    @property
    def judged(self) -> bool:
        """Whether a draft came back and was looked at."""
        without_draft = ("draft_error", "draft_timeout")
        return (
            self.ending in ("accepted", "escalated")
            and self.reason not in without_draft
        )

    @property
    def outcome(self) -> OutcomeKind:
        """The outcome as it is recorded."""
        if self.ending == "accepted" or self.ending == "escalated":
            return self.ending
        return "pass_through"

    @property
    def status(self) -> int:
        """What the client saw: 499 when it had left."""
        return {"aborted": 499, "error": 529}.get(self.ending, 200)

    @property
    def served_model(self) -> str:
        """Who answered; "" when nobody did."""
        if self.ending in ("aborted", "error"):
            return ""
        accepted = self.ending == "accepted"
        return self.stream.draft if accepted else self.stream.verifier


class _Day:
    """One day of traffic; its random numbers depend on seed and date alone."""

    def __init__(self, day: date, seed: int, prices: PriceBook) -> None:
        self._day = day
        self._random = random.Random(f"{seed} {day}")  # noqa: S311  not for secrets
        self._prices = prices
        # On such a day no draft is any good, and all of them are paid for nothing.
        self._bad = self._random.random() < BAD_DAY_SHARE

    def records(self, per_day: int) -> Iterator[DecisionRecord]:
        """Yield the day's decisions in no order of time."""
        share = WEEKEND_SHARE if self._day.weekday() >= 5 else 1.0
        for _ in range(round(per_day * share * self._random.uniform(0.8, 1.2))):
            yield self._record(self._request())

    def _request(self) -> Request:
        stream = self._random.choices(STREAMS, [s.weight for s in STREAMS])[0]
        weights = stream.endings
        if self._bad and stream.rule:
            weights = (0, weights[0] + weights[1], *weights[2:])
        ending = self._random.choices(ENDINGS, weights)[0]
        return Request(
            stream=stream,
            ending=ending,
            reason=self._reason(stream, ending),
            started_at=self._moment(),
        )

    def _record(self, request: Request) -> DecisionRecord:
        stream, calls = request.stream, self._calls(request)
        alone = self._baseline(request, calls)
        confidence = None
        if request.judged:
            confidence = judging.confidence(request.reason, self._random)
        own_us = int(self._random.lognormvariate(6.9, 0.35))
        total_ms = sum(call.duration_ms for call in calls) + own_us // 1000
        return DecisionRecord(
            decision_id=self._identifier(request.started_at),
            started_at=request.started_at,
            key_name=stream.key,
            key_prefix=f"cp_live_{stream.key}"[:12],
            tag=stream.tag,
            rule=stream.rule,
            requested_model=stream.verifier,
            served_model=request.served_model,
            draft_model=stream.draft,
            verifier_model=stream.verifier,
            outcome=request.outcome,
            reason=request.reason,
            confidence=confidence,
            threshold=judging.THRESHOLD if stream.rule else None,
            signals=judging.signals(request.reason, confidence),
            calls=calls,
            cost_nusd=total_cost_nusd(calls),
            baseline_nusd=alone.nusd,
            baseline_basis=alone.basis,
            estimate_nusd=self._estimate(request, calls),
            total_ms=total_ms,
            overhead_us=own_us,
            first_byte_ms=_first_byte_ms(request, calls, own_us),
            status=request.status,
            stream=self._random.random() < 0.6,
            aborted=request.ending == "aborted",
            simulated=True,
        )

    def _moment(self) -> datetime:
        hour = self._random.choices(range(24), HOURS)[0]
        start = datetime.combine(self._day, time(hour), UTC)
        return start + timedelta(milliseconds=self._random.randrange(3_600_000))

    def _identifier(self, started_at: datetime) -> str:
        milliseconds = int(started_at.timestamp() * 1000)
        number = milliseconds << 80 | self._random.getrandbits(80)
        return base62(number, DECISION_ID_LENGTH)

    def _reason(self, stream: Stream, ending: Ending) -> str:
        if ending == "not_eligible" and stream.rule:
            return self._random.choice(NOT_ELIGIBLE)
        if ending != "escalated":
            return ""
        reasons, weights = zip(*judging.REASONS, strict=True)
        return str(self._random.choices(reasons, weights)[0])

    def _calls(self, request: Request) -> tuple[CallRecord, ...]:
        """The draft where one was asked, the verifier where it was."""
        usage = self._usage(request.stream)
        calls = []
        if request.outcome != "pass_through":
            calls.append(self._draft(request, usage))
        if request.outcome != "accepted":
            calls.append(self._verifier(request, usage))
        return tuple(calls)

    def _usage(self, stream: Stream) -> Usage:
        prompt = self._random.randint(*stream.prompt_tokens)
        cached = int(prompt * stream.cached_share * self._random.uniform(0.6, 1))
        written = (prompt - cached) // 2 if stream.cached_share else 0
        return Usage(
            input_tokens=prompt - cached - written,
            output_tokens=self._random.randint(*stream.output_tokens),
            cache_read_tokens=cached,
            cache_write_5m_tokens=written,
        )

    def _draft(self, request: Request, usage: Usage) -> CallRecord:
        if request.reason == "draft_error":
            return self._call(request, "draft", usage=None, status=529)
        if request.reason == "draft_timeout":
            return self._call(request, "draft", usage=None, status=None)
        return self._call(request, "draft", usage=usage, status=200)

    def _verifier(self, request: Request, usage: Usage) -> CallRecord:
        if request.ending == "error":
            return self._call(request, "verifier", usage=None, status=529)
        share = self._random.uniform(0.8, 1.4)
        if request.ending == "aborted":
            share = self._random.uniform(0, 0.5)
        answer = replace(usage, output_tokens=int(usage.output_tokens * share))
        return self._call(request, "verifier", usage=answer, status=200)

    def _call(
        self,
        request: Request,
        role: Literal["draft", "verifier"],
        *,
        usage: Usage | None,
        status: int | None,
    ) -> CallRecord:
        stream = request.stream
        model = stream.draft if role == "draft" else stream.verifier
        price = self._price(model, usage, request.started_at) if usage else None
        return CallRecord(
            role=role,
            provider=PROVIDER,
            model=model,
            status=status,
            usage=usage,
            price=price,
            cost_nusd=_cost_nusd(usage, price),
            duration_ms=self._duration_ms(role, usage, status),
        )

    def _duration_ms(self, role: str, usage: Usage | None, status: int | None) -> int:
        if usage is None:
            return 60_000 if status is None else 180
        per_token_ms = 5 if role == "draft" else 14
        pace = self._random.uniform(0.7, 1.6)
        return int(300 + usage.output_tokens * per_token_ms * pace)

    def _baseline(self, request: Request, calls: tuple[CallRecord, ...]) -> Baseline:
        def price_of(usage: Usage, /) -> Price | None:
            return self._price(request.stream.verifier, usage, request.started_at)

        stakes = Stakes(verifier_price=price_of)
        return baseline_of(calls, stakes, NOTHING_CACHED)

    def _estimate(self, request: Request, calls: tuple[CallRecord, ...]) -> int | None:
        """What the baseline would have been taken for, had the draft been accepted."""
        if request.outcome != "escalated" or calls[0].usage is None:
            return None
        return self._baseline(request, calls[:1]).nusd

    def _price(self, model: str, usage: Usage, at: datetime) -> Price | None:
        tokens = usage.prompt_tokens
        return self._prices.price_for(PROVIDER, model, at=at, prompt_tokens=tokens)


def _first_byte_ms(
    request: Request, calls: tuple[CallRecord, ...], own_us: int
) -> int | None:
    """A draft answers when it is whole, a verifier as it writes."""
    if request.status >= 400:
        return None
    *before, last = (call.duration_ms for call in calls)
    waited = last if request.outcome == "accepted" else last // 3
    return sum(before) + waited + own_us // 1000


def _cost_nusd(usage: Usage | None, price: Price | None) -> int | None:
    if usage is None:
        return 0
    return cost_nusd(usage, price) if price else None
