"""Which plan applies to a key and a request: reads the snapshot, no query."""

from __future__ import annotations

import dataclasses

from routing.config import ClientKeyConfig, RuleConfig, Snapshot
from routing.errors import ConfigurationError
from routing.types import CascadePlan, ChatRequest, ProviderConfig, Target


def plan_for(
    request: ChatRequest, key: ClientKeyConfig, snapshot: Snapshot
) -> CascadePlan:
    """Return what to try for `request`: the first rule that applies, else pass-through.

    The snapshot has them in order. A request for a rule's own draft model is no
    cascade. Raises ConfigurationError when no provider owns the model.
    """
    rule = _rule_for(request, key, snapshot)
    if rule is None:
        return CascadePlan(verifier=target_for(request.model, snapshot))
    plan = plan_of(rule, request.model, snapshot)
    if snapshot.cascade_on:
        return plan
    return dataclasses.replace(plan, draft=None, reason="switched_off")


def plan_of(rule: RuleConfig, model: str, snapshot: Snapshot) -> CascadePlan:
    """Return what `rule` tries for a request for `model`, whether it applies or not."""
    return CascadePlan(
        verifier=target_for(rule.verifier_model or model, snapshot),
        draft=_draft_target(rule.draft_model, snapshot),
        rule=rule.terms,
        fallback=_fallback_target(rule.fallback_model, snapshot),
    )


def target_for(model: str, snapshot: Snapshot) -> Target:
    """Return the provider that owns `model`, with the model's name as asked.

    The most specific pattern of an enabled provider owns it; ties go to the lower
    priority number. Raises ConfigurationError when none matches.
    """
    for owned in snapshot.patterns:
        if owned.pattern.matches(model):
            return Target(provider=owned.provider, model=model)
    raise ConfigurationError(
        f"No enabled provider owns the model {model}. "
        "An operator can add a pattern for it under Models."
    )


def _fallback_target(model: str, snapshot: Snapshot) -> Target | None:
    """Return the fallback's target; None without one, or when nobody owns it."""
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


def _rule_for(
    request: ChatRequest, key: ClientKeyConfig, snapshot: Snapshot
) -> RuleConfig | None:
    for rule in snapshot.rules:
        if rule.applies_to(request.model, key):
            return rule
    return None
