"""Whether a request comes to a rule, and why not, for the page that tries rules."""

from __future__ import annotations

from dataclasses import dataclass

from routing import conditions, rules
from routing.conditions import Asked
from routing.config import ClientKeyConfig, RuleConditions, RuleConfig, Snapshot
from routing.models import CascadeRule
from routing.rule_loading import rule_config
from routing.types import ChatRequest

WOULD_HAVE = "Shown here is what this rule would have done."
# What a condition with a choice asks for, as the object of a sentence.
OBJECTS = {
    ("streaming", "streamed"): "a stream",
    ("streaming", "whole"): "an answer in one piece",
    ("tools", "with"): "tools",
    ("tools", "without"): "requests without tools",
    ("subagents", "only"): "subagents",
    ("subagents", "never"): "requests of no subagent",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where a client's request goes; `here` is to the rule that is tried."""

    here: bool
    words: str


def destination(
    row: CascadeRule, request: ChatRequest, snapshot: Snapshot
) -> Destination:
    """Return where `request` goes, sent by a client that `row` is for.

    The rules are those of `snapshot`, so an edit may take a second to show.
    """
    winner = rules.rule_for(request, _client_of(row), snapshot)
    why = _why_not(row, rule_config(row), request)
    if winner is None:
        where = "pass through without a rule"
        why = why or "the last edit of this one is not in force yet"
    elif winner.terms.name == row.name:
        words = "A client's request like this comes to this rule."
        return Destination(here=True, words=words)
    else:
        where = f"go to the rule {winner.terms.name}"
        why = why or "that one is looked at first"
    words = f"A client's request like this would {where}, because {why}. {WOULD_HAVE}"
    return Destination(here=False, words=words)


def _client_of(row: CascadeRule) -> ClientKeyConfig:
    tag = row.client_key.tag if row.client_key else row.tag
    return ClientKeyConfig(id=row.client_key_id, name="", prefix="", tag=tag)


def _why_not(row: CascadeRule, rule: RuleConfig, request: ChatRequest) -> str:
    if not row.enabled:
        return "this one is switched off"
    if request.model == rule.draft_model:
        return "it asks for the draft itself"
    if not rule.pattern.matches(request.model):
        return f"this one is for {row.request_model}"
    unmet = conditions.unmet(rule, Asked(request))
    return f"this one asks for {_wanted(rule.conditions, unmet)}" if unmet else ""


def _wanted(asked_for: RuleConditions, unmet: str) -> str:
    """Return what the condition `unmet` asks for, as the object of a sentence."""
    choice = str(getattr(asked_for, unmet, ""))
    words = conditions.in_words(asked_for)[unmet]
    return OBJECTS.get((unmet, choice)) or (
        f"the headers {words}" if unmet == "headers" else words
    )
