"""Addresses: the state of the overview, and the decisions behind its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from metrics.periods import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """The list of decisions, filtered by a period and a kind of money."""

    period: Period
    simulated: bool

    def decisions(self, **filters: Any) -> str:
        """The list of the decisions of the period that `filters` let through."""
        query = {
            "started_at__gte": self.period.start.isoformat(),
            "started_at__lt": self.period.end.isoformat(),
            "simulated__exact": int(self.simulated),
            "endpoint__exact": "",  # those of account endpoints are in no figure
            **filters,
        }
        url = reverse("admin:metrics_routingdecision_changelist")
        return f"{url}?{urlencode(query)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What the address of the overview says; nothing else decides what it shows.

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

    def url(self, *, days: Mapping[str, str] | None = None, **changes: str) -> str:
        """The overview with other `days`, or with `changes`; "" takes a word away."""
        words = {**(self.days if days is None else days), **self.kept, **changes}
        return f"?{urlencode({name: word for name, word in words.items() if word})}"
