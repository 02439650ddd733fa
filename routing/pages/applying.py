"""Whether a request comes to a rule, and why not, for the page that tries rules."""

from __future__ import annotations

from routing import conditions, rules
from routing.conditions import Asked
from routing.config import ClientKeyConfig, RuleConfig, Snapshot
from routing.models import CascadeRule
from routing.snapshot import rule_config
from routing.types import ChatRequest


def in_a_sentence(row: CascadeRule, request: ChatRequest, snapshot: Snapshot) -> str:
    """Return which rule `request` comes to, sent by a client that `row` is for.

    The rules are those of `snapshot`, so an edit may take a second to show.
    """
    winner = rules.rule_for(request, _client_of(row), snapshot)
    why = _why_not(row, rule_config(row), request)
    if winner is None:
        where = "no rule and passes through"
        why = why or "the last edit of this one is not in force yet"
    elif winner.terms.name == row.name:
        return "A client's request like this comes to this rule."
    else:
        where = f"the rule {winner.terms.name}"
        why = why or "that one is looked at first"
    return f"A client's request like this comes to {where}: {why}."


def _client_of(row: CascadeRule) -> ClientKeyConfig:
    tag = row.client_key.tag if row.client_key else row.tag
    return ClientKeyConfig(id=row.client_key_id, name="", prefix="", tag=tag)


def _why_not(row: CascadeRule, rule: RuleConfig, request: ChatRequest) -> str:
    if not row.enabled:
        return "this rule is switched off"
    if request.model == rule.draft_model:
        return "it asks for the draft itself"
    if not rule.pattern.matches(request.model):
        return f"this rule is for {row.request_model}"
    unmet = conditions.unmet(rule, Asked(request))
    if unmet:
        words = conditions.in_words(rule.conditions)[unmet]
        return f"a condition of this rule does not hold ({words})"
    return ""
