"""Cards, tables, files, programs and rows say the same, to the nano-dollar."""

import csv
import dataclasses
from collections import Counter
from datetime import timedelta

import msgspec
import pytest
from django.core.management import call_command
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics import formats, rollups
from metrics.periods import Period
from metrics.report_key_models import SCOPES, ReportKey
from metrics.rollup_models import HourlyRollup, ScoreHistogram
from metrics.types import GroupSums
from tests.metrics.builders import MOMENT, make_call, make_id, make_record
from tests.metrics.forgetting import forget_everything
from tests.metrics.recount import recount

FIRST, LAST = MOMENT.date() - timedelta(days=2), MOMENT.date() + timedelta(days=1)
DAYS = {"from": FIRST.isoformat(), "to": LAST.isoformat()}
NAMES = {
    "rule": "rule",
    "key": "key_name",
    "tag": "tag",
    "requested_model": "requested_model",
    "served_model": "served_model",
}
NUSD = st.none() | st.integers(0, 10**14)
CALLS = st.builds(
    make_call,
    role=st.sampled_from(["draft", "verifier", "fallback", "judge", "shadow"]),
    cost_nusd=NUSD,
    usage=st.none() | st.just(make_call().usage),
)
RECORDS = st.lists(
    st.builds(
        make_record,
        started_at=st.integers(-5000, 5000).map(
            lambda minutes: MOMENT + timedelta(minutes=minutes)
        ),
        rule=st.sampled_from(["", "opus", "=1+1"]),
        key_name=st.sampled_from(["acme", "globex"]),
        tag=st.sampled_from(["", "batch"]),
        requested_model=st.sampled_from(["verifier-large", "other"]),
        served_model=st.sampled_from(["", "draft-small", "verifier-large"]),
        calls=st.lists(CALLS, max_size=3).map(tuple),
        overhead_us=st.integers(0, 2000),
        outcome=st.sampled_from(["accepted", "escalated", "pass_through", "account"]),
        baseline_basis=st.sampled_from(["verifier", "verifier:warm", "none"]),
        cost_nusd=NUSD,
        baseline_nusd=NUSD,
        status=st.sampled_from([200, 499, 529]),
        aborted=st.booleans(),
        simulated=st.booleans(),
        repeat=st.booleans(),
    ),
    max_size=25,
)


@pytest.fixture
def key(db):
    return ReportKey.issue("bi", **dict.fromkeys(SCOPES, True))[1]


@given(records=RECORDS, simulated=st.booleans())
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.django_db
def test_everywhere(load, admin_client, client, key, records, simulated):
    records = [
        dataclasses.replace(record, decision_id=make_id(n))
        for n, record in enumerate(records)
    ]
    forget_everything(HourlyRollup, ScoreHistogram)
    load(*records)
    rollups.fold()
    seen = Seen(admin_client, client, key, simulated=simulated)
    page, total = seen.page(), counted(records, "all", simulated)
    assert page["total"].sums == total
    assert_cards(page["cards"], total)
    assert added(page["days"]) == sums(total)
    for row in page["days"]:
        assert row.sums == counted(of_day(records, row.label), row.label, simulated)
    for table in page["tables"]:
        truth = by_name(records, NAMES[table.by], simulated)
        assert {row.sums.label: row.sums for row in table.rows} == {
            label: shown(row) for label, row in truth.items()
        }
        assert seen.csv_sums(table.by) == {
            label: sums(row) for label, row in truth.items()
        }
        answer = seen.api(by=table.by)
        assert told(answer["total"]) == sums(total)
        assert {row[table.by]: told(row) for row in answer["rows"]} == {
            label: sums(row) for label, row in truth.items()
        }
    for whole in (seen.rows_of_file(), seen.rows_of_api()):
        assert money_of(whole) == (
            total.decisions,
            total.cost_nusd,
            total.baseline_nusd,
            total.saving_nusd,
        )


