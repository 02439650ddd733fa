"""What made-up traffic teaches of its drafts: labels, and what they cost.

Of escalations both answers are there. Of accepted drafts a share is drawn, and the
verifier is asked beside them, as shadow evaluation does.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import timedelta

from metrics.baseline import total_cost_nusd
from metrics.identifiers import DECISION_ID_LENGTH, base62
from metrics.price_book import PriceBook
from metrics.pricing import cost_nusd
from metrics.types import CallRecord, DecisionRecord, LabelRecord

SHADOW_SHARE = 0.05
# How much surer of drafts one may be than their confidence says.
_MILDNESS = 0.2
_AFTER = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What was found of a draft; `shadow` is what it cost, None where it was free."""

    label: LabelRecord
    shadow: DecisionRecord | None = None


def check(record: DecisionRecord, *, seed: int, prices: PriceBook) -> Check | None:
    """Return what was found of the draft of `record`; None where nothing was."""
    chance = random.Random(f"{seed} {record.decision_id}")  # noqa: S311  no secrets
    if record.confidence is None:
        return None
    doubt = 1 - record.confidence
    if record.outcome == "escalated":
        worse = chance.random() < doubt
        return Check(label=_label(record, worse=worse, probability=1.0))
    if record.outcome != "accepted" or chance.random() >= SHADOW_SHARE:
        return None
    worse = chance.random() < _MILDNESS * doubt
    return Check(
        label=_label(record, worse=worse, probability=SHADOW_SHARE),
        shadow=_shadow(record, chance, prices),
    )


def _label(record: DecisionRecord, *, worse: bool, probability: float) -> LabelRecord:
    return LabelRecord(
        decision_id=record.decision_id,
        source="agreement",
        by=record.verifier_model,
        worse=worse,
        at=record.started_at + _AFTER,
        probability=probability,
    )


def _shadow(
    record: DecisionRecord, chance: random.Random, prices: PriceBook
) -> DecisionRecord:
    """The verifier's answer to what the draft of `record` has answered."""
    call = _asked(record.calls[-1], record, prices)
    cost = total_cost_nusd((call,))
    started_at = record.started_at + timedelta(milliseconds=record.total_ms)
    number = int(started_at.timestamp() * 1000) << 80 | chance.getrandbits(80)
    return replace(
        record,
        decision_id=base62(number, DECISION_ID_LENGTH),
        about=record.decision_id,
        started_at=started_at,
        outcome="shadow",
        served_model="",
        reason="",
        confidence=None,
        signals={},
        calls=(call,),
        cost_nusd=cost,
        baseline_nusd=None if cost is None else 0,
        baseline_basis="none",
        estimate_nusd=record.baseline_nusd,
        total_ms=call.duration_ms,
        overhead_us=0,
        first_byte_ms=None,
    )


def _asked(draft: CallRecord, record: DecisionRecord, prices: PriceBook) -> CallRecord:
    usage, price, cost = draft.usage, None, None
    if usage is not None:
        price = prices.price_for(
            draft.provider,
            record.verifier_model,
            at=record.started_at,
            prompt_tokens=usage.prompt_tokens,
        )
        cost = cost_nusd(usage, price) if price else None
    return replace(
        draft, role="shadow", model=record.verifier_model, price=price, cost_nusd=cost
    )
