"""Labels of the journal in the database: each once, and none without its decision."""

from __future__ import annotations

import dataclasses

import pytest

from metrics import lines, loader
from metrics.journal import Journal
from metrics.label_models import Label, MeasuredDraft
from metrics.recorder import Recorder
from metrics.types import LabelRecord
from tests.metrics.builders import MOMENT, make_id, make_record

pytestmark = pytest.mark.django_db
LABEL = LabelRecord(
    decision_id=make_id(1),
    source="agreement",
    by="verifier-large",
    worse=True,
    at=MOMENT,
    probability=0.25,
    trust=0.9,
    reason="number",
    route="ab12",
    features_version=1,
    features=(0.5, -1.0),
    second=(1.0,),
)


@pytest.fixture
def recorder(tmp_path):
    return Recorder(Journal(tmp_path))


def load(tmp_path):
    return loader.load_once(tmp_path)


def test_a_label_is_loaded_with_what_it_copies_of_its_decision(recorder, tmp_path):
    recorder.record(make_record(rule="default", confidence=0.8))
    assert recorder.label(LABEL)
    result = load(tmp_path)
    label = Label.objects.get()
    assert (label.worse, label.probability, label.trust) == (True, 0.25, 0.9)
    assert (label.rule, label.confidence, label.outcome) == ("default", 0.8, "accepted")
    assert label.decided_at == MOMENT
    assert (result.loaded, result.labels_lost, result.rejected) == (1, 0, 0)


def test_what_was_measured_of_the_draft_comes_with_it(recorder, tmp_path):
    recorder.record(make_record(rule="default"))
    recorder.label(LABEL)
    load(tmp_path)
    measured = MeasuredDraft.objects.get()
    assert (measured.features, measured.second) == ([0.5, -1.0], [1.0])
    assert (measured.rule, measured.route) == ("default", "ab12")


def test_a_label_without_measurements_leaves_none(recorder, tmp_path):
    recorder.record(make_record())
    recorder.label(dataclasses.replace(LABEL, features=(), second=()))
    load(tmp_path)
    assert Label.objects.count() == 1
    assert not MeasuredDraft.objects.exists()


def test_the_same_label_read_twice_is_one(recorder, tmp_path):
    recorder.record(make_record())
    recorder.label(LABEL)
    recorder.label(LABEL)
    load(tmp_path)
    assert Label.objects.count() == 1


def test_a_label_of_a_decision_that_is_not_there_is_counted(recorder, tmp_path):
    recorder.label(LABEL)
    result = load(tmp_path)
    assert result.labels_lost == 1
    assert not Label.objects.exists()


def test_labels_hold_up_no_decision(recorder, tmp_path):
    hopeless = lines.encode_label(LABEL).replace(b'"trust":0.9', b'"trust":7.0')
    (tmp_path / "other.jsonl").write_bytes(hopeless + b"\n")
    recorder.record(make_record())
    result = load(tmp_path)
    assert (result.loaded, result.rejected) == (1, 1)


def test_a_label_the_database_refuses_takes_no_other_along(recorder, tmp_path):
    for number in (1, 2, 3):
        decision_id = make_id(number)
        recorder.record(make_record(decision_id=decision_id))
        version = 2**70 if number == 2 else 1
        recorder.label(
            dataclasses.replace(
                LABEL, decision_id=decision_id, features_version=version
            )
        )
    result = load(tmp_path)
    assert (result.loaded, result.labels_lost) == (3, 1)
    kept = Label.objects.order_by("decision_id").values_list("decision_id", flat=True)
    assert list(kept) == [make_id(1), make_id(3)]


@pytest.mark.parametrize("share", [{"trust": 1.5}, {"probability": 0.0}])
def test_a_label_whose_shares_are_none_cannot_be_made(share):
    with pytest.raises(ValueError, match="shares"):
        dataclasses.replace(LABEL, **share)


def test_a_torn_label_is_refused_like_any_line(recorder, tmp_path):
    recorder.record(make_record())
    (tmp_path / "other.jsonl").write_bytes(lines.encode_label(LABEL)[:40] + b"\n")
    assert load(tmp_path).rejected == 1
