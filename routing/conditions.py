"""What a rule asks of a request beside its model and key: whether it holds, in words.

A condition that is not set costs nothing; what is costly to know is found out at most
once a request, and only when a rule whose other conditions hold asks for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property

from routing.config import RuleConditions, RuleConfig
from routing.conversation import conversation_of, digest_of, is_subagent
from routing.prompt_size import estimated_prompt_tokens
from routing.types import ChatRequest

_ANY_TOOL = re.compile(rb"\[\s*[^\]\s]")
_DIGESTS = 1 << 64


class Asked:
    """What conditions look at in one request, each thing found out at most once."""

    def __init__(self, request: ChatRequest) -> None:
        self._request = request

    @property
    def stream(self) -> bool:
        """Whether the answer is to be streamed."""
        return self._request.stream

    @cached_property
    def tools(self) -> bool:
        """Whether the request declares a tool; an empty list is none."""
        return bool(_ANY_TOOL.match(bytes(self._request.fields.get("tools", b""))))

    @cached_property
    def subagent(self) -> bool:
        """Whether a subagent of Claude Code asks."""
        return is_subagent(self._request)

    @cached_property
    def headers(self) -> dict[str, str]:
        """The client's headers but those with keys; repeated ones joined by commas.

        Without a space, as the server joins them.
        """
        joined: dict[str, str] = {}
        native = self._request.native
        going_up = self._request.headers if native is None else native.headers
        for name, value in going_up + self._request.withheld:
            joined[name] = f"{joined[name]},{value}" if name in joined else value
        return joined

    @cached_property
    def prompt_tokens(self) -> int:
        """The length of the prompt, estimated. Costs a pass over a long body."""
        return estimated_prompt_tokens(self._request)

    @cached_property
    def conversation(self) -> bytes:
        """The digest of the conversation. Costs a pass over its start, or more."""
        return conversation_of(self._request)


def unmet(rule: RuleConfig, asked: Asked) -> str:
    """Return the first condition of `rule` that does not hold, "" when all do.

    It is named as in `in_words`. Cheap conditions are looked at first.
    """
    for name, holds in _CHECKS.items():
        if not holds(rule, asked):
            return name
    return ""


def in_words(conditions: RuleConditions) -> dict[str, str]:
    """Return what each condition that is set says, in the order they are looked at."""
    said = {
        "streaming": {"streamed": "streamed", "whole": "not streamed"}.get(
            conditions.streaming
        ),
        "tools": {"with": "with tools", "without": "without tools"}.get(
            conditions.tools
        ),
        "subagents": {"only": "subagents only", "never": "no subagents"}.get(
            conditions.subagents
        ),
        "headers": " and ".join(
            f"{name}: {pattern.text}" for name, pattern in conditions.headers
        ),
        "prompt_size": _size_in_words(conditions),
        "rollout": _rollout_in_words(conditions),
    }
    return {name: words for name, words in said.items() if words}


def side_of(rule_name: str, conversation: bytes) -> float:
    """Return where a conversation stands in a rule's rollout, from 0 to below 100.

    A rule takes those below its percentage: a larger one only adds conversations.
    """
    digest = digest_of(b"rollout", rule_name.encode(), conversation)
    return int.from_bytes(digest[:8]) * 100 / _DIGESTS


def _streaming(rule: RuleConfig, asked: Asked) -> bool:
    wanted = rule.conditions.streaming
    return wanted == "any" or asked.stream == (wanted == "streamed")


def _tools(rule: RuleConfig, asked: Asked) -> bool:
    wanted = rule.conditions.tools
    return wanted == "any" or asked.tools == (wanted == "with")


def _subagents(rule: RuleConfig, asked: Asked) -> bool:
    wanted = rule.conditions.subagents
    return wanted == "any" or asked.subagent == (wanted == "only")


def _headers(rule: RuleConfig, asked: Asked) -> bool:
    return all(
        name in asked.headers and pattern.matches(asked.headers[name])
        for name, pattern in rule.conditions.headers
    )


def _prompt_size(rule: RuleConfig, asked: Asked) -> bool:
    low, high = rule.conditions.min_prompt_tokens, rule.conditions.max_prompt_tokens
    if low is not None and asked.prompt_tokens < low:
        return False
    return high is None or asked.prompt_tokens <= high


def _rollout(rule: RuleConfig, asked: Asked) -> bool:
    percent = rule.conditions.rollout_percent
    if percent <= 0 or percent >= 100:
        return percent >= 100
    return side_of(rule.terms.name, asked.conversation) < percent


def _size_in_words(conditions: RuleConditions) -> str:
    low, high = conditions.min_prompt_tokens, conditions.max_prompt_tokens
    if low is not None and high is not None:
        return f"prompts of {low:,} to {high:,} tokens"
    if low is not None:
        return f"prompts from {low:,} tokens"
    return "" if high is None else f"prompts up to {high:,} tokens"


def _rollout_in_words(conditions: RuleConditions) -> str:
    percent = conditions.rollout_percent
    return "" if percent >= 100 else f"{percent:g} % of conversations"


# Cheap ones first: a long prompt is measured only when nothing else speaks against it.
_CHECKS: dict[str, Callable[[RuleConfig, Asked], bool]] = {
    "streaming": _streaming,
    "tools": _tools,
    "subagents": _subagents,
    "headers": _headers,
    "prompt_size": _prompt_size,
    "rollout": _rollout,
}
