"""What clients say of answers they got: `POST /v1/cascade/feedback`."""

from __future__ import annotations

import msgspec
import pytest
from django.db import OperationalError

from metrics import loader
from metrics.label_models import Label
from metrics.models import RoutingDecision
from routing import feedback
from routing.models import ClientKey
from tests.builders import DRAFT, VERIFIER
from tests.fakes import HttpAnswer, message_bytes
from tests.metrics.builders import make_id

pytestmark = pytest.mark.django_db
PATH = "/v1/cascade/feedback"


def answers(text="4", *, model):
    return HttpAnswer(chunks=[message_bytes(text, model=model)])


def say(proxy, key=None, /, **said):
    headers = {"x-api-key": key or proxy.key}
    return proxy.post(msgspec.json.encode(said), PATH, headers=headers)


@pytest.fixture
def other_key(db):
    _, key = ClientKey.issue("globex")
    return key


@pytest.fixture
def accepted(proxy, other_key, upstream, settings):
    """The id of a decision whose draft was accepted, loaded."""
    proxy.add_rule()
    upstream.script(DRAFT, answers(model=DRAFT))
    decision_id = proxy.ask().headers["x-cascade-decision"]
    loader.load_once(settings.CASCADE_JOURNAL_DIR)
    return decision_id


@pytest.mark.parametrize(
    ("said", "worse", "score"),
    [
        ({"worse": True}, True, None),
        ({"worse": False}, False, None),
        ({"score": 0.2}, True, 0.2),
        ({"score": 1}, False, 1.0),
        ({"worse": False, "score": 0.2}, False, 0.2),
    ],
)
def test_it_becomes_a_label_of_the_client(proxy, accepted, said, worse, score):
    got = say(proxy, decision_id=accepted, reason="wrong_language", **said)
    assert (got.status, got.json["recorded"]) == (200, True)
    label = Label.objects.get()
    assert (label.source, label.by, label.decision_id) == ("client", "acme", accepted)
    assert (label.worse, label.draft_score) == (worse, score)
    assert (label.probability, label.reason) == (None, "wrong_language")


def test_saying_it_again_changes_nothing_and_saying_otherwise_does(proxy, accepted):
    for _ in range(2):
        assert say(proxy, decision_id=accepted, worse=True).status == 200
    first = Label.objects.get()
    assert say(proxy, decision_id=accepted, worse=False).status == 200
    changed = Label.objects.get()
    assert (first.worse, changed.worse) == (True, False)


def test_only_the_key_that_got_the_answer_may(proxy, other_key, accepted):
    theirs = say(proxy, other_key, decision_id=accepted, worse=True)
    unknown = say(proxy, decision_id=make_id(5), worse=True)
    odd = say(proxy, decision_id="x" * 40, worse=True)
    assert {got.status for got in (theirs, unknown, odd)} == {404}
    assert {got.json["error"]["message"] for got in (theirs, unknown, odd)} == {
        feedback.UNKNOWN
    }
    assert {got.headers["retry-after"] for got in (theirs, unknown, odd)} == {"1"}
    assert not Label.objects.exists()


def test_a_decision_that_is_not_loaded_yet_can_be_tried_again(
    proxy, upstream, settings
):
    proxy.add_rule()
    upstream.script(DRAFT, answers(model=DRAFT))
    decision_id = proxy.ask().headers["x-cascade-decision"]
    early = say(proxy, decision_id=decision_id, worse=True)
    assert (early.status, early.headers["retry-after"]) == (404, "1")
    assert early.json["error"]["type"] == "not_found_error"
    loader.load_once(settings.CASCADE_JOURNAL_DIR)
    assert say(proxy, decision_id=decision_id, worse=True).status == 200


def test_where_no_draft_had_answered_nothing_is_learned(proxy, upstream, settings):
    proxy.add_rule(prior=0.1)
    upstream.script(DRAFT, answers(model=DRAFT))
    upstream.script(VERIFIER, answers(model=VERIFIER))
    decision_id = proxy.ask().headers["x-cascade-decision"]
    loader.load_once(settings.CASCADE_JOURNAL_DIR)
    assert RoutingDecision.objects.get(decision_id=decision_id).outcome == "escalated"
    got = say(proxy, decision_id=decision_id, worse=True)
    assert (got.status, got.json["recorded"]) == (200, False)
    assert not Label.objects.filter(source="client").exists()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"decision_id": "a"}',
        b'{"decision_id": 1, "worse": true}',
        b'{"decision_id": "a", "worse": "yes"}',
        b'{"decision_id": "a", "score": 1.5}',
        b'{"decision_id": "a", "score": true}',
        b'{"decision_id": "a", "worse": true, "more": 1}',
        b'{"decision_id": "a", "worse": true, "reason": "two words"}',
        b'{"decision_id": "a", "worse": true, "reason": "a\\u0000"}',
        b'{"decision_id": "\\ud800", "worse": true}',
        b'{"decision_id": "a", "worse": true, "reason": "' + b"a" * 65 + b'"}',
    ],
)
def test_what_says_nothing_is_an_error_of_the_client(proxy, body):
    got = proxy.post(body, PATH)
    assert (got.status, got.json["error"]["type"]) == (400, "invalid_request_error")


def test_a_body_is_bounded(proxy):
    got = proxy.post(b" " * (feedback.MAX_BODY_BYTES + 1), PATH)
    assert (got.status, got.json["error"]["type"]) == (413, "request_too_large")


def test_without_a_key_nobody_may(proxy):
    assert proxy.call("POST", PATH, body=b"{}", headers={}).status == 401


def test_it_is_only_posted(proxy):
    got = proxy.call("GET", PATH)
    assert (got.status, got.headers["allow"]) == (405, "POST, OPTIONS")


def test_a_database_that_is_away_is_told_as_such(proxy, accepted, monkeypatch):
    def fail(*_args, **_options):
        raise OperationalError("away")

    monkeypatch.setattr(feedback.labelling, "record", fail)
    got = say(proxy, decision_id=accepted, worse=True)
    assert (got.status, got.headers["retry-after"]) == (500, "1")
