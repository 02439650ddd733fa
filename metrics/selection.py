"""Which decisions an address asks for: the period and filters of the savings page.

A file is not looked at closely: what cannot be read, or is no filter, is an error here
and never a default.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from django.db.models import Q

from metrics import periods
from metrics.models import RoutingDecision
from metrics.periods import Period, midnight

Outcome = RoutingDecision.Outcome

PERIOD_WORDS = ("period", "from", "to")
COLUMN_OF = {"rule": "rule", "key": "key_name", "tag": "tag"}
KINDS: Mapping[str, dict[str, bool]] = {
    "0": {"simulated": False},
    "1": {"simulated": True},
    "all": {},
}
FILTERS = (*COLUMN_OF, "outcome", "simulated")


class UnknownSelection(ValueError):
    """An address asks for what there is not; its text is for who wrote it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """A period, and what is asked of its decisions beside. `kind`: 0, 1 or all."""

    period: Period
    wanted: Q
    kind: str

    def by_day(self) -> Iterator[Q]:
        """Return the condition of each day in order, together those of the period."""
        starts = [*map(midnight, self.period.days), self.period.end]
        for start, end in pairwise(starts):
            yield self.wanted & Q(started_at__gte=start, started_at__lt=end)


def from_query(query: Mapping[str, str], *, filters: tuple[str, ...]) -> Selection:
    """Return what `query` selects; `filters` are the ones it may have.

    Without an outcome it is the decisions that figures are about: none of account
    endpoints. Without `simulated` it is real money. Raises UnknownSelection.
    """
    for name in query:
        if name not in (*PERIOD_WORDS, *filters):
            raise UnknownSelection(f"There is no filter called {name!r}.")
    period, problem = periods.from_query(query)
    if problem:
        raise UnknownSelection(problem.partition(";")[0] + ".")
    kind = query.get("simulated", "0")
    if kind not in KINDS:
        raise UnknownSelection("simulated is 0, 1 or all.")
    wanted = Q(**_columns(query), **KINDS[kind]) & _outcome(query)
    return Selection(period=period, wanted=wanted, kind=kind)


def _columns(query: Mapping[str, str]) -> dict[str, Any]:
    """An empty value is one too: no rule, no tag."""
    return {
        # Rows hold no NUL, and not every database can be asked for one.
        column: query[name].replace("\x00", "")
        for name, column in COLUMN_OF.items()
        if name in query
    }


def _outcome(query: Mapping[str, str]) -> Q:
    if "outcome" not in query:
        return ~Q(outcome=Outcome.ACCOUNT)
    if query["outcome"] not in Outcome.values:
        raise UnknownSelection(f"outcome is one of {', '.join(Outcome.values)}.")
    return Q(outcome=query["outcome"])
