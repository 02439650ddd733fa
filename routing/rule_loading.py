"""Rows of rules -> rules as the hot path reads them."""

from __future__ import annotations

from typing import Any, cast

from routing.config import (
    DecidingConfig,
    Pattern,
    RuleConditions,
    RuleConfig,
    RuleMode,
    Streaming,
    Subagents,
    Tools,
)
from routing.models import CascadeRule
from routing.quality.knowledge import OnLapse
from routing.rule_terms import (
    Latency,
    OnVerifierError,
    ResponseModel,
    RuleTerms,
    ShadowTerms,
)
from routing.types import When
from routing.validators import header_lines


def load() -> tuple[RuleConfig, ...]:
    """Return the enabled rules in the order in which they are looked at."""
    rows = sorted(CascadeRule.objects.filter(enabled=True), key=_rank)
    return tuple(rule_config(row) for row in rows)


def _rank(row: CascadeRule) -> tuple[Any, ...]:
    exact, literal = Pattern(row.request_model).specificity
    for_all = (
        row.client_key_id is None,
        not row.tag,
        _conditions(row) == RuleConditions(),
    )
    return (row.priority, not exact, -literal, *for_all, row.name)


def rule_config(row: CascadeRule) -> RuleConfig:
    """Return the rule of `row` as the hot path reads it."""
    return RuleConfig(
        pattern=Pattern(row.request_model),
        draft_model=row.draft_model,
        verifier_model=row.verifier_model,
        client_key_id=row.client_key_id,
        tag=row.tag,
        terms=RuleTerms(
            name=row.name,
            threshold=row.threshold,
            prior=row.prior,
            draft_timeout_s=row.draft_timeout_s,
            latency=cast(Latency, row.latency),
            slow_draft_s=row.slow_draft_s,
            on_verifier_error=cast(OnVerifierError, row.on_verifier_error),
            response_model=cast(ResponseModel, row.response_model),
            clamp_max_tokens=row.clamp_max_tokens,
            text_share=row.text_share,
            shadow=_shadow(row),
        ),
        fallback_model=row.fallback_model,
        conditions=_conditions(row),
        economics=row.economics,
        deciding=_deciding(row),
    )


def _conditions(row: CascadeRule) -> RuleConditions:
    return RuleConditions(
        tools=cast(Tools, row.tools),
        streaming=cast(Streaming, row.streaming),
        subagents=cast(Subagents, row.subagents),
        min_prompt_tokens=row.min_prompt_tokens,
        max_prompt_tokens=row.max_prompt_tokens,
        headers=tuple(
            (name, Pattern(pattern)) for name, pattern in header_lines(row.headers)
        ),
        rollout_percent=row.rollout_percent,
    )


def _deciding(row: CascadeRule) -> DecidingConfig:
    return DecidingConfig(
        mode=cast(RuleMode, row.mode),
        on_lapse=cast(OnLapse, row.on_lapse),
        second_model=row.second_model,
        second_when=cast(When, row.second_asked),
        judge_model=row.judge_model,
        judge_when=cast(When, row.judge_asked),
    )


def _shadow(row: CascadeRule) -> ShadowTerms:
    begins, _, ends = row.shadow_quiet_hours.partition("-")
    return ShadowTerms(
        share=row.shadow_percent / 100,
        per_day=row.shadow_per_day,
        quiet=(int(begins), int(ends)) if ends else None,
    )
