"""Which plan applies to a key and a request: reads the snapshot, no query."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from functools import partial

from metrics.stakes import NOTHING_LEARNED, RuleKey, Stakes
from metrics.tokenizers import assumed_ratio
from metrics.types import Price, Usage
from routing.conditions import Asked, unmet
from routing.config import ClientKeyConfig, RuleConfig, Snapshot
from routing.eligibility import reason_to_stay
from routing.errors import ConfigurationError, Forbidden, InvalidRequest
from routing.quality.deciding import JUDGE_BY_PRIOR, RuleJudge
from routing.quality.knowledge import NOTHING_KNOWN
from routing.types import (
    CascadePlan,
    ChatRequest,
    Checks,
    Force,
    ProviderConfig,
    Target,
)

# The reason of a decision whose draft is asked and judged, and not served.
OBSERVED = "observed"


def plan_for(
    request: ChatRequest,
    key: ClientKeyConfig,
    snapshot: Snapshot,
    *,
    force: Force | None = None,
) -> CascadePlan:
    """Return what to try for `request`: the first rule that applies, else pass-through.

    `force` is what the client chose with `x-cascade`; it asks no draft where the
    cascade is switched off. Raises Forbidden when the key may not ask for this,
    ConfigurationError when no provider owns the model, InvalidRequest when a draft is
    forced and no rule names one.
    """
    _require_allowed(request.model, key)
    rule = None if force == "off" else rule_for(request, key, snapshot)
    if rule is not None:
        plan = _within_reach(plan_of(rule, request.model, snapshot), request)
        return _controlled(plan, rule, request, snapshot=snapshot, force=force)
    if key.allowed_rules:
        raise Forbidden(
            "This key is for requests under certain rules, and none of them applies "
            "to this one."
        )
    if force == "draft":
        raise InvalidRequest(
            "x-cascade: no rule applies to this request, so there is no draft. Ask for "
            "a model by its name, or leave the header out."
        )
    reason = f"forced:{force}" if force else ""
    return CascadePlan(verifier=target_for(request.model, snapshot), reason=reason)


def _require_allowed(model: str, key: ClientKeyConfig) -> None:
    if not key.may_ask(model):
        raise Forbidden(f"This key may not ask for the model {model}.")


def rule_for(
    request: ChatRequest, key: ClientKeyConfig, snapshot: Snapshot
) -> RuleConfig | None:
    """Return the first rule in order whose conditions all hold; None without one.

    A request for a rule's own draft model is no cascade.
    """
    asked = Asked(request)
    for rule in snapshot.rules:
        if rule.applies_to(request.model, key) and not unmet(rule, asked):
            return rule
    return None


def plan_of(rule: RuleConfig, model: str, snapshot: Snapshot) -> CascadePlan:
    """Return what `rule` tries for a request for `model`, whether it applies or not."""
    verifier = target_for(rule.verifier_model or model, snapshot)
    draft = _draft_target(rule.draft_model, snapshot)
    return CascadePlan(
        verifier=verifier,
        draft=draft,
        rule=rule.terms,
        fallback=_optional_target(rule.fallback_model, snapshot),
        checks=_checks_of(rule, draft, snapshot),
        stakes=stakes_of(rule, draft, verifier, snapshot),
    )


def stakes_of(
    rule: RuleConfig, draft: Target, verifier: Target, snapshot: Snapshot
) -> Stakes:
    """Return what is known of the money of `rule` with this pair of models, now."""
    simulated = draft.provider.simulated or verifier.provider.simulated
    key = RuleKey(rule.terms.name, draft.model, verifier.model, simulated)
    learned = snapshot.learned.get(key, NOTHING_LEARNED)
    ratio = learned.token_ratio or assumed_ratio(draft.model, verifier.model)
    return Stakes(
        draft_price=partial(price_of, draft, snapshot),
        verifier_price=partial(price_of, verifier, snapshot),
        token_ratio=ratio,
        output_ratio=learned.output_ratio or ratio,
        learned=learned,
        gated=rule.economics,
    )


def target_for(model: str, snapshot: Snapshot) -> Target:
    """Return the provider that owns `model`, with the model's name as asked.

    The most specific pattern of an enabled provider owns it; ties go to the lower
    priority number. Raises ConfigurationError when none matches.
    """
    for owned in snapshot.patterns:
        if owned.pattern.matches(model):
            facts = snapshot.facts_of(owned.provider, model)
            return Target(provider=owned.provider, model=model, facts=facts)
    raise ConfigurationError(
        f"No enabled provider owns the model {model}. "
        "An operator can add a pattern for it under Models."
    )


def account_for(
    snapshot: Snapshot, *, takes_client_credentials: bool = False
) -> ProviderConfig:
    """Return the provider whose account stands behind endpoints that name no model.

    The one with the lowest priority number of those that are Anthropic's, or play it,
    and serve any model. Raises ConfigurationError when there is none.
    """
    fitting = [
        owned.provider
        for owned in snapshot.patterns
        if owned.provider.kind in ("anthropic", "simulator")
        and (owned.provider.takes_client_credentials or not takes_client_credentials)
    ]
    if not fitting:
        raise ConfigurationError("No enabled provider has an account for this.")
    return min(fitting, key=lambda p: (p.priority, p.simulated, p.name))


def price_of(target: Target, snapshot: Snapshot, usage: Usage) -> Price | None:
    """Return the price of `usage` at this moment; None when it is not known."""
    return snapshot.prices.price_for(
        target.provider.kind,
        target.model,
        at=datetime.now(UTC),
        prompt_tokens=usage.prompt_tokens,
    )


def _controlled(
    plan: CascadePlan,
    rule: RuleConfig,
    request: ChatRequest,
    *,
    snapshot: Snapshot,
    force: Force | None,
) -> CascadePlan:
    """Return `plan` as the client's choice and the switch leave it."""
    if force == "verifier":
        return dataclasses.replace(plan, draft=None, reason="forced:verifier")
    if not snapshot.cascade_on:
        return dataclasses.replace(plan, draft=None, reason="switched_off")
    if force == "draft":
        draft = target_for(rule.draft_model, snapshot)
        bound = _bound(request, plan.verifier, draft)
        if bound:
            raise InvalidRequest(f"x-cascade: draft: this request has {bound}.")
        return CascadePlan(verifier=draft, rule=rule.terms, reason="forced:draft")
    return _decided(plan, rule, snapshot)


