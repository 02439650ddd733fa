"""Addresses: the state of a report, and the decisions behind its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from metrics import periods
from metrics.models import RoutingDecision
from metrics.periods import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """The list of decisions, filtered by a period, a kind of money and maybe a rule.

    `rule` None is every rule; "" is none.
    """

    period: Period
    simulated: bool
    rule: str | None = None

    def decisions(self, **filters: Any) -> str:
        """The list of the decisions of the period that `filters` let through."""
        query = {
            "started_at__gte": self.period.start.isoformat(),
            "started_at__lt": self.period.end.isoformat(),
            "simulated__exact": int(self.simulated),
            "endpoint__exact": "",  # those of account endpoints are in no figure
            **({} if self.rule is None else {"rule__exact": self.rule}),
            **filters,
        }
        url = reverse("admin:metrics_routingdecision_changelist")
        return f"{url}?{urlencode(query)}"

    def accepted(self) -> str:
        """The list of those whose draft was accepted."""
        return self.decisions(outcome__exact=RoutingDecision.Outcome.ACCEPTED)


def asked_kind(query: Mapping[str, str]) -> bool | None:
    """Return whether simulated money is asked for; None where nothing is said."""
    return {"0": False, "1": True}.get(query.get("simulated", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A link to another view of a page; `current` where it is the one shown."""

    label: str
    url: str
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What the address of a report says; nothing else decides what it shows.

    `shown` is the table that is shown whole.
    """

    period: Period
    simulated: bool
    compare: bool = True
    shown: str = ""

    @property
    def kept(self) -> dict[str, str]:
        """What a form that asks for other days must send along."""
        kept = {"simulated": str(int(self.simulated))}
        if not self.compare:
            kept["compare"] = "0"
        if self.shown:
            kept["show"] = self.shown
        return kept

    @property
    def days(self) -> dict[str, str]:
        """The period: by its name where it has one, so that it moves on with time."""
        if self.period.preset:
            return {"period": self.period.preset}
        first, last = self.period.first.isoformat(), self.period.last.isoformat()
        return {"from": first, "to": last}

    @property
    def presets(self) -> list[Choice]:
        """The periods that have names."""
        return [
            Choice(
                label=label,
                url=self.url(days={"period": name}),
                current=name == self.period.preset,
            )
            for name, label in periods.PRESET_LABELS.items()
        ]

    def url(self, *, days: Mapping[str, str] | None = None, **changes: str) -> str:
        """The page with other `days`, or with `changes`; "" takes a word away."""
        words = {**(self.days if days is None else days), **self.kept, **changes}
        return f"?{urlencode({name: word for name, word in words.items() if word})}"
