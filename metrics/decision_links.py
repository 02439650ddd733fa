"""Addresses of the list of decisions, for the numbers of a page to lead to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from metrics.models import RoutingDecision
from metrics.periods import Period
from metrics.types import SavingsRow

Outcome = RoutingDecision.Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLinks:
    """Ways to the decisions of one rule with one kind of money."""

    rule: str
    simulated: bool

    def decisions(self, period: Period, **filters: Any) -> str:
        """Return the list of the decisions of `period` that `filters` let through."""
        query = {
            "started_at__gte": period.start.isoformat(),
            "started_at__lt": period.end.isoformat(),
            "simulated__exact": int(self.simulated),
            "endpoint__exact": "",  # those of account endpoints are in no figure
            "rule__exact": self.rule,
            **filters,
        }
        url = reverse("admin:metrics_routingdecision_changelist")
        return f"{url}?{urlencode(query)}"

    def accepted(self, period: Period) -> str:
        """Return the list of those whose draft was accepted."""
        return self.decisions(period, outcome__exact=Outcome.ACCEPTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRow:
    """The sums of a day, and the ways to the decisions behind them."""

    sums: SavingsRow
    url: str
    accepted_url: str
    escalated_url: str


def day_row(sums: SavingsRow, links: RuleLinks) -> DayRow:
    """Return the row of the day that `sums` is labelled with."""
    day = date.fromisoformat(sums.label)
    return total_row(sums, links, Period(first=day, last=day))


def total_row(sums: SavingsRow, links: RuleLinks, period: Period) -> DayRow:
    """Return the row of the sums of `period`."""
    url = links.decisions(period)
    return DayRow(
        sums=sums,
        url=url,
        accepted_url=f"{url}&outcome__exact={Outcome.ACCEPTED.value}",
        escalated_url=f"{url}&outcome__exact={Outcome.ESCALATED.value}",
    )