def _within_reach(plan: CascadePlan, request: ChatRequest) -> CascadePlan:
    """Return `plan` without a fallback that is not to see what the request holds."""
    if plan.fallback is None or not _bound(request, plan.verifier, plan.fallback):
        return plan
    return dataclasses.replace(plan, fallback=None)


def _bound(request: ChatRequest, home: Target, other: Target) -> str | None:
    """Return what binds `request` to the provider of `home`; None at the same one."""
    if other.provider.name == home.provider.name:
        return None
    return reason_to_stay(request)


def judge_of(plan: CascadePlan, snapshot: Snapshot) -> RuleJudge:
    """Return who judges the drafts of `plan`, by what is known of its rule now."""
    if plan.rule is None:
        return JUDGE_BY_PRIOR
    known = snapshot.knowledge.get(plan.rule.name, NOTHING_KNOWN)
    return RuleJudge(known=known, checks=plan.checks)


def _decided(plan: CascadePlan, rule: RuleConfig, snapshot: Snapshot) -> CascadePlan:
    """Return `plan` as its rule's mode has it: who is served, by which threshold."""
    deciding, terms = rule.deciding, rule.terms
    known = snapshot.knowledge.get(terms.name, NOTHING_KNOWN)
    certified = known.certified if deciding.mode == "certified" else None
    if certified is not None:
        terms = dataclasses.replace(terms, threshold=certified)
        return dataclasses.replace(plan, rule=terms)
    lapsed = deciding.mode == "certified" and deciding.on_lapse == "observe"
    if deciding.mode == "observe" or lapsed:
        return dataclasses.replace(
            plan, draft=None, observed=plan.draft, reason=OBSERVED
        )
    return plan


def _checks_of(rule: RuleConfig, draft: Target, snapshot: Snapshot) -> Checks:
    """Return whom a rule asks about its drafts; paused while its budget is spent."""
    deciding = rule.deciding
    known = snapshot.knowledge.get(rule.terms.name, NOTHING_KNOWN)
    second_model = deciding.second_model if deciding.second_when != "off" else ""
    judge_model = deciding.judge_model if deciding.judge_when != "off" else ""
    second = _optional_target(second_model, snapshot)
    return Checks(
        second=None if second == draft else second,
        second_when=deciding.second_when,
        judge=_optional_target(judge_model, snapshot),
        judge_when=deciding.judge_when,
        paused=known.checks_paused and not known.cold,
    )


def _optional_target(model: str, snapshot: Snapshot) -> Target | None:
    """Return the target of a model; None without one, or when nobody owns it."""
    try:
        return target_for(model, snapshot) if model else None
    except ConfigurationError:
        return None


def _draft_target(model: str, snapshot: Snapshot) -> Target:
    """Return the draft's target; one that cannot be asked when nobody owns the model.

    So the cascade escalates, as for any draft that fails, and the decision says so.
    """
    try:
        return target_for(model, snapshot)
    except ConfigurationError as error:
        nobody = ProviderConfig(
            name="", kind="anthropic", base_url="", trouble=error.message
        )
        return Target(provider=nobody, model=model)
