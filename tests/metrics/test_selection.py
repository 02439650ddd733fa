import pytest

from metrics import selection
from metrics.models import RoutingDecision
from metrics.selection import FILTERS, UnknownSelection
from tests.metrics.builders import MOMENT, make_id, make_record

DAY = {"from": "2026-11-20", "to": "2026-11-20"}


def select(**query):
    asked = selection.from_query({**DAY, **query}, filters=FILTERS)
    return [
        decision.decision_id
        for wanted in asked.by_day()
        for decision in RoutingDecision.objects.filter(wanted).order_by("pk")
    ]


@pytest.fixture
def _decisions(load):
    load(
        make_record(decision_id=make_id(1)),
        make_record(decision_id=make_id(2), rule="", tag="billing"),
        make_record(decision_id=make_id(3), key_name="globex", outcome="escalated"),
        make_record(decision_id=make_id(4), simulated=True),
        make_record(decision_id=make_id(5), outcome="account", endpoint="files"),
        make_record(decision_id=make_id(6), started_at=MOMENT.replace(day=21, hour=0)),
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({}, [1, 2, 3]),
        ({"to": "2026-11-21"}, [1, 2, 3, 6]),
        ({"rule": "default"}, [1, 3]),
        ({"rule": ""}, [2]),
        ({"tag": "billing"}, [2]),
        ({"key": "globex"}, [3]),
        ({"key": "globex\x00"}, [3]),
        ({"outcome": "escalated"}, [3]),
        ({"outcome": "account"}, [5]),
        ({"simulated": "1"}, [4]),
        ({"simulated": "all"}, [1, 2, 3, 4]),
        ({"rule": "default", "key": "acme"}, [1]),
    ],
)
@pytest.mark.usefixtures("_decisions")
def test_filters_select_what_they_say(query, numbers):
    assert select(**query) == [make_id(number) for number in numbers]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"form": "2026-11-01"}, "no filter called 'form'"),
        ({"from": "yesterday"}, "Dates are written 2026-11-23."),
        ({"period": "week"}, "no period called 'week'."),
        ({"outcome": "good"}, "outcome is one of accepted,"),
        ({"simulated": "yes"}, "simulated is 0, 1 or all."),
    ],
)
def test_what_there_is_not_is_no_default(query, words):
    with pytest.raises(UnknownSelection, match=words) as refused:
        selection.from_query(query, filters=FILTERS)
    assert "default" not in str(refused.value)


def test_a_page_names_the_filters_it_has():
    with pytest.raises(UnknownSelection):
        selection.from_query({"rule": "default"}, filters=("simulated",))
