"""Tables of reports: figures with the addresses of the decisions behind them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date

from metrics.links import Links, State
from metrics.models import RoutingDecision
from metrics.periods import Period
from metrics.reports import Breakdown, Dimension
from metrics.types import GroupSums

Outcome = RoutingDecision.Outcome
TOP_ROWS = 10
# Of a table that is shown whole; the file has the rest.
SHOWN_ROWS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """A row of a table; its addresses are "" where no filter finds its decisions."""

    label: str
    sums: GroupSums
    url: str = ""
    accepted_url: str = ""
    escalated_url: str = ""
    unknown_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The rows by one dimension. `by` is its name in addresses and files.

    `other` sums the rows that are not shown, which `folded` counts; `more_url` shows
    them, `less_url` goes back.
    """

    by: str
    heading: str
    rows: list[TableRow]
    other: TableRow | None = None
    folded: int = 0
    more_url: str = ""
    less_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a dimension is called, and what it is called when it is empty."""

    by: str
    heading: str
    empty: str


KINDS: Mapping[Dimension, Kind] = {
    "rule": Kind(by="rule", heading="Rule", empty="(no rule)"),
    "key_name": Kind(by="key", heading="Key", empty="(no key)"),
    "tag": Kind(by="tag", heading="Tag", empty="(no tag)"),
    "requested_model": Kind(
        by="requested_model", heading="Requested model", empty="(no model)"
    ),
    "served_model": Kind(
        by="served_model", heading="Served model", empty="(nobody answered)"
    ),
}


def tables(breakdown: Breakdown, state: State) -> list[Table]:
    """Return a table for each dimension, long ones folded unless `state` shows them."""
    links = Links(period=state.period, simulated=state.simulated)
    return [_table(name, breakdown[name], links, state) for name in KINDS]


def day_rows(days: Sequence[GroupSums], links: Links) -> list[TableRow]:
    """Return a row for each day, the newest first; `links` lead to its decisions."""
    return [
        row_of(day, replace(links, period=_only(day)), {}) for day in reversed(days)
    ]


def row_of(
    sums: GroupSums, links: Links, filters: Mapping[str, str], *, label: str = ""
) -> TableRow:
    """Return the row of `sums`, whose decisions `filters` find."""
    url = links.decisions(**filters)
    return TableRow(
        label=label or sums.label,
        sums=sums,
        url=url,
        accepted_url=f"{url}&outcome__exact={Outcome.ACCEPTED.value}",
        escalated_url=f"{url}&outcome__exact={Outcome.ESCALATED.value}",
        unknown_url=f"{url}&saving_nusd__isnull=True",
    )


def _table(name: Dimension, sums: list[GroupSums], links: Links, state: State) -> Table:
    kind = KINDS[name]
    shown = state.shown == kind.by
    shown_rows = SHOWN_ROWS if shown else TOP_ROWS
    top, rest = sums[:shown_rows], sums[shown_rows:]
    if len(rest) == 1:  # it takes the room of the row that would stand for it
        top, rest = sums, []
    table = Table(
        by=kind.by,
        heading=kind.heading,
        rows=[
            row_of(
                each, links, {f"{name}__exact": each.label}, label=_label(each, kind)
            )
            for each in top
        ],
        less_url=_place(state.url(show=""), kind) if shown else "",
    )
    if not rest:
        return table
    return replace(
        table,
        other=TableRow(label="Other", sums=_together(rest)),
        folded=len(rest),
        more_url="" if shown else _place(state.url(show=kind.by), kind),
    )


def _together(rows: Iterable[GroupSums]) -> GroupSums:
    rows = list(rows)
    names = [f.name for f in fields(GroupSums) if f.name != "label"]
    sums = {name: sum(getattr(row, name) for row in rows) for name in names}
    return GroupSums(label="Other", **sums)


def _label(sums: GroupSums, kind: Kind) -> str:
    return sums.label or kind.empty


def _place(url: str, kind: Kind) -> str:
    return f"{url}#by-{kind.by}"


def _only(row: GroupSums) -> Period:
    day = date.fromisoformat(row.label)
    return Period(first=day, last=day)