def assert_cards(cards, total):
    found = {card.label: card for card in cards}
    saved = found["Lost" if total.saving_nusd < 0 else "Saved"]
    amounts = (abs(total.saving_nusd), total.cost_nusd, total.baseline_nusd)
    shown = (saved.value, found["Spent"].value, found["Verifier alone"].value)
    if 0 < total.decisions == total.unknown_cost:
        assert shown == ("unknown",) * 3
    else:
        assert shown == tuple(map(formats.usd, amounts))
    assert found["Turns"].value == f"{total.decisions - total.repeats:,}"
    assert saved.bad == (total.baseline_nusd < total.cost_nusd)


class Seen:
    """What staff and programs see of the days that are asked for."""

    def __init__(self, staff, client, key, *, simulated):
        self._staff = staff
        self._client = client
        self._headers = {"Authorization": f"Bearer {key}"}
        self._query = DAYS | {"simulated": str(int(simulated))}

    def page(self):
        return self._staff.get("/reports/", self._query).context

    def csv_sums(self, by):
        text = self._file("/reports/summary.csv", by=by)
        rows = csv.DictReader(text.splitlines())
        return {row[by].removeprefix("'"): told(row) for row in rows}

    def rows_of_file(self):
        text = self._file("/reports/decisions.jsonl")
        return [msgspec.json.decode(line) for line in text.splitlines()]

    def rows_of_api(self):
        rows, cursor = [], {}
        while cursor is not None:
            answer = self._get("/api/reports/decisions", limit="7", **cursor)
            rows += answer["decisions"]
            following = answer["next_cursor"]
            cursor = {"cursor": following} if following else None
        return rows

    def api(self, **query):
        return self._get("/api/reports/summary", **query)

    def _get(self, url, **query):
        response = self._client.get(url, self._query | query, headers=self._headers)
        assert response.status_code == 200
        return msgspec.json.decode(response.content)

    def _file(self, url, **query):
        response = self._staff.get(url, self._query | query)
        return b"".join(response.streaming_content).decode()


def counted(records, label, simulated):
    period = Period(first=FIRST, last=LAST)
    return recount(
        records, label, start=period.start, end=period.end, simulated=simulated
    )


def by_name(records, name, simulated):
    labels = {getattr(record, name) for record in records}
    rows = {
        label: counted(
            [r for r in records if getattr(r, name) == label], label, simulated
        )
        for label in labels
    }
    return {label: row for label, row in rows.items() if row.decisions}


def of_day(records, day):
    return [r for r in records if r.started_at.date().isoformat() == day]


def sums(row):
    found = dataclasses.asdict(row)
    del found["label"]
    return found | {"saving_nusd": row.baseline_nusd - row.cost_nusd}


def shown(row):
    """What a table shows of the sums."""
    names = [field.name for field in dataclasses.fields(GroupSums)]
    return GroupSums(**{name: getattr(row, name) for name in names})


def told(row):
    """The sums of a line of CSV or an object, all of them whole numbers."""
    names = sums(recount([], "", start=MOMENT, end=MOMENT, simulated=False))
    assert float(row["cost_usd"]) == int(row["cost_nusd"]) / 10**9
    return {name: int(row[name]) for name in names}


def added(rows):
    every = Counter()
    for row in rows:
        every.update(sums(row.sums))
    return dict(every)


def money_of(rows):
    known = [r for r in rows if r["saving_nusd"] is not None]
    return (
        len(rows),
        *(
            sum(row[name] for row in known)
            for name in ("cost_nusd", "baseline_nusd", "saving_nusd")
        ),
    )


@pytest.mark.django_db
def test_the_command_says_what_the_page_says(admin_client, load, capsys):
    now = timezone.now()
    load(
        make_record(decision_id=make_id(1), started_at=now),
        make_record(decision_id=make_id(2), started_at=now, outcome="escalated"),
        make_record(decision_id=make_id(3), started_at=now, cost_nusd=None, tag="=x"),
    )
    total = sums(admin_client.get("/reports/").context["total"].sums)
    call_command("savings_report", "--json")
    report = msgspec.json.decode(capsys.readouterr().out)
    assert told(report["total"]) == total
    call_command("savings_report", "--csv")
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    for by in ("all", "day", *NAMES):
        every = Counter()
        for row in (r for r in rows if r["by"] == by):
            every.update(told(row))
        assert dict(every) == total
        if by != "all":
            every = Counter()
            for row in report[f"{by}s"]:
                every.update(told(row))
            assert dict(every) == total
