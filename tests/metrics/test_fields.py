import pytest
from django.db import connection

from metrics.models import RoutingDecision
from tests.metrics.builders import make_id, make_record

pytestmark = pytest.mark.django_db


def test_what_was_stored_is_read_again(load):
    load(make_record(signals={"prior": 0.85, "zeichen": 1e-9}))
    decision = RoutingDecision.objects.get()
    assert decision.signals == {"prior": 0.85, "zeichen": 1e-9}
    decision.save()
    assert RoutingDecision.objects.get().signals == decision.signals


def test_it_is_text_without_white_space(load):
    load(make_record(signals={"prior": 0.85, "echo": 1.0}))
    with connection.cursor() as cursor:
        cursor.execute("SELECT signals FROM metrics_routingdecision")
        assert cursor.fetchone() == ('{"prior":0.85,"echo":1.0}',)


def test_equal_values_are_found(load):
    load(make_record(decision_id=make_id(1), calls=()), make_record())
    assert RoutingDecision.objects.filter(calls=[]).count() == 1
