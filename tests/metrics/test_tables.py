from datetime import date
from urllib.parse import parse_qs, urlsplit

import pytest

from metrics import tables
from metrics.links import Links, State
from metrics.periods import Period
from metrics.types import GroupSums

NOVEMBER = Period(first=date(2026, 11, 1), last=date(2026, 11, 30))


def group(label, nusd=0):
    return GroupSums(
        label=label,
        decisions=1,
        accepted=0,
        escalated=0,
        unknown_cost=0,
        cost_nusd=nusd,
        baseline_nusd=2 * nusd,
    )


def query(url):
    return parse_qs(urlsplit(url).query, keep_blank_values=True)


def only_tags(count, **state):
    breakdown = {name: [] for name in tables.KINDS}
    breakdown["tag"] = [group(f"t{n}", nusd=n) for n in range(count)]
    made = tables.tables(breakdown, State(period=NOVEMBER, simulated=False, **state))
    (table,) = (table for table in made if table.by == "tag")
    return table


@pytest.mark.parametrize("count", [0, 1, 10, 11])
def test_a_short_table_is_whole(count):
    table = only_tags(count)
    assert (len(table.rows), table.other, table.folded) == (count, None, 0)


def test_a_long_one_sums_the_rest_and_leads_to_it():
    table = only_tags(15)
    assert (len(table.rows), table.folded) == (10, 5)
    assert table.other.sums.cost_nusd == sum(range(10, 15))
    assert query(table.more_url)["show"] == ["tag"]
    assert urlsplit(table.more_url).fragment == "by-tag"


def test_a_table_that_is_shown_whole_leads_back():
    table = only_tags(15, shown="tag")
    assert (len(table.rows), table.other, table.more_url) == (15, None, "")
    assert "show" not in query(table.less_url)


def test_even_a_table_that_is_shown_whole_has_an_end(monkeypatch):
    monkeypatch.setattr(tables, "SHOWN_ROWS", 12)
    table = only_tags(15, shown="tag")
    assert (len(table.rows), table.folded, table.more_url) == (12, 3, "")


def test_what_has_no_name_is_called_something():
    breakdown = {name: [group("")] for name in tables.KINDS}
    made = tables.tables(breakdown, State(period=NOVEMBER, simulated=True))
    labels = [table.rows[0].label for table in made]
    assert labels == [kind.empty for kind in tables.KINDS.values()]
    assert all(query(table.rows[0].url)["simulated__exact"] == ["1"] for table in made)


def test_a_name_cannot_add_filters():
    row = tables.row_of(
        group("x"), Links(period=NOVEMBER, simulated=False), {"tag__exact": "a&rule=b"}
    )
    assert query(row.accepted_url)["tag__exact"] == ["a&rule=b"]
    assert "rule" not in query(row.accepted_url)
    assert query(row.accepted_url)["outcome__exact"] == ["accepted"]
