"""Routes and how often a draft on each was as good as the verifier's answer.

A route is a rule and a fingerprint of the system prompt and the names of the tools: one
program asks one kind of thing. On mixed traffic no other signal tells as much.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from math import log
from typing import Any

from routing.request_parts import dicts_in, value
from routing.types import ChatRequest

NAMES = ("route_log_odds", "route_labels")

FINGERPRINT_BYTES = 8
MAX_ROUTES = 512
# What a rule's prior is worth in labels, and what the rule is worth to its routes.
PRIOR_LABELS = 4.0
RULE_LABELS = 10.0

_SYSTEM_CHARACTERS = 4_000
_MAX_TOOLS = 256
# Claude Code's attribution line differs between sessions.
_ATTRIBUTION = "x-anthropic-billing-header:"
# Dates, counts, paths and ids within a system prompt differ from one run to the next.
_VARIABLE = re.compile(
    r"[0-9a-f]{8}-[0-9a-f-]{27,}|\b[0-9a-f]{12,}\b|(?:/[\w.@~+-]+){2,}|[A-Z]:\\\S+|\d+",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Posterior:
    """What is believed of a route: the share of good drafts, and on how many labels.

    `good` is that share, strictly between 0 and 1; `labels` counts the route's own,
    weighted.
    """

    good: float
    labels: float

    @property
    def log_odds(self) -> float:
        """The belief on the scale in which signals add up."""
        return log(self.good / (1.0 - self.good))

    @property
    def inputs(self) -> tuple[float, float]:
        """The values of `NAMES` for a gate."""
        return self.log_odds, log(1.0 + max(0.0, self.labels))


@dataclass(slots=True)
class _Count:
    good: float = 0.0
    labels: float = 0.0
    drafts: float = 0.0


class RouteTable:
    """Counts of one rule by route; the least recently seen goes when it is full.

    What goes is not lost to the rule: its counts stay in the rule's own. Not safe for
    several threads at once.
    """

    def __init__(self, prior: float, *, max_routes: int = MAX_ROUTES) -> None:
        """Begin with nothing but `prior`, the rule's stated share of good drafts."""
        self._prior = min(0.999, max(0.001, prior))
        self._max_routes = max(1, max_routes)
        self._rule = _Count()
        self._routes: OrderedDict[str, _Count] = OrderedDict()

    def __len__(self) -> int:
        return len(self._routes)

    @property
    def unanimous(self) -> bool:
        """Whether there are labels and all say the same of their drafts."""
        return self._rule.labels > 0 and self._rule.good in (0.0, self._rule.labels)

    def drafts(self, route: str) -> float:
        """Return how many labelled drafts `route` has, by trust; none counts twice."""
        return self._routes.get(route, _Count()).drafts

    def rates(self, at_least: float) -> list[float]:
        """Return what is believed of each route that has so many labelled drafts."""
        known = [name for name, own in self._routes.items() if own.drafts >= at_least]
        return [self.posterior(name).good for name in known]

    def add(self, route: str, *, as_good: bool, weight: float = 1.0) -> None:
        """Count one label of `route`; a weight below 1 for one that is less sure."""
        count = self._routes.setdefault(route, _Count())
        self._routes.move_to_end(route)
        for entry in (count, self._rule):
            entry.labels += weight
            entry.drafts += min(1.0, weight)
            entry.good += weight * as_good
        while len(self._routes) > self._max_routes:
            self._routes.popitem(last=False)

    def posterior(
        self, route: str, *, without: tuple[bool, float] | None = None
    ) -> Posterior:
        """Return what is believed of `route`, shrunk to its rule and that to its prior.

        `without` takes one counted label (as_good, weight) out again, as a row that is
        learned from must not know its own answer. Looking does not count as seeing.
        """
        as_good, weight = without or (False, 0.0)
        rule, own = self._rule, self._routes.get(route, _Count())
        rule_labels = max(0.0, rule.labels - weight)
        rule_good = max(0.0, rule.good - weight * as_good)
        base = _shrunk(rule_good, rule_labels, self._prior, PRIOR_LABELS)
        labels = max(0.0, own.labels - weight)
        good = max(0.0, own.good - weight * as_good)
        return Posterior(good=_shrunk(good, labels, base, RULE_LABELS), labels=labels)

    def dump(self) -> dict[str, Any]:
        """Return the table as plain JSON values, the least recently seen first."""
        routes = [
            [name, c.good, c.labels, c.drafts] for name, c in self._routes.items()
        ]
        return {
            "prior": self._prior,
            "rule": [self._rule.good, self._rule.labels],
            "routes": routes,
        }

    @classmethod
    def load(
        cls, stored: Mapping[str, Any], *, max_routes: int = MAX_ROUTES
    ) -> RouteTable:
        """Return the table that was dumped. Raises what Python does for others."""
        table = cls(float(stored["prior"]), max_routes=max_routes)
        good, labels = stored["rule"]
        table._rule = _Count(float(good), float(labels))
        for name, *counts in stored["routes"][-table._max_routes :]:
            route_good, route_labels, *drafts = map(float, counts)
            own = drafts[0] if drafts else route_labels
            table._routes[str(name)] = _Count(route_good, route_labels, own)
        return table


def route_of(request: ChatRequest, rule: str) -> str:
    """Return the route of `request` under `rule`, the same for every such request.

    What differs per session is left out: Claude Code's attribution line, numbers, ids
    and paths. Nothing a client wrote can be read from it.
    """
    digest = blake2b(rule.encode("utf-8", "replace"), digest_size=FINGERPRINT_BYTES)
    budget = _SYSTEM_CHARACTERS
    for text in _system_texts(value(request, "system")):
        if budget <= 0:
            break
        if not text.startswith(_ATTRIBUTION):
            plain = _VARIABLE.sub("#", text[:budget])
            digest.update(b"\0s" + plain.encode("utf-8", "replace"))
            budget -= len(text)
    tools = dicts_in(value(request, "tools"))[:_MAX_TOOLS]
    names = sorted({str(tool.get("name") or tool.get("type")) for tool in tools})
    for name in names:
        digest.update(b"\0t" + name.encode("utf-8", "replace"))
    return digest.hexdigest()


def _system_texts(system: Any) -> Iterator[str]:
    if isinstance(system, str):
        yield system
    for block in dicts_in(system):
        if isinstance(text := block.get("text"), str):
            yield text


def _shrunk(good: float, labels: float, base: float, worth: float) -> float:
    share = (good + worth * base) / (labels + worth)
    return min(1.0 - 1e-4, max(1e-4, share))
