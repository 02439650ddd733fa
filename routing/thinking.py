"""How a request to think is put to a model that takes other ways of it.

There are two ways to think, `adaptive` with an effort and `enabled` with a budget of
tokens, and two names for not thinking at first, `disabled` and `between_tools`.

Source: Anthropic documentation, "Thinking" and "Troubleshooting thinking".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from routing.facts import ModelFacts
from routing.request_parts import string_in

ON = ("adaptive", "enabled")
OFF = ("disabled", "between_tools")

# The least that the API takes, and four times more a step; ours, none is documented.
BUDGETS = {
    "low": 1_024,
    "medium": 4_096,
    "high": 16_384,
    "xhigh": 32_768,
    "max": 65_536,
}
MIN_BUDGET = BUDGETS["low"]
USUAL_EFFORT = "medium"
# What a budget may stand for: higher ones lengthen all of an answer.
USUAL_EFFORTS = ("low", "medium", "high")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a client asked of thinking; `config` is the object `thinking`, {} without.

    `max_tokens` is what the model will get. `tool_is_forced`: it will have to call one.
    """

    config: Mapping[str, msgspec.Raw]
    effort: str | None = None
    max_tokens: int | None = None
    tool_is_forced: bool = False

    @property
    def kind(self) -> str | None:
        """The value of `thinking.type`; None when there is none to read."""
        return string_in(self.config, "type")

    @property
    def on(self) -> bool:
        """Whether the model is to think before it answers."""
        return self.kind in ON

    @property
    def budget(self) -> int:
        """The tokens it may think; 0 when there are none to read."""
        try:
            return msgspec.json.decode(self.config.get("budget_tokens", b"0"), type=int)
        except (ValueError, RecursionError):
            return 0

    @property
    def room(self) -> int:
        """The tokens that may go to thinking: half of them are left for the answer."""
        return BUDGETS["max"] if self.max_tokens is None else self.max_tokens // 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """The same in a way the model takes. An empty `config` is to be left out."""

    config: Mapping[str, Any]
    effort: str | None
    on: bool


def as_taken(asked: Asked, facts: ModelFacts) -> Meant | None:
    """Return `asked` in a way the model takes; None when it cannot but think.

    `display` and the like are kept as they are. The effort that comes back may still be
    one that the model does not take.
    """
    taken, kind = facts.thinking, asked.kind
    if taken is None or kind not in ON + OFF:
        return _unchanged(asked)
    if kind in taken:
        return _within_room(asked, facts)
    if not taken.intersection(ON):
        return Meant(config={}, effort=asked.effort, on=False)
    if kind in OFF:
        return _off(asked, taken) if taken.intersection(OFF) else None
    return _adaptive(asked, facts) if kind == "enabled" else _enabled(asked, taken)


def _unchanged(asked: Asked) -> Meant:
    return Meant(config=asked.config, effort=asked.effort, on=asked.on)


def _within_room(asked: Asked, facts: ModelFacts) -> Meant:
    """Lower a budget that the model's own limit of output leaves no room for."""
    limit = asked.max_tokens
    if asked.kind != "enabled" or limit is None or limit != facts.max_output_tokens:
        return _unchanged(asked)
    if asked.budget < limit:
        return _unchanged(asked)
    config = {**asked.config, "budget_tokens": asked.room}
    return Meant(config=config, effort=asked.effort, on=True)


def _adaptive(asked: Asked, facts: ModelFacts) -> Meant:
    config = {
        name: raw for name, raw in asked.config.items() if name != "budget_tokens"
    }
    effort = asked.effort
    if effort is None and facts.efforts and asked.budget:
        effort = effort_of(asked.budget)
    return Meant(config=config | {"type": "adaptive"}, effort=effort, on=True)


def _enabled(asked: Asked, taken: frozenset[str]) -> Meant:
    """Give thinking a budget; none where it has no room, or a tool is forced.

    Source: Anthropic documentation, "Extended thinking": a budget and a forced tool do
    not go together.
    """
    wanted = BUDGETS.get(asked.effort or USUAL_EFFORT, BUDGETS[USUAL_EFFORT])
    budget = min(wanted, asked.room)
    if budget < MIN_BUDGET or asked.tool_is_forced:
        return _off(asked, taken)
    config = {**asked.config, "type": "enabled", "budget_tokens": budget}
    return Meant(config=config, effort=asked.effort, on=True)


def _off(asked: Asked, taken: frozenset[str]) -> Meant:
    # Neither name takes another key beside it.
    names = [name for name in OFF if name in taken]
    config = {"type": names[0]} if names else {}
    return Meant(config=config, effort=asked.effort, on=False)


def effort_of(budget: int) -> str:
    """Return the effort that a budget of so many tokens stands for, at most `high`."""
    within = [effort for effort in USUAL_EFFORTS if BUDGETS[effort] <= budget]
    return within[-1] if within else USUAL_EFFORTS[0]
