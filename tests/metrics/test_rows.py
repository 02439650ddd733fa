import json

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from metrics import rows
from metrics.models import RoutingDecision
from metrics.types import CallRecord, Price, Usage
from tests.metrics.builders import MOMENT, make_call, make_record

TOKENS = st.integers(0, 10**9)
CALLS = st.builds(
    CallRecord,
    role=st.sampled_from(["draft", "verifier", "second_opinion", "judge", "shadow"]),
    provider=st.text(max_size=10),
    model=st.text(max_size=10),
    status=st.none() | st.integers(100, 599),
    usage=st.none()
    | st.builds(
        Usage,
        input_tokens=TOKENS,
        cache_read_tokens=TOKENS,
        web_searches=st.integers(0, 3),
        tariff=st.sampled_from(["", "batch", "priority+us"]),
        unpriced=st.sampled_from(["", "compaction"]),
    ),
    price=st.none()
    | st.builds(
        Price,
        input_nusd=TOKENS,
        output_nusd=TOKENS,
        cache_read_nusd=TOKENS,
        cache_write_5m_nusd=TOKENS,
        cache_write_1h_nusd=TOKENS,
        web_search_nusd=st.none() | TOKENS,
    ),
    cost_nusd=st.none() | TOKENS,
    duration_ms=TOKENS,
)


@given(call=CALLS)
def test_a_call_is_stored_and_read_again(call):
    stored = json.loads(json.dumps(rows.call_to_json(call)))  # noqa: TID251
    assert rows.call_from_json(stored) == call


def test_what_a_later_version_appends_to_a_call_is_passed_over():
    assert rows.call_from_json([*rows.call_to_json(make_call()), "new"]) == make_call()


def test_a_stored_call_is_what_it_was():
    assert rows.call_to_json(make_call()) == [
        "draft",
        "anthropic",
        "draft-small",
        200,
        [1200, 300, 0, 0, 0],
        [0.1, 0.5, 0.01, 0.125, 0.2],
        270_000,
        840,
    ]


@pytest.mark.parametrize(
    ("rare", "stored"),
    [
        ({}, []),
        ({"web_searches": 2}, [2]),
        ({"tariff": "batch"}, [0, "batch"]),
        ({"unpriced": "compaction"}, [0, "", "compaction"]),
    ],
)
def test_what_is_rare_takes_room_only_where_it_is(rare, stored):
    call = make_call(usage=Usage(input_tokens=7, **rare))
    assert rows.call_to_json(call)[4] == [7, 0, 0, 0, 0, *stored]


def test_text_is_cut_to_its_column_and_freed_of_nul():
    record = make_record(tag="a\x00" + "b" * 100)
    (row,) = rows.parameters([rows.values_of(record)], connection)
    values = dict(zip(rows.COLUMNS, row, strict=True))
    assert values["tag"] == "a" + "b" * 63


@pytest.mark.django_db
def test_a_row_holds_everything_the_record_said(load):
    verifier = make_call(role="verifier", model="verifier-large", duration_ms=3000)
    record = make_record(
        calls=(make_call(), verifier), outcome="escalated", first_byte_ms=None
    )
    load(record)
    row = RoutingDecision.objects.get()
    copied = set(rows.COLUMNS) - {"calls", "saving_nusd", "draft_ms", "verifier_ms"}
    assert {n: getattr(row, n) for n in copied} == {
        n: getattr(record, n) for n in copied
    }
    assert row.started_at == MOMENT
    assert tuple(map(rows.call_from_json, row.calls)) == record.calls
    assert (row.draft_ms, row.verifier_ms) == (840, 3000)
    assert row.saving_nusd == record.baseline_nusd - record.cost_nusd


@pytest.mark.django_db
@pytest.mark.parametrize(("cost", "baseline"), [(None, 1), (1, None), (None, None)])
def test_a_saving_is_unknown_when_a_part_of_it_is(load, cost, baseline):
    load(make_record(cost_nusd=cost, baseline_nusd=baseline))
    assert RoutingDecision.objects.get().saving_nusd is None
