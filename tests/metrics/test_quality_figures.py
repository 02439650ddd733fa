from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics import quality_figures
from metrics.label_models import Label
from metrics.periods import Period
from tests.metrics.builders import MOMENT, make_call, make_id, make_record

PERIOD = Period(first=date(2026, 11, 18), last=date(2026, 11, 21))
WEIGHTS = st.floats(0.01, 1000)


def label(number, **changes):
    values = {
        "decision_id": make_id(number),
        "source": "agreement",
        "worse": False,
        "probability": 0.5,
        "decided_at": MOMENT,
        "draft_model": "draft-small",
        "verifier_model": "verifier-large",
        "outcome": "accepted",
        "simulated": False,
    }
    return Label.objects.create(**values | changes)


def quality():
    return quality_figures.quality(PERIOD, simulated=False)


def needless():
    return quality_figures.needless_escalations(PERIOD, simulated=False)


class TestMeasured:
    def test_it_is_wilsons_interval_where_all_weigh_the_same(self):
        """The figures of 45 good ones of 50, from a table of Wilson intervals."""
        samples = [(n >= 5, 7.0) for n in range(50)]
        share, low, high = quality_figures.measured(samples)
        assert share == pytest.approx(0.9)
        assert (low, high) == pytest.approx((0.7864, 0.9565), abs=1e-4)

    def test_a_sample_stands_for_as_many_as_its_weight_says(self):
        samples = [(True, 1.0)] * 30 + [(False, 10.0)] * 3
        share, _, _ = quality_figures.measured(samples)
        assert share == pytest.approx(0.5)

    def test_unequal_weights_tell_less(self):
        equal = quality_figures.measured([(n % 2 == 0, 1.0) for n in range(40)])
        uneven = quality_figures.measured(
            [(n % 2 == 0, 1.0 if n < 36 else 50.0) for n in range(40)]
        )
        assert uneven[2] - uneven[1] > equal[2] - equal[1]

    @pytest.mark.parametrize("count", [0, 1, 29])
    def test_too_few_make_no_figure(self, count):
        assert quality_figures.measured([(True, 1.0)] * count) == (None, None, None)

    @given(st.lists(st.tuples(st.booleans(), WEIGHTS), min_size=30, max_size=60))
    def test_the_share_is_inside_its_interval(self, samples):
        share, low, high = quality_figures.measured(samples)
        assert 0 <= low <= share <= high <= 1


@pytest.mark.django_db
class TestQuality:
    def test_only_labels_drawn_at_random_make_the_share(self):
        for n in range(30):
            label(n, worse=n < 3)
        for n in range(30, 35):
            label(n, worse=True, probability=None, source="person")
        label(40, probability=None, source="client")
        found = quality()
        assert (found.labels, found.share) == (30, pytest.approx(0.9))
        assert (found.picked, found.picked_worse) == (6, 5)

    @pytest.mark.parametrize(
        "changes",
        [
            {"outcome": "escalated"},
            {"simulated": True},
            {"decided_at": MOMENT - timedelta(days=3)},
            {"decided_at": MOMENT + timedelta(days=3)},
            {"trust": 0},
        ],
    )
    def test_other_labels_count_for_nothing(self, changes):
        label(1, **changes)
        assert (quality().labels, quality().picked) == (0, 0)

    def test_of_two_labels_of_a_decision_the_more_trusted_counts(self):
        for n in range(30):
            label(n, worse=True, trust=0.5)
            label(n, worse=False, trust=0.9, source="judge")
        found = quality()
        assert (found.labels, found.share) == (30, 1.0)

    def test_what_was_drawn_rarely_stands_for_many(self):
        for n in range(30):
            label(n, probability=1.0)
        label(31, worse=True, probability=1 / 30)
        assert quality().share == pytest.approx(0.5)


@pytest.mark.django_db
class TestNeedlessEscalations:
    def test_accepting_them_would_have_saved_the_verifiers_calls(self, load):
        calls = (
            make_call(cost_nusd=10),
            make_call(role="verifier", cost_nusd=500),
            make_call(role="judge", cost_nusd=7),
        )
        load(
            make_record(decision_id=make_id(1), outcome="escalated", calls=calls),
            make_record(decision_id=make_id(2), outcome="escalated", calls=calls),
        )
        label(1, outcome="escalated")
        label(1, outcome="escalated", source="judge")
        label(2, outcome="escalated", worse=True)
        found = needless()
        assert (found.labels, found.priced, found.nusd) == (1, 1, 500)
        assert (found.newest, found.more) == ((make_id(1),), False)

    def test_what_is_pruned_or_unknown_is_counted_and_not_priced(self, load):
        load(make_record(decision_id=make_id(1), outcome="escalated", cost_nusd=None))
        label(1, outcome="escalated")
        label(2, outcome="escalated")
        found = needless()
        assert (found.labels, found.priced, found.nusd) == (2, 0, 0)

    def test_however_many_there_are_few_are_read(self, monkeypatch):
        monkeypatch.setattr(quality_figures, "READ_AT_MOST", 3)
        for n in range(5):
            label(n, outcome="escalated")
        assert (needless().labels, needless().more) == (3, True)
