import pytest

from metrics import labelling
from metrics.label_models import Label
from metrics.labelling import NotJudgedError
from metrics.models import RoutingDecision
from tests.metrics.builders import MOMENT, make_id, make_record

pytestmark = pytest.mark.django_db


@pytest.fixture
def decision(load):
    load(make_record(simulated=True))
    return RoutingDecision.objects.get()


def test_a_label_copies_what_it_needs_of_the_decision(decision):
    labelling.record(decision, "judge", "claude-opus-5-5", worse=True, trust=0.5)
    label = Label.objects.get()
    assert (label.decision_id, label.decided_at) == (make_id(1), MOMENT)
    assert (label.rule, label.outcome, label.confidence) == (
        "default",
        "accepted",
        0.85,
    )
    assert (label.draft_model, label.verifier_model) == (
        "draft-small",
        "verifier-large",
    )
    assert (label.simulated, label.worse, label.trust) == (True, True, 0.5)
    assert label.probability is None


def test_the_same_again_changes_nothing(decision):
    first = labelling.record(decision, "person", "acme", worse=False)
    again = labelling.record(decision, "person", "acme", worse=False)
    assert (again.pk, again.created_at) == (first.pk, first.created_at)


def test_a_changed_mind_changes_the_label(decision):
    first = labelling.record(decision, "person", "acme", worse=False)
    labelling.record(decision, "person", "acme", worse=True, reason="it is wrong")
    label = Label.objects.get()
    assert (label.worse, label.reason) == (True, "it is wrong")
    assert label.created_at > first.created_at


def test_everybody_and_every_source_has_a_label_of_their_own(decision):
    labelling.record(decision, "person", "acme", worse=False)
    labelling.record(decision, "person", "globex", worse=True)
    labelling.record(decision, "client", "acme", worse=True)
    said = [(x.source, x.by, x.worse) for x in labelling.labels_of(make_id(1))]
    assert said == [
        ("person", "acme", False),
        ("person", "globex", True),
        ("client", "acme", True),
    ]


def test_a_label_is_taken_back_by_its_owner_alone(decision):
    labelling.record(decision, "person", "acme", worse=False)
    assert not labelling.remove(make_id(1), "person", "globex")
    assert not labelling.remove(make_id(1), "client", "acme")
    assert labelling.remove(make_id(1), "person", "acme")
    assert not Label.objects.exists()


@pytest.mark.parametrize("changes", [{"draft_model": ""}, {"confidence": None}])
def test_without_a_judged_draft_there_is_nothing_to_label(load, changes):
    load(make_record(**changes))
    with pytest.raises(NotJudgedError):
        labelling.record(RoutingDecision.objects.get(), "person", "acme", worse=True)
    assert not Label.objects.exists()


def test_a_name_too_long_for_its_column_is_cut(decision):
    labelling.record(decision, "person", "n" * 150, worse=True)
    labelling.record(decision, "person", "n" * 150, worse=False)
    assert labelling.remove(make_id(1), "person", "n" * 150)
